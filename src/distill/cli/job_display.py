"""Display of the events of a job, whichever process it runs in."""

from math import nan
from types import TracebackType
from typing import Any

from rich.console import Console

from distill.cli.prior_lines import epoch_line
from distill.cli.train_display import TrainDisplay
from distill.library.job_events import restore
from distill.library.job_types import JobEvent, Remark, ScanProgress
from distill.training.metrics import (
    BatchHalved,
    ModelSaved,
    PreparationMetrics,
    PriorEpochMetrics,
    StepMetrics,
    StoppingEarly,
    ValidationMetrics,
)

SHOWN_BY_TRAINING = (StepMetrics, ValidationMetrics, BatchHalved, ModelSaved, StoppingEarly)
"""Events that the display of codec training shows."""


class JobDisplay:
    """Shows the events of a job on a console. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.training = TrainDisplay(console)

    def __enter__(self) -> "JobDisplay":
        self.training.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.training.__exit__(kind, error, at)

    def show(self, event: JobEvent) -> None:
        """Show an event; one of a type that nobody shows is passed over."""
        if event.type == StepMetrics.__name__ and event.data.get("mel_loss") is None:
            # JSON knows no NaN.
            event.data["mel_loss"] = nan
        record = restore(event)
        if isinstance(record, SHOWN_BY_TRAINING):
            self.training(record)
        elif (line := _line_of(record)) is not None:
            self.console.print(line, soft_wrap=True)


def _line_of(record: Any) -> str | None:
    if isinstance(record, Remark):
        return record.text
    if isinstance(record, PriorEpochMetrics):
        return epoch_line(record)
    if isinstance(record, ScanProgress) and record.done == record.total:
        return f"Listened to {record.total} files."
    if isinstance(record, PreparationMetrics) and record.done == record.total:
        return f"Encoded {record.total} sounds."
    return None
