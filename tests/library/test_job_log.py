"""Events are written whole, in order, and not too often."""

import json
import os
import threading
from collections.abc import Callable
from math import nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import OutputError
from distill.library.job_events import EventReader
from distill.library.job_log import EventLog
from distill.library.job_types import JobDone, JobRunning, Remark, ScanProgress
from distill.training.metrics import ModelSaved
from tests.library.records import step


def read(path: Path) -> list[tuple[int, str]]:
    return [(event.n, event.type) for event in EventReader(path).read()]


def test_a_line_has_number_time_type_and_fields(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(ModelSaved(step=7, path="my.sda"))
    log.append(step(8, mel_loss=nan))
    log.close()
    saved, last = (tmp_path / "events.jsonl").read_text().splitlines()
    assert saved.startswith('{"n":1,"t":')
    content = json.loads(saved)
    assert (content["type"], content["step"], content["path"]) == ("ModelSaved", 7, "my.sda")
    # JSON knows no NaN.
    assert json.loads(last)["mel_loss"] is None
    assert json.loads(last)["levels"][1]["dead_codes"] == 8


def test_of_many_steps_few_are_written_and_the_last_before_another_event(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", shortest_gap_s=1000)
    for number in range(1, 50):
        log.append(step(number))
    log.append(ModelSaved(step=49, path="my.sda"))
    log.append(step(50))
    log.close()
    events = EventReader(tmp_path / "events.jsonl").read()
    assert [(event.type, event.data["step"]) for event in events] == [
        ("StepMetrics", 1),
        ("StepMetrics", 49),
        ("ModelSaved", 49),
    ]


def test_the_end_of_a_scan_is_written_before_the_first_step(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", shortest_gap_s=1000)
    for done in range(5):
        log.append(ScanProgress(done=done, total=4, name=""))
    log.append(step(1))
    log.close()
    events = EventReader(tmp_path / "events.jsonl").read()
    assert [event.data.get("done") for event in events] == [0, 4, None]


def test_without_a_gap_every_step_is_written(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", shortest_gap_s=0)
    for number in range(1, 50):
        log.append(step(number))
    log.close()
    assert [n for n, _ in read(tmp_path / "events.jsonl")] == list(range(1, 50))


@given(st.integers(min_value=1, max_value=400), st.integers(min_value=1, max_value=5))
def test_a_cut_anywhere_loses_no_whole_line_and_numbers_stay_unique(
    tmp_path_factory: pytest.TempPathFactory, cut: int, more: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "events.jsonl"
    log = EventLog(path)
    for number in range(4):
        log.append(Remark(text=f"{number}"))
    log.close()
    content = path.read_bytes()[:-cut]
    path.write_bytes(content)
    whole = content.count(b"\n")
    assert len(read(path)) == whole

    log = EventLog(path)
    for _ in range(more):
        log.append(JobRunning())
    log.close()
    numbers = [n for n, _ in read(path)]
    assert numbers == sorted(set(numbers))
    assert numbers[:whole] == list(range(1, whole + 1))
    # A line that lacked its end alone is whole again.
    assert [kind for _, kind in read(path)][-more:] == ["JobRunning"] * more


def test_threads_may_write_at_the_same_time(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    threads = [
        threading.Thread(target=lambda: [log.append(Remark(text="x" * 500)) for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert [n for n, _ in read(tmp_path / "events.jsonl")] == list(range(1, 201))


def test_a_full_disk_loses_events_and_goes_on_after(
    tmp_path: Path, full_disk: Callable[[int | None], None]
) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append(JobRunning())
    full_disk(path.stat().st_size + 20)
    for _ in range(2):
        with pytest.raises(OSError, match=r"File too large|no room"):
            log.append(Remark(text="does not fit"))
    full_disk(None)
    log.append(JobDone(sentence="Done."))
    log.close()
    assert [kind for _, kind in read(path)] == ["JobRunning", "JobDone"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"Cannot write .*events.jsonl"):
        EventLog(tmp_path / "events.jsonl")
    assert os.listdir(tmp_path) == ["events.jsonl"]
