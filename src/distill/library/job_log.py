"""The events of a job, written to disk as they come, in `events.jsonl` (see `event_lines`)."""

from pathlib import Path

from distill.event_lines import Event, EventLines
from distill.library.job_types import (
    JobDone,
    JobFailed,
    JobRunning,
    JobStopped,
    JobWaiting,
    ScanComplete,
    ScanProgress,
)
from distill.training.metrics import (
    ModelSaved,
    PreparationMetrics,
    PriorStepMetrics,
    PriorTrainingCompleteEvent,
    StepMetrics,
    TrainingCompleteEvent,
)

__all__ = ["Event", "EventLog"]

SHORTEST_GAP_S = 0.25
"""Seconds between two steps on disk, at least: as often as a face draws them."""

FREQUENT = (StepMetrics, PreparationMetrics, PriorStepMetrics, ScanProgress)
"""Events that come many times a second: most of them stay off the disk."""

LASTING = (
    JobDone,
    JobFailed,
    JobRunning,
    JobStopped,
    JobWaiting,
    ModelSaved,
    PriorTrainingCompleteEvent,
    ScanComplete,
    TrainingCompleteEvent,
)
"""Events after which the file is synced to disk: they say what is saved, and what is over."""


class EventLog(EventLines):
    """Adds events of a job to a file.

    Args:
        path: The file; it is made where there is none.
        shortest_gap_s: Seconds between two events of `FREQUENT`, at least.

    Raises:
        OutputError: If the file cannot be written.
    """

    def __init__(self, path: Path, shortest_gap_s: float = SHORTEST_GAP_S) -> None:
        super().__init__(path, shortest_gap_s, FREQUENT, LASTING)
