"""Events are read as they come, torn lines are passed over, and long curves are thinned."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.library.job_events import (
    LONGEST_TAIL,
    MOST_EVENTS,
    EventReader,
    parse_event,
    read_curves,
    read_latest,
    read_tail,
    restore,
    type_of_line,
)
from distill.library.job_log import EventLog
from distill.library.job_types import JobDone, JobEvent, JobRunning, ScanProgress
from distill.training.metrics import ModelSaved, ValidationMetrics, VerdictKind
from tests.library.records import step

SAVES = frozenset(["ModelSaved"])
STEPS = frozenset(["StepMetrics"])


def write_steps(path: Path, count: int) -> EventLog:
    log = EventLog(path, shortest_gap_s=0)
    for number in range(1, count + 1):
        log.append(step(number))
    return log


def test_new_events_come_and_half_lines_wait(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    line = b'{"n":1,"t":2.5,"type":"JobRunning"}\n'
    path.write_bytes(line[:10])
    assert reader.read() == []
    path.write_bytes(line)
    assert reader.read() == [JobEvent(n=1, t=2.5, type="JobRunning")]
    assert reader.read() == []


def test_many_events_come_in_parts_and_none_is_lost(tmp_path: Path) -> None:
    write_steps(tmp_path / "events.jsonl", 2 * MOST_EVENTS + 7).close()
    reader = EventReader(tmp_path / "events.jsonl")
    parts = [reader.read() for _ in range(4)]
    assert [len(part) for part in parts] == [MOST_EVENTS, MOST_EVENTS, 7, 0]
    assert [event.n for part in parts for event in part] == list(range(1, 2 * MOST_EVENTS + 8))


def test_events_after_a_number(tmp_path: Path) -> None:
    write_steps(tmp_path / "events.jsonl", 9).close()
    assert [event.n for event in EventReader(tmp_path / "events.jsonl", after=6).read()] == [
        7,
        8,
        9,
    ]


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    event = parse_event(line)
    assert event is None or event.n > 0
    assert isinstance(type_of_line(line), str)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00" * 50,
        b"[1]",
        b'"n"',
        b"{}",
        b'{"n":0,"t":1,"type":"A"}',
        b'{"n":true,"t":1,"type":"A"}',
        b'{"n":1,"t":"x","type":"A"}',
        b'{"n":1,"t":1,"type":[]}',
        b'{"n":1,"t":1}',
    ],
)
def test_a_damaged_line_is_no_event(line: bytes) -> None:
    assert parse_event(line) is None


def test_damaged_lines_and_repeated_numbers_are_passed_over(tmp_path: Path) -> None:
    lines = [{"n": 1, "t": 1, "type": "A"}, {"n": 1, "t": 1, "type": "B"}, {"n": 3, "t": 1}]
    lines.append({"n": 4, "t": 1, "type": "C"})
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(["\x00\x00", *map(json.dumps, lines)]) + "\n")
    assert [event.type for event in EventReader(path).read()] == ["A", "C"]


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(1, 500))
def test_the_tail_holds_whole_lines_alone(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], size: int
) -> None:
    path = tmp_path_factory.mktemp("tail") / "lines"
    lines = [b"x" * length for length in lengths]
    path.write_bytes(b"".join(line + b"\n" for line in lines) + b"torn")
    tail = read_tail(path, size)
    assert tail == lines[::-1][: len(tail)]
    total = sum(map(len, lines)) + len(lines) + len(b"torn")
    if size >= total:
        assert len(tail) == len(lines)


def test_the_last_of_each_group_is_found_far_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, shortest_gap_s=0)
    log.append(ModelSaved(step=1, path="my.sda"))
    for number in range(2, 300):
        log.append(step(number))
    log.close()
    assert path.stat().st_size < LONGEST_TAIL
    latest = read_latest(path, (SAVES, STEPS))
    assert latest.event == latest.of_groups[1]
    assert latest.of_groups[0] is not None
    assert latest.of_groups[0].n == 1


def test_after_the_end_of_a_job_nothing_else_is_looked_for(tmp_path: Path) -> None:
    log = write_steps(tmp_path / "events.jsonl", 30)
    log.append(JobDone(sentence="Done."))
    log.close()
    latest = read_latest(tmp_path / "events.jsonl", (STEPS,))
    assert latest.event is not None
    assert (latest.event.type, latest.of_groups) == ("JobDone", (None,))


def test_without_a_file_there_is_no_last_event(tmp_path: Path) -> None:
    assert read_latest(tmp_path / "events.jsonl", (STEPS,)).event is None
    assert read_curves(tmp_path / "events.jsonl") == {}


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 39, 40, 41, 1000])
def test_a_curve_keeps_its_ends_and_few_points(tmp_path: Path, count: int) -> None:
    write_steps(tmp_path / "events.jsonl", count).close()
    points = read_curves(tmp_path / "events.jsonl", most=20)["StepMetrics"]
    steps = [event.data["step"] for event in points]
    assert len(steps) <= 20
    assert (steps[0], steps[-1]) == (1, count)
    assert count > 20 or steps == list(range(1, count + 1))
    gaps = {after - before for before, after in pairwise(steps[:-1])}
    assert len(gaps) <= 1, "evenly spread, but for the last"


def test_records_come_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    validation = ValidationMetrics(
        step=3,
        elapsed_s=1.5,
        train_loss=2.0,
        own_loss=1.5,
        val_loss=None,
        best=None,
        verdict="Still learning.",
        verdict_kind=VerdictKind.LEARNING,
    )
    written = [step(1), validation, JobRunning(), ScanProgress(done=1, total=2, name="a.wav")]
    log = EventLog(path)
    for event in written:
        log.append(event)
    log.close()
    assert [restore(event) for event in EventReader(path).read()] == written


def test_records_of_a_newer_distill_are_no_error() -> None:
    assert restore(JobEvent(n=1, t=1.0, type="Unheard")) is None
    more = {"step": 1, "path": "a.sda", "new": 5}
    assert restore(JobEvent(n=1, t=1.0, type="ModelSaved", data=more)) == ModelSaved(1, "a.sda")
    assert restore(JobEvent(n=1, t=1.0, type="ModelSaved", data={"step": 1})) is None
    assert restore(JobEvent(n=1, t=1.0, type="StepMetrics", data={"levels": [1]})) is None
