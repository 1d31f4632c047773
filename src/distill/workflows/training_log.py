"""The log of the trainings of a model: `my.sda.log.jsonl` beside it, a line of JSON each event.

It has the form of the events of jobs. It holds no name of a recording.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from distill.errors import OutputError
from distill.event_lines import Event, EventLines
from distill.files import FilePath, check_regular
from distill.training.metrics import (
    ModelSaved,
    PriorEpochMetrics,
    PriorStepMetrics,
    PriorTrainingCompleteEvent,
    StepMetrics,
    TrainingCompleteEvent,
)
from distill.training.paths import log_path

log = logging.getLogger(__name__)

SHORTEST_GAP_S = 2.0
"""Seconds between two steps in the log, at least: ten hours of training take 11 MB."""

FREQUENT = (StepMetrics, PriorStepMetrics)

LASTING = (ModelSaved, PriorTrainingCompleteEvent, TrainingCompleteEvent)

KEPT = (ModelSaved, PriorEpochMetrics)
"""Events after which something of a training is kept."""

EventT = TypeVar("EventT", bound=Event)


class TrainingLog:
    """Writes events beside a model. Where it cannot, it says so once, and training goes on.

    Events wait until training has saved a model or judged an epoch: one that leaves nothing behind
    leaves no log either, nor takes an earlier one away. Use as a context manager.

    Args:
        model_path: The model that is trained.
        begins_anew: Whether an earlier log, of a model that is replaced, goes away.

    Example:
        with TrainingLog("my.sda", begins_anew=True) as log:
            train_vqvae(corpus, output, config, callback=log.also(show))
    """

    def __init__(self, model_path: FilePath, begins_anew: bool = False) -> None:
        self._path = log_path(Path(model_path))
        self._begins_anew = begins_anew
        self._lines: EventLines | None = None
        self._waiting: list[Event] = []
        self._has_failed = False

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._lines:
            self._lines.close()

    def also(self, callback: Callable[[EventT], object] | None) -> Callable[[EventT], None]:
        """A function that writes an event, and calls `callback` with it, if there is one."""

        def write(event: EventT) -> None:
            self.write(event)
            if callback:
                callback(event)

        return write

    def write(self, event: Event) -> None:
        """Write an event. It never raises: no training ends for its log."""
        if self._has_failed:
            return
        self._waiting.append(event)
        if self._lines is None and not isinstance(event, KEPT):
            return
        try:
            self._lines = self._lines or self._open()
            for waiting in self._waiting:
                self._lines.append(waiting)
            self._waiting.clear()
        except (OSError, OutputError) as error:
            self._has_failed = True
            log.warning("The log of the training ends here (%s): %s", self._path, error)

    def _open(self) -> EventLines:
        # A pipe would be waited for without end.
        check_regular(self._path)
        if self._begins_anew:
            self._path.unlink(missing_ok=True)
        return EventLines(self._path, SHORTEST_GAP_S, FREQUENT, LASTING)
