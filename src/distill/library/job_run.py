"""A run of a job in this process: its lock, its turn, its events, and how it ends.

The process of a job, and a training in a terminal, run alike.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from filelock import FileLock

from distill.errors import DistillError, OutputError, UsageError
from distill.library.job_events import EventReader, read_latest, type_of_line
from distill.library.job_kinds import kind_of
from distill.library.job_log import Event, EventLog
from distill.library.job_orders import make_job_folder, write_order
from distill.library.job_queue import jobs_ahead, leave, queue_up, take_turn
from distill.library.job_types import (
    JobDone,
    JobEvent,
    JobFailed,
    JobOrder,
    JobRunning,
    JobStopped,
    JobWaiting,
    Remark,
    ScanProgress,
)
from distill.library.locks import take_lock
from distill.library.workspace import Workspace

if TYPE_CHECKING:
    from distill.training.codec.run import Validated

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""Seconds between two looks for the file that stops a job."""

TURN_S = 0.25
"""Seconds between two questions whether it is this job's turn."""

RESERVE = 4096
"""Bytes on the disk that are kept for the last event: a block of most disks."""

LOCK_S = 5.0
"""Seconds to wait for the lock of a job: whoever looks whether it is free has it for a moment."""


class JobInterrupted(Exception):
    """The job was stopped by hand before it had anything to keep."""


@dataclass(frozen=True)
class Outcome:
    """How the work of a job ended: whether all is done, and a sentence."""

    is_finished: bool
    sentence: str


