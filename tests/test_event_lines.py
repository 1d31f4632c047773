"""Event lines of any kind; those of jobs are tested in `library/test_job_log.py`."""

from dataclasses import dataclass
from pathlib import Path

from distill.event_lines import LONGEST_TAIL, EventLines


@dataclass(frozen=True)
class Word:
    """An event."""

    text: str


def test_numbers_go_on_after_any_last_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for text in ("a", '\n{"n":9,', "b" * LONGEST_TAIL):
        lines = EventLines(path, 0.0, (), (Word,))
        lines.append(Word(text))
        lines.close()
    numbers = [line.split(b",")[0] for line in path.read_bytes().splitlines()]
    assert numbers == [b'{"n":1', b'{"n":2', b'{"n":3']
