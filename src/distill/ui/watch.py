"""Watches the workspace, so that tabs hear of what any process changes in it.

Jobs write their events to disk, and commands change files. A look at times of files and folders,
some times a second and after each change by a tab, finds all of it.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable

from distill.errors import DistillError
from distill.library import jobs
from distill.library.job_types import Job, JobEvent
from distill.library.player_task import PlayerTask
from distill.library.previews import ask_for_preview, keep_preview, preview_order
from distill.library.sound_requests import Preview
from distill.ui.context import Context
from distill.ui.job_watch import JobNews, JobWatch
from distill.ui.library_watch import Change, LibraryWatch
from distill.ui.words import event_words

log = logging.getLogger(__name__)

LOOK_S = 0.12
"""Seconds between two looks, at most: an event is with a tab within 250 ms."""

DISK_S = 5.0
"""Seconds between two looks at the disk."""

LOW_BYTES = 2 << 30
"""Free bytes below which a disk is low."""

TYPES = {
    "JobWaiting": "job.waiting",
    "JobRunning": "job.running",
    "ScanProgress": "job.step",
    "StepMetrics": "job.step",
    "PreparationMetrics": "job.step",
    "PriorStepMetrics": "job.step",
    "ValidationMetrics": "job.validation",
    "PriorEpochMetrics": "job.validation",
    "ModelSaved": "job.saved",
    "PreviewMade": "job.preview",
    "ScanComplete": "job.verdict",
    "TrainingCompleteEvent": "job.stage",
    "PriorTrainingCompleteEvent": "job.stage",
    "JobDone": "job.done",
    "JobStopped": "job.stopped",
    "JobFailed": "job.failed",
}
"""Types of events for tabs, by those of jobs; all others are remarks."""


SAVES = {"ModelSaved", "PriorTrainingCompleteEvent"}
"""Types of events after which a model file is another: a preview is due. A prior comes into it at
the end of its training, which itself draws the sounds of its best epochs."""


class Watch:
    """Looks at a workspace in a thread, and tells the hub.

    Args:
        context: Workspace, hub and player.
        look_s: Seconds between two looks.
    """

    def __init__(self, context: Context, look_s: float = LOOK_S) -> None:
        self._context = context
        self._look_s = look_s
        self._jobs = JobWatch(context.workspace)
        self._library = LibraryWatch(context.workspace)
        # The last save of each training that nobody has heard yet.
        self._saves: dict[str, JobEvent] = {}
        self._is_low = False
        self._next_disk = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin; what is there already is no news."""
        self._jobs.look()
        self._library.look()
        self._thread.start()

    def stop(self) -> None:
        """End, once the present look is done."""
        self._is_over.set()
        self._context.has_changed.set()
        self._thread.join()

    def look(self) -> None:
        """Look once, and tell what is new."""
        for news in self._jobs.look():
            self._tell_job(news)
        self._preview_saves()
        for change in self._library.look():
            self._tell_change(change)
        if time.monotonic() >= self._next_disk:
            self._next_disk = time.monotonic() + DISK_S
            self._look_at_disk()

    def _run(self) -> None:
        has_changed = self._context.has_changed
        while not self._is_over.is_set():
            has_changed.wait(self._look_s)
            # Before the look: what changes during it is seen by the next.
            has_changed.clear()
            self._carefully(self.look)

    def _carefully(self, look: Callable[[], None]) -> None:
        """A look that a file being changed may spoil: the next one sees it whole."""
        try:
            look()
        except (OSError, DistillError) as error:
            log.warning("%s", error)

    # --- jobs -------------------------------------------------------------------------------------

    def _tell_job(self, news: JobNews) -> None:
        hub = self._context.hub
        if news.event is None:
            hub.publish("jobs", f"job.{news.state}", {"job": news.job})
            return
        kind = TYPES.get(news.event.type, "job.remark")
        event = {
            "n": news.event.n,
            "t": news.event.t,
            "type": news.event.type,
            "data": event_words(news.event.data),
        }
        hub.publish("jobs", kind, {"job": news.job, "event": event})
        if news.event.type in SAVES:
            self._saves[news.job] = news.event

    def _preview_saves(self) -> None:
        """Let the player make previews of what was saved, once it has no other work.

        The last save of a training is heard too, though the training may have ended since.
        """
        while self._saves and not self._context.player.tasks():
            # Whatever hinders this preview hinders no other.
            job_id, event = self._saves.popitem()
            job = jobs.get(self._context.workspace, job_id)
            order = preview_order(self._context.workspace, job, event.n)
            task = None if order is None else ask_for_preview(self._context.player, order)
            if order is not None and task is not None:
                self._keep(job, event.n, order, task)

    def _keep(self, job: Job, number: int, order: Preview, task: PlayerTask) -> None:
        def keep(_: object) -> None:
            if task.future.exception() is None:
                self._carefully(lambda: keep_preview(order.folder, task.future.result()["files"]))
                data = {"job": job.id, "number": number}
                self._context.hub.publish("jobs", "job.preview", data)

        task.future.add_done_callback(keep)

    # --- library and disk -------------------------------------------------------------------------

    def _tell_change(self, change: Change) -> None:
        hub = self._context.hub
        data = {"added": change.added, "changed": change.changed, "gone": change.gone}
        hub.publish("library", f"library.{change.kind}", data)
        if change.kind == "document":
            for document in change.changed:
                hub.publish(f"doc:{document}", "doc.edited", {"document": document})

    def _look_at_disk(self) -> None:
        free = shutil.disk_usage(self._context.workspace.root).free
        if (free < LOW_BYTES) != self._is_low:
            self._is_low = free < LOW_BYTES
            kind = "disk.low" if self._is_low else "disk.ok"
            self._context.hub.publish("disk", kind, {"free_bytes": free})