class JobRun:
    """A run of a job, from its lock to its last event. Use as a context manager.

    Where the disk is full or gone, events are lost, but never the work.

    Args:
        workspace: Its workspace.
        order: What to do.
        is_resumed: Whether an earlier run began it.

    Attributes:
        cancel_event: Set once the job is to stop; may be replaced by another event.
        outcome: How the work ended; None before that.
        arguments: Arguments of the job, as they are on disk.
        listeners: Functions that get every event too.
        hearers: Functions that hear the codec at each validation.

    Raises:
        UsageError: If another process works on the job.
        OutputError: If the workspace cannot be written.
    """

    def __init__(self, workspace: Workspace, order: JobOrder, is_resumed: bool = False) -> None:
        self.workspace = workspace
        self.order = order
        self.arguments = order.arguments
        self.listeners: list[Callable[[Event], None]] = []
        self.hearers: list[Callable[[Validated], None]] = []
        self.is_resumed = is_resumed
        self.cancel_event = threading.Event()
        self.outcome: Outcome | None = None
        self.folder = make_job_folder(workspace, order.id)
        self._has_failed_to_write = False
        self._ticket: Path | None = None
        self._turn: FileLock | None = None
        lock = take_lock(self.folder / "lock", LOCK_S)
        if lock is None:
            raise UsageError(f"Job '{order.id}' runs already: distill jobs watch {order.id}")
        self._lock = lock
        try:
            if not (self.folder / "job.json").exists():
                write_order(self.folder, order)
            if kind_of(order.kind).is_training:
                self._ticket = queue_up(workspace, order.id)
            self._log = EventLog(self.folder / "events.jsonl")
            (self.folder / "reserve").write_bytes(b" " * RESERVE)
        except DistillError:
            self._let_go()
            raise
        except OSError as error:
            self._let_go()
            reason = error.strerror or error
            raise OutputError(f"Cannot write into {self.folder}: {reason}.") from error

    def __enter__(self) -> "JobRun":
        self._end = threading.Event()
        self._watcher = threading.Thread(target=self._watch_for_stop, daemon=True)
        self._watcher.start()
        self._remarks = _RemarkHandler(self)
        logging.getLogger("distill").addHandler(self._remarks)
        self.write(JobWaiting())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # However full the disk is: there is room for the last event.
        with suppress(OSError):
            (self.folder / "reserve").unlink()
        self.write(self._last_event(error))
        logging.getLogger("distill").removeHandler(self._remarks)
        self._end.set()
        self._watcher.join()
        self._log.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._ticket is not None:
            leave(self._ticket)
        if self._turn is not None:
            self._turn.release()
        self._lock.release()

    def _last_event(self, error: BaseException | None) -> Event:
        if isinstance(error, JobInterrupted | KeyboardInterrupt):
            return JobStopped(sentence=str(error) or "Stopped.")
        if isinstance(error, DistillError):
            return JobFailed(error=str(error), kind=type(error).__name__)
        if error is not None:
            name = type(error).__name__
            sentence = f"An error that Distill does not know ended it: {name}: {error}"
            return JobFailed(error=sentence, kind=name)
        outcome = self.outcome or Outcome(is_finished=True, sentence="Done.")
        if outcome.is_finished:
            return JobDone(sentence=outcome.sentence)
        return JobStopped(sentence=outcome.sentence)

    # --- its turn ---------------------------------------------------------------------------------

    def take_turn(self, on_wait: Callable[[int], None] = lambda ahead: None) -> None:
        """Wait until no other training of the workspace runs, and none comes before this one.

        Args:
            on_wait: Called with the number of trainings ahead, whenever it changes.

        Raises:
            JobInterrupted: If the job is stopped before.
        """
        report = 0
        while self._ticket is not None:
            self.check()
            try:
                self._turn = take_turn(self.workspace, self.order.id)
            except (DistillError, OSError) as error:
                # A training is never lost for want of an order among trainings.
                self._remark(f"This training does not wait for others. {error}")
                break
            if self._turn is not None:
                break
            # Whoever has the turn counts, even if its ticket is gone.
            ahead = max(1, len(jobs_ahead(self.workspace, self.order.id)))
            if ahead != report:
                on_wait(ahead)
                report = ahead
            self.cancel_event.wait(TURN_S)
        self.check()
        self.write(JobRunning())

    def _remark(self, text: str) -> None:
        log.warning("%s", text)
        self.write(Remark(text=text))

    def check(self) -> None:
        """Raise `JobInterrupted` once the job is to stop."""
        if self.cancel_event.is_set():
            raise JobInterrupted("Stopped before it began.")

    def _watch_for_stop(self) -> None:
        stop = self.folder / "stop"
        while not self._end.wait(LOOK_S):
            # Set again and again: the event may have been replaced.
            if stop.exists():
                self.cancel_event.set()

    # --- events -----------------------------------------------------------------------------------

    def write(self, event: Event) -> None:
        """Write an event for those who watch. An error of the disk is said once, never raised."""
        self._tell(event)
        try:
            self._log.append(event)
        except (OSError, TypeError, ValueError) as error:
            if not self._has_failed_to_write:
                self._has_failed_to_write = True
                log.warning(
                    "Cannot write into %s: %s. The work goes on, but others cannot watch it.",
                    self.folder,
                    getattr(error, "strerror", None) or error,
                )

    def _tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    @property
    def on_validation(self) -> "Callable[[Validated], None] | None":
        """What hears the codec at each validation; None where nobody does."""
        return self._let_hear if self.hearers else None

    def _let_hear(self, codec: "Validated") -> None:
        for hearer in self.hearers:
            hearer(codec)

    def show_scan(self, done: int, total: int, name: str) -> None:
        """Progress of a scan, as `scan_corpus` calls it.

        Raises:
            JobInterrupted: Once the job is to stop.
        """
        self.check()
        self.write(ScanProgress(done=done, total=total, name=name))

    def has_event(self, kind: type) -> bool:
        """Whether this run or an earlier one wrote an event of this type."""
        lines = EventReader(self.folder / "events.jsonl").read_lines()
        return any(type_of_line(line) == kind.__name__ for line in lines)

    def last_event(self, kind: type) -> JobEvent | None:
        """The last event of this type, if it is not long past; else None."""
        groups = [frozenset([kind.__name__])]
        return read_latest(self.folder / "events.jsonl", groups).of_groups[0]

    def conclude(self, is_finished: bool, sentence: str) -> None:
        """Say how the work ended, for the last event."""
        self.outcome = Outcome(is_finished=is_finished, sentence=sentence)


class UnrecordedRun(JobRun):
    """A run of a training whose workspace cannot be used: it leaves no trace, and never waits."""

    def __init__(self) -> None:
        self.cancel_event = threading.Event()
        self.outcome = None
        self.arguments = {}
        self.listeners = []
        self.hearers = []
        self.is_resumed = False

    def __enter__(self) -> "UnrecordedRun":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        return None

    def take_turn(self, on_wait: Callable[[int], None] = lambda ahead: None) -> None:
        """Nobody knows of others: it begins."""

    def write(self, event: Event) -> None:
        """Nobody watches, but a listener may be there."""
        self._tell(event)

    def has_event(self, kind: type) -> bool:
        """Nothing was written."""
        return False

    def last_event(self, kind: type) -> JobEvent | None:
        """Nothing was written."""
        return None


class _RemarkHandler(logging.Handler):
    """Turns warnings of the library into events."""

    def __init__(self, run: JobRun) -> None:
        super().__init__(logging.WARNING)
        self.run = run

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event, unless the warning is of a write that failed."""
        if record.name != __name__:
            self.run.write(Remark(text=record.getMessage()))
