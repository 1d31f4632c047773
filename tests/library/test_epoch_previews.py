"""Previews of a prior while it trains: when they are made, and what becomes of them."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.audio.io import read_audio
from distill.files import make_folder
from distill.library import epoch_previews, jobs
from distill.library.epoch_previews import MOST_SHARE, EpochPreviews, PreviewBudget
from distill.library.job_kinds import TrainPriorArguments
from distill.library.job_orders import new_order
from distill.library.job_run import JobRun, UnrecordedRun
from distill.library.job_types import PreviewMade
from distill.library.job_work import train_prior
from distill.library.previews import SEEDS, kept_previews, preview_folder, preview_path
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import load_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.metrics import PriorEpochMetrics
from distill.training.prior.best import BestEpoch

EPOCH = PriorEpochMetrics(
    epoch=1,
    total_epochs=5,
    train_loss=2.0,
    val_loss=2.0,
    val_perplexity=7.4,
    best_perplexity=7.4,
    is_memorizing=False,
    memorization_message="",
    epoch_time_s=1.0,
    learning_rate=1e-3,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def run(workspace: Workspace, trained: Path, corpus_dir: Path) -> Iterator[JobRun]:
    """A training of a prior, just after its first epoch."""
    arguments = TrainPriorArguments(model=str(trained), sounds=str(corpus_dir), settings={})
    with JobRun(workspace, new_order("train-prior", arguments)) as run:
        run.write(EPOCH)
        yield run


def best_of(trained: Path, elapsed_s: float = 1.0, epoch: int = 1) -> BestEpoch:
    return BestEpoch(epoch, elapsed_s, lambda: load_model_v2(trained))


def test_later_previews_keep_within_their_share() -> None:
    budget = PreviewBudget()
    # An earlier run has trained for an hour: its time is spent.
    begin_s = 3600.0
    assert budget.allows(begin_s)
    budget.spend(10.0)
    # It and one more of the same cost.
    assert not budget.allows(begin_s + 399.0)
    assert budget.allows(begin_s + 400.0)
    budget.spend(30.0)
    assert not budget.allows(begin_s + 1399.0)
    assert budget.allows(begin_s + 1400.0)


def test_a_slow_preview_never_costs_more_than_its_share() -> None:
    budget = PreviewBudget()
    count = 0
    for second in range(10_000):
        if budget.allows(second):
            budget.spend(3.0)
            count += 1
    assert count == int(10_000 * MOST_SHARE / 3.0)


def test_a_best_epoch_of_a_training_can_be_heard(
    workspace: Workspace,
    codec_only: Path,
    corpus_dir: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_previews, "SOUND_S", 0.5)
    model = Path(shutil.copy(codec_only, tmp_path / "my.sda"))
    settings = tiny_prior | {"max_epochs": 1}
    arguments = TrainPriorArguments(model=str(model), sounds=str(corpus_dir), settings=settings)
    with JobRun(workspace, new_order("train-prior", arguments)) as run:
        train_prior(run, arguments)
    job_id = run.order.id
    events = jobs.list_events(workspace, job_id)
    (told,) = [event for event in events if event.type == PreviewMade.__name__]
    (epoch,) = [event for event in events if event.type == PriorEpochMetrics.__name__]
    assert told.data == {"number": epoch.n, "epoch": 1}
    (kept,) = kept_previews(workspace, job_id)
    assert (kept.number, kept.epoch) == (epoch.n, 1)
    assert [file.seed for file in kept.files] == list(SEEDS)
    for place, file in enumerate(kept.files):
        assert file.copy_percent is not None
        sound = read_audio(preview_path(workspace, job_id, kept.number, place))
        assert sound.shape[1] == SAMPLE_RATE // 2
        assert np.abs(sound).max() > 0.01


def test_a_full_disk_ends_no_training(
    run: JobRun,
    trained: Path,
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is said once, nothing is left, and a later epoch has its preview."""
    monkeypatch.setattr(epoch_previews, "SOUND_S", 0.5)
    folder = preview_folder(run.workspace, run.order.id, 0).parent
    previews = EpochPreviews(run)
    caplog.set_level(logging.WARNING)
    full_disk(20_000)
    previews(best_of(trained))
    previews(best_of(trained, 1e6))
    full_disk(None)
    (message,) = caplog.messages
    assert message.startswith(f"Cannot write {folder}")
    assert "Training goes on" in message
    assert list(folder.iterdir()) == []
    previews(best_of(trained, 2e6))
    assert len(kept_previews(run.workspace, run.order.id)) == 1


def test_there_is_no_preview_without_its_epoch_or_after_a_stop(run: JobRun, trained: Path) -> None:
    folder = preview_folder(run.workspace, run.order.id, 0).parent
    make_folder(folder)
    # Its event is not on disk.
    EpochPreviews(run)(best_of(trained, epoch=2))
    EpochPreviews(UnrecordedRun())(best_of(trained))
    run.cancel_event.set()
    EpochPreviews(run)(best_of(trained))
    assert list(folder.iterdir()) == []
