"""A job as it stands, from its order, its locks and the end of its events."""

import time
from pathlib import Path

from distill.library.job_events import ENDS, Latest, read_latest
from distill.library.job_kinds import KINDS
from distill.library.job_queue import is_starting, job_folder, jobs_ahead
from distill.library.job_types import (
    Job,
    JobDone,
    JobEvent,
    JobFailed,
    JobOrder,
    JobState,
    JobStopped,
    JobWaiting,
    ScanProgress,
)
from distill.library.locks import is_taken
from distill.library.workspace import Workspace
from distill.training.metrics import (
    ModelSaved,
    PreparationMetrics,
    PriorEpochMetrics,
    PriorStepMetrics,
    StepMetrics,
    ValidationMetrics,
)

PROGRESS = frozenset(
    kind.__name__
    for kind in (
        ScanProgress,
        StepMetrics,
        PreparationMetrics,
        PriorStepMetrics,
        PriorEpochMetrics,
    )
)
"""Types of events that say how far a job is."""

VERDICTS = frozenset(kind.__name__ for kind in (ValidationMetrics, PriorEpochMetrics))
"""Types of events with a verdict."""

SAVES = frozenset([ModelSaved.__name__])
"""Types of events that say that a model is usable."""

STATES = {
    JobDone.__name__: JobState.DONE,
    JobStopped.__name__: JobState.STOPPED,
    JobFailed.__name__: JobState.FAILED,
}
"""State after each event that ends a job."""

STAGES = {
    ScanProgress.__name__: "scan",
    StepMetrics.__name__: "codec",
    PreparationMetrics.__name__: "encode",
    PriorStepMetrics.__name__: "prior",
    PriorEpochMetrics.__name__: "prior",
}
"""Stage that each event of progress belongs to."""


def job_of(workspace: Workspace, order: JobOrder) -> Job:
    """The job of an order, as it stands."""
    folder = job_folder(workspace, order.id)
    state, latest = _state_of(folder)
    event = latest.event
    progress, verdict, save = latest.of_groups
    ahead = _ahead(workspace, order) if state == JobState.WAITING else 0
    share, remaining_s = _progress_of(progress, verdict)
    return Job(
        id=order.id,
        kind=order.kind,
        title=order.title,
        state=state,
        sentence=_sentence(state, event, verdict, save, share, ahead),
        stage=STAGES[progress.type] if progress else "",
        progress=None if state == JobState.WAITING else share,
        remaining_s=remaining_s if state == JobState.RUNNING else None,
        ahead=ahead,
        is_stopping=state.is_alive and (folder / "stop").exists(),
        created=order.created,
        changed=event.t if event else order.created,
        saved=save.t if save else None,
        last_event=event.n if event else 0,
        arguments=order.arguments,
        distill=order.distill,
    )


def _ahead(workspace: Workspace, order: JobOrder) -> int:
    """Trainings that come before a job that waits."""
    kind = KINDS.get(order.kind)
    return len(jobs_ahead(workspace, order.id)) if kind and kind.is_training else 0


def _state_of(folder: Path) -> tuple[JobState, Latest]:
    # Before the events: once they are written, nobody starts the job any more.
    starts = is_starting(folder)
    latest = _read(folder)
    if starts:
        # A run that is being started has not written yet: the last event is of an earlier one.
        return JobState.WAITING, latest
    if not _has_ended(latest) and not is_taken(folder / "lock"):
        # A run writes its last event before it lets go of its lock.
        latest = _read(folder)
        if not _has_ended(latest):
            return JobState.CUT_OFF, latest
    event = latest.event
    if event is None or event.type == JobWaiting.__name__:
        return JobState.WAITING, latest
    return STATES.get(event.type, JobState.RUNNING), latest


def _read(folder: Path) -> Latest:
    return read_latest(folder / "events.jsonl", (PROGRESS, VERDICTS, SAVES))


def _has_ended(latest: Latest) -> bool:
    return latest.event is not None and latest.event.type in ENDS


def _progress_of(
    event: JobEvent | None, epoch: JobEvent | None
) -> tuple[float | None, float | None]:
    """Share of the stage that is done, and seconds left; None where they cannot be told."""
    try:
        return _parse_progress(event, epoch) if event else (None, None)
    except (KeyError, TypeError, ZeroDivisionError):
        # Another Distill wrote it otherwise.
        return None, None


def _parse_progress(event: JobEvent, epoch: JobEvent | None) -> tuple[float | None, float | None]:
    data = event.data
    if event.type == ScanProgress.__name__:
        return data["done"] / max(1, data["total"]), None
    if event.type == PreparationMetrics.__name__:
        return data["progress"], None
    if event.type == StepMetrics.__name__:
        return data["progress"], data["remaining_s"]
    if event.type == PriorEpochMetrics.__name__:
        return data["epoch"] / data["total_epochs"], None
    if epoch is None or epoch.type != PriorEpochMetrics.__name__:
        return None, None
    epochs = data["epoch"] - 1 + data["step"] / data["steps_per_epoch"]
    return min(1.0, epochs / epoch.data["total_epochs"]), None


def _sentence(
    state: JobState,
    event: JobEvent | None,
    verdict: JobEvent | None,
    save: JobEvent | None,
    share: float | None,
    ahead: int,
) -> str:
    if state == JobState.WAITING:
        if not ahead:
            return "Begins soon."
        return f"Waits for {ahead} {'training' if ahead == 1 else 'trainings'}."
    if state == JobState.CUT_OFF:
        return _cut_off_sentence(save, share)
    if state == JobState.RUNNING or event is None:
        return str(verdict.data.get("verdict", "")) if verdict else ""
    return str(event.data.get("error") or event.data.get("sentence") or "")


def _cut_off_sentence(save: JobEvent | None, share: float | None) -> str:
    where = f"Cut off at {share:.0%}." if share is not None else "Cut off before it began."
    if save is None:
        return where
    moment = time.strftime("%H:%M", time.localtime(save.t))
    return f"{where} The model of {moment} is usable."
