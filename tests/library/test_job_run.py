"""A run holds its lock, waits its turn, and says how it ended, however that came about."""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from distill.errors import OutputError, UsageError
from distill.library.job_kinds import ScanArguments, TrainArguments
from distill.library.job_orders import new_order
from distill.library.job_run import JobInterrupted, JobRun, UnrecordedRun
from distill.library.job_state import job_of
from distill.library.job_types import Job, JobOrder, JobRunning, JobState, ScanProgress
from distill.library.jobs import list_jobs, stop, watch
from distill.library.workspace import Workspace, open_workspace
from distill.training.metrics import ModelSaved

LIMIT_S = 30.0
"""Longest wait of these tests: a fault then ends them."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


def training(name: str = "my") -> JobOrder:
    return new_order("train", TrainArguments(sounds="/sounds", output=f"/{name}.sda"))


def types(workspace: Workspace, order: JobOrder) -> list[str]:
    return [event.type for event in watch(workspace, order.id)]


def test_a_run_is_seen_from_its_lock_to_its_end(workspace: Workspace) -> None:
    order = training()
    run = JobRun(workspace, order)
    with run:
        assert job_of(workspace, order).state == JobState.WAITING
        run.take_turn()
        assert job_of(workspace, order).state == JobState.RUNNING
        run.write(ModelSaved(step=1, path="my.sda"))
        run.conclude(True, "All went well.")
    job = job_of(workspace, order)
    assert (job.state, job.sentence) == (JobState.DONE, "All went well.")
    assert types(workspace, order) == ["JobWaiting", "JobRunning", "ModelSaved", "JobDone"]
    assert run.has_event(JobRunning)
    assert not run.has_event(ScanProgress)
    assert list((workspace.hidden / "queue").iterdir()) == []
    assert not (run.folder / "reserve").exists()


@pytest.mark.parametrize(
    ("error", "state", "sentence"),
    [
        (OutputError("No room."), JobState.FAILED, "No room."),
        (KeyboardInterrupt(), JobState.STOPPED, "Stopped."),
        (JobInterrupted("Stopped before it began."), JobState.STOPPED, "Stopped before it began."),
        (ZeroDivisionError("by zero"), JobState.FAILED, "ZeroDivisionError: by zero"),
    ],
)
def test_an_error_ends_the_job_and_goes_on_its_way(
    workspace: Workspace, error: BaseException, state: JobState, sentence: str
) -> None:
    order = training()
    with pytest.raises(type(error)), JobRun(workspace, order):
        raise error
    job = job_of(workspace, order)
    assert job.state == state
    assert job.sentence.endswith(sentence)


def test_an_unfinished_outcome_is_a_stop(workspace: Workspace) -> None:
    order = training()
    with JobRun(workspace, order) as run:
        run.conclude(False, "Stopped after 3 steps; all is saved.")
    assert job_of(workspace, order).state == JobState.STOPPED


def test_a_job_has_one_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.library.job_run.LOCK_S", 0.1)
    order = training()
    with JobRun(workspace, order), pytest.raises(UsageError, match="runs already"):
        JobRun(workspace, order)
    assert job_of(workspace, order).state == JobState.DONE


def test_the_file_stop_sets_the_event_whichever_it_is(workspace: Workspace) -> None:
    order = training()
    with JobRun(workspace, order) as run:
        run.take_turn()
        assert not job_of(workspace, order).is_stopping
        assert stop(workspace, order.id).is_stopping
        assert run.cancel_event.wait(LIMIT_S)
        run.cancel_event = threading.Event()
        assert run.cancel_event.wait(LIMIT_S)
        with pytest.raises(JobInterrupted):
            run.show_scan(0, 1, "a.wav")
    assert not job_of(workspace, order).is_stopping


def test_trainings_run_one_at_a_time_in_order(workspace: Workspace) -> None:
    order = []
    first = JobRun(workspace, training("first"))
    others = [JobRun(workspace, training(name)) for name in ("second", "third")]
    waits: list[int] = []

    def work(run: JobRun) -> None:
        with run:
            run.take_turn(waits.append)
            order.append(run.order.title)

    threads = [threading.Thread(target=work, args=(run,)) for run in reversed(others)]
    with first:
        first.take_turn()
        for thread in threads:
            thread.start()
        while len(waits) < 2:
            time.sleep(0.01)
        waiting = {job.title: job.ahead for job in list_jobs(workspace)}
        assert waiting == {"sounds → first.sda": 0, "sounds → second.sda": 1} | {
            "sounds → third.sda": 2
        }
        order.append("first ends")
    for thread in threads:
        thread.join(LIMIT_S)
    assert order == ["first ends", "sounds → second.sda", "sounds → third.sda"]
    assert {job.state for job in list_jobs(workspace)} == {JobState.DONE}


def test_a_waiting_job_can_be_stopped(workspace: Workspace) -> None:
    order = training("second")
    with JobRun(workspace, training("first")) as first:
        first.take_turn()
        second = JobRun(workspace, order)
        stop(workspace, order.id)
        with pytest.raises(JobInterrupted), second:
            second.take_turn()
    job = job_of(workspace, order)
    assert (job.state, job.sentence) == (JobState.STOPPED, "Stopped before it began.")


def test_a_scan_waits_for_no_training(workspace: Workspace) -> None:
    with JobRun(workspace, training()) as first:
        first.take_turn()
        with JobRun(workspace, new_order("scan", ScanArguments(sounds="/sounds"))) as scan:
            scan.take_turn()


def test_warnings_of_the_library_become_events(workspace: Workspace) -> None:
    order = training()
    with JobRun(workspace, order):
        logging.getLogger("distill.training.checkpoint").warning("No room for %s.", "my.sda")
        logging.getLogger("distill.training").info("not worth it")
        logging.getLogger("elsewhere").warning("not ours")
    logging.getLogger("distill.training").warning("after the end")
    remarks = [event for event in watch(workspace, order.id) if event.type == "Remark"]
    assert [event.data["text"] for event in remarks] == ["No room for my.sda."]


def test_a_full_disk_costs_events_but_never_the_work(
    workspace: Workspace,
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    order = training()
    with JobRun(workspace, order) as run:
        run.take_turn()
        full_disk((run.folder / "events.jsonl").stat().st_size)
        for step in range(3):
            run.write(ModelSaved(step=step, path="my.sda"))
        full_disk(None)
        run.conclude(True, "All went well.")
    assert job_of(workspace, order).sentence == "All went well."
    (warning,) = [record for record in caplog.records if "Cannot write" in record.message]
    assert "others cannot watch it" in warning.message


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_held(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    workspace.jobs.write_text("a file")
    with pytest.raises(OutputError, match="jobs"):
        JobRun(workspace, training())
    workspace.jobs.unlink()
    (workspace.hidden / "queue").write_text("a file")
    order = training()
    with pytest.raises(OutputError, match="queue"):
        JobRun(workspace, order)
    (workspace.hidden / "queue").unlink()
    with JobRun(workspace, order):
        pass
    assert job_of(workspace, order).state == JobState.DONE


def test_an_unrecorded_run_leaves_nothing(tmp_path: Path) -> None:
    with UnrecordedRun() as run:
        run.take_turn()
        run.write(JobRunning())
        run.show_scan(0, 1, "a.wav")
        run.conclude(True, "Done.")
        assert not run.has_event(JobRunning)
        assert run.last_event(JobRunning) is None
    assert list(tmp_path.iterdir()) == []


def test_the_order_on_disk_says_all(workspace: Workspace) -> None:
    order = training()
    with JobRun(workspace, order) as run:
        content = json.loads((run.folder / "job.json").read_text())
    assert content["arguments"]["output"] == "/my.sda"
    assert content["version"] == 1
    job: Job = list_jobs(workspace)[0]
    assert (job.id, job.arguments) == (order.id, order.arguments)


def test_a_turn_that_cannot_be_locked_costs_the_order_but_never_the_work(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (workspace.hidden / "training.lock").mkdir()
    order = training()
    with JobRun(workspace, order) as run:
        run.take_turn()
        assert job_of(workspace, order).state == JobState.RUNNING
        run.conclude(True, "All went well.")
    assert types(workspace, order) == ["JobWaiting", "Remark", "JobRunning", "JobDone"]
    (warning,) = [record for record in caplog.records if "Cannot lock" in record.message]
    assert "does not wait for others" in warning.message


def test_a_number_that_json_lacks_costs_an_event_at_most(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    order = training()
    with JobRun(workspace, order) as run:
        run.write(ScanProgress(done=np.int64(3), total=4, name="a.wav"))
        run.write(ModelSaved(step=object(), path="my.sda"))  # type: ignore[arg-type]
        run.conclude(True, "All went well.")
    (progress,) = [event for event in watch(workspace, order.id) if event.type == "ScanProgress"]
    assert progress.data["done"] == 3
    assert types(workspace, order) == ["JobWaiting", "ScanProgress", "JobDone"]
    assert any("not JSON serializable" in record.message for record in caplog.records)
