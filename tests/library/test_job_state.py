"""Where a job stands follows from its locks and its last events."""

from collections.abc import Callable
from pathlib import Path

import pytest

from distill.library.job_kinds import ScanArguments, TrainArguments
from distill.library.job_log import Event, EventLog
from distill.library.job_orders import make_job_folder, new_order
from distill.library.job_queue import queue_up
from distill.library.job_state import job_of
from distill.library.job_types import (
    Job,
    JobDone,
    JobFailed,
    JobOrder,
    JobRunning,
    JobState,
    JobStopped,
    JobWaiting,
    ScanProgress,
)
from distill.library.locks import take_lock
from distill.library.workspace import Workspace, open_workspace
from distill.training.metrics import (
    ModelSaved,
    PreparationMetrics,
    PriorEpochMetrics,
    PriorStepMetrics,
    ValidationMetrics,
    VerdictKind,
)
from tests.library.records import step

VALIDATION = ValidationMetrics(
    step=5,
    elapsed_s=1.0,
    train_loss=1.0,
    own_loss=1.0,
    val_loss=1.0,
    best=1.0,
    verdict="Still learning.",
    verdict_kind=VerdictKind.LEARNING,
)
EPOCH = PriorEpochMetrics(
    epoch=3,
    total_epochs=10,
    train_loss=1.0,
    val_loss=1.0,
    val_perplexity=1.0,
    best_perplexity=1.0,
    is_memorizing=False,
    memorization_message="",
    epoch_time_s=1.0,
    learning_rate=1.0,
    verdict="Learning well.",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def order() -> JobOrder:
    return new_order("train", TrainArguments(sounds="/sounds", output="/my.sda"))


@pytest.fixture
def job(workspace: Workspace, order: JobOrder) -> Callable[..., Job]:
    """The job after these events."""

    def after(*events: Event, is_alive: bool = False) -> Job:
        folder = make_job_folder(workspace, order.id)
        lock = take_lock(folder / "lock") if is_alive else None
        log = EventLog(folder / "events.jsonl", shortest_gap_s=0)
        for event in events:
            log.append(event)
        log.close()
        result = job_of(workspace, order)
        if lock:
            lock.release()
        return result

    return after


def test_a_running_training(job: Callable[..., Job]) -> None:
    now = job(JobWaiting(), JobRunning(), VALIDATION, step(25), is_alive=True)
    assert (now.state, now.stage, now.progress, now.remaining_s) == (
        JobState.RUNNING,
        "codec",
        0.25,
        75.0,
    )
    assert (now.sentence, now.last_event, now.title) == ("Still learning.", 4, "sounds → my.sda")


def test_a_prior_counts_its_epochs(job: Callable[..., Job]) -> None:
    half = PriorStepMetrics(epoch=4, step=20, steps_per_epoch=40, loss=1.0)
    now = job(JobRunning(), step(100), EPOCH, half, is_alive=True)
    assert (now.stage, now.progress, now.remaining_s) == ("prior", 0.35, None)
    assert now.sentence == "Learning well."


def test_before_its_first_epoch_nobody_knows(job: Callable[..., Job]) -> None:
    half = PriorStepMetrics(epoch=1, step=20, steps_per_epoch=40, loss=1.0)
    assert job(JobRunning(), VALIDATION, half, is_alive=True).progress is None


def test_a_scan_tells_how_far_it_is(job: Callable[..., Job]) -> None:
    now = job(JobRunning(), ScanProgress(done=1, total=4, name="a.wav"), is_alive=True)
    assert (now.stage, now.progress) == ("scan", 0.25)


def test_a_preparation_tells_how_far_it_is(job: Callable[..., Job]) -> None:
    metrics = PreparationMetrics(done=1, total=4, progress=0.5, name="a.wav")
    now = job(JobRunning(), ScanProgress(done=4, total=4, name=""), metrics, is_alive=True)
    assert (now.stage, now.progress) == ("encode", 0.5)


def test_an_event_without_its_fields_is_no_error(
    workspace: Workspace, order: JobOrder, job: Callable[..., Job]
) -> None:
    job(JobRunning())
    path = make_job_folder(workspace, order.id) / "events.jsonl"
    for kind in ("StepMetrics", "ScanProgress", "PriorStepMetrics", "PriorEpochMetrics"):
        path.write_text(f'{{"n":1,"t":1.5,"type":"{kind}","done":"x","total":0}}\n')
        assert job_of(workspace, order).progress is None


@pytest.mark.parametrize(
    ("event", "state", "sentence"),
    [
        (JobDone(sentence="It is done."), JobState.DONE, "It is done."),
        (JobStopped(sentence="Stopped."), JobState.STOPPED, "Stopped."),
        (JobFailed(error="No room.", kind="OutputError"), JobState.FAILED, "No room."),
    ],
)
@pytest.mark.parametrize("is_alive", [True, False])
def test_ended_jobs(
    job: Callable[..., Job], event: Event, state: JobState, sentence: str, is_alive: bool
) -> None:
    # The process that wrote the end may take a moment to end itself.
    now = job(JobRunning(), step(25), event, is_alive=is_alive)
    assert (now.state, now.sentence) == (state, sentence)
    assert not now.state.is_alive


def test_a_free_lock_without_an_end_is_cut_off(job: Callable[..., Job]) -> None:
    now = job(JobRunning(), ModelSaved(step=60, path="my.sda"), step(61))
    assert now.state == JobState.CUT_OFF
    assert now.state.can_go_on
    assert now.sentence.startswith("Cut off at 61%. The model of ")
    assert now.saved is not None


@pytest.mark.parametrize("events", [(), (JobWaiting(),)])
def test_cut_off_before_it_began(job: Callable[..., Job], events: tuple[Event, ...]) -> None:
    now = job(*events)
    assert (now.state, now.sentence) == (JobState.CUT_OFF, "Cut off before it began.")


def test_a_job_waits_for_those_before_it(
    workspace: Workspace, order: JobOrder, job: Callable[..., Job]
) -> None:
    first = take_lock(make_job_folder(workspace, "first") / "lock")
    queue_up(workspace, "first")
    now = job(JobWaiting(), is_alive=True)
    assert (now.state, now.ahead, now.sentence) == (JobState.WAITING, 1, "Waits for 1 training.")
    assert first is not None
    first.release()
    assert job(is_alive=True).sentence == "Begins soon."


def test_a_scan_waits_for_nobody(workspace: Workspace) -> None:
    first = take_lock(make_job_folder(workspace, "first") / "lock")
    queue_up(workspace, "first")
    scan = new_order("scan", ScanArguments(sounds="/sounds"))
    lock = take_lock(make_job_folder(workspace, scan.id) / "lock")
    assert job_of(workspace, scan).ahead == 0
    assert None not in (first, lock)


def test_a_job_that_is_gone_on_with_waits_at_once(
    workspace: Workspace, order: JobOrder, job: Callable[..., Job]
) -> None:
    assert job(JobRunning(), JobStopped(sentence="Stopped.")).state == JobState.STOPPED
    starting = take_lock(make_job_folder(workspace, order.id) / "starting")
    assert starting is not None
    assert job_of(workspace, order).state == JobState.WAITING
    starting.release()
    # Its process has the lock, and has written its first event.
    assert job(JobWaiting(), is_alive=True).state == JobState.WAITING
    assert job(JobRunning(), is_alive=True).state == JobState.RUNNING
