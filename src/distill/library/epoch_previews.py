"""Previews of a prior while it trains: fixed seeds at its best epochs. Loads torch.

The training draws them itself, since no file holds its weights yet. They cost it little time.
"""

import shutil
import time
from pathlib import Path

from distill.errors import CancelledError, DistillError
from distill.files import make_folder, plain_json
from distill.library.job_run import JobRun
from distill.library.job_types import PreviewMade
from distill.library.previews import SEEDS, keep_preview, preview_folder
from distill.library.seed_sounds import draw_seeds
from distill.training.checkpoint import PatientSaver
from distill.training.metrics import PriorEpochMetrics
from distill.training.prior.best import BestEpoch

SOUND_S = 4.0
"""Seconds of each sound: half of what the player makes at a save, since training waits."""

MOST_SHARE = 0.05
"""Share of the time of a training that goes into previews, at most."""


class PreviewBudget:
    """Decides whether there is time for a preview.

    The first is made at once, as nobody knows its cost. Each later one costs as much as the last,
    and waits until all of them keep within `MOST_SHARE` of the time since the first.
    """

    def __init__(self) -> None:
        self._begin_s: float | None = None
        self._spent_s = 0.0
        self._last_s = 0.0

    def allows(self, elapsed_s: float) -> bool:
        """Whether a preview may be made after so many seconds of training."""
        if self._begin_s is None:
            self._begin_s = elapsed_s
            return True
        return self._spent_s + self._last_s <= MOST_SHARE * (elapsed_s - self._begin_s)

    def spend(self, seconds: float) -> None:
        """Count what a preview has cost."""
        self._spent_s += seconds
        self._last_s = seconds


class EpochPreviews:
    """Draws the sounds of best epochs, and tells of them. `train_prior` calls it.

    Where they cannot be written, it is said once, and training goes on.

    Args:
        run: The job of the training.
    """

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._budget = PreviewBudget()
        self._saver = PatientSaver()

    def __call__(self, best: BestEpoch) -> None:
        """Make a preview of an epoch, if there is time for one."""
        number = self._number_of(best.epoch)
        if number is None or not self._budget.allows(best.elapsed_s):
            return
        began = time.perf_counter()
        self._saver.attempt(lambda: self._make(best, number))
        self._budget.spend(time.perf_counter() - began)

    def _number_of(self, epoch: int) -> int | None:
        """Number of the event of an epoch; None where the disk does not hold it."""
        event = self._run.last_event(PriorEpochMetrics)
        return event.n if event and event.data.get("epoch") == epoch else None

    def _make(self, best: BestEpoch, number: int) -> None:
        folder = preview_folder(self._run.workspace, self._run.order.id, number)
        try:
            self._draw(best, folder)
        except CancelledError:
            # The training is to stop: nobody waits for its sounds.
            shutil.rmtree(folder, ignore_errors=True)
            return
        except DistillError:
            # Half a preview only takes room.
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._run.write(PreviewMade(number=number, epoch=best.epoch))

    def _draw(self, best: BestEpoch, folder: Path) -> None:
        make_folder(folder)
        event = self._run.cancel_event
        facts = list(draw_seeds(best.make_model(), folder, SEEDS, SOUND_S, event))
        keep_preview(folder, [plain_json(entry) for entry in facts], best.epoch)
