"""A run of prior training: its epochs, its best weights, its checkpoint."""

import logging
import math
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import distill
from distill.data.corpus import scan_corpus
from distill.data.dataset import split_by_manifest
from distill.models.persistence import load_model_v2
from distill.training.corpus_facts import CorpusFacts
from distill.training.metrics import PriorEpochMetrics, PriorStepMetrics
from distill.training.prior.best import BestEpoch
from distill.training.prior.progress import PriorProgress
from distill.training.prior.run import PriorRun
from distill.training.prior.setup import prepare_prior
from distill.training.prior_config import PriorConfig


@pytest.fixture
def model_path(codec_only: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(codec_only, tmp_path / "m.sda"))


def run_of(
    model_path: Path, corpus_dir: Path, steps: list[PriorStepMetrics] | None = None, **settings: Any
) -> PriorRun:
    loaded = load_model_v2(model_path)
    clips = scan_corpus(corpus_dir).clips
    split = split_by_manifest(clips, loaded.metadata["corpus"])
    cancel = threading.Event()
    setup = prepare_prior(loaded, split, PriorConfig(**settings), CorpusFacts(), cancel)
    return PriorRun(setup, cancel, None if steps is None else steps.append)


def test_steps_and_epochs_are_told_in_order(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    steps: list[PriorStepMetrics] = []
    epochs: list[PriorEpochMetrics] = []
    run = run_of(model_path, corpus_dir, steps, **tiny_prior)
    run.run(epochs.append)
    assert [(s.epoch, s.step) for s in steps] == [(e, s) for e in (1, 2, 3) for s in range(1, 7)]
    assert [metrics.epoch for metrics in epochs] == [1, 2, 3]
    assert [point["val_loss"] for point in run.progress.history] == [m.val_loss for m in epochs]
    assert run.progress.best_loss == min(metrics.val_loss for metrics in epochs)
    rates = [metrics.learning_rate for metrics in epochs]
    assert rates[-1] < max(rates)


def test_the_result_has_the_best_weights(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    run = run_of(model_path, corpus_dir, **tiny_prior)
    run.run(lambda metrics: None)
    result = run.result()
    best = run.progress.best_weights
    assert best is not None
    state = result["prior_model"].state_dict()
    assert all(torch.equal(best[name], tensor) for name, tensor in state.items())
    assert result["level_losses"] == run.progress.best_level_losses
    recordings = result["prior_metadata"]["recordings"]
    assert len(recordings) == len(run.setup.material.regions) > len(run.setup.split.train)


def test_a_resumed_run_takes_the_same_steps(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    settings = tiny_prior | {"max_epochs": 4, "patience": 99, "dropout": 0.2, "mask_rate": 0.2}
    whole = run_of(model_path, corpus_dir, **settings)
    whole.run(lambda metrics: None)
    whole.checkpoint.unlink()

    first = run_of(model_path, corpus_dir, **settings)
    first.run(lambda metrics: first.cancel_event.set())
    assert first.progress.epoch == 1
    second = run_of(model_path, corpus_dir, **settings)
    second.resume_if_possible()
    assert second.progress.epoch == 1
    second.run(lambda metrics: None)
    expected = whole.prior.state_dict()
    assert all(torch.equal(expected[n], tensor) for n, tensor in second.prior.state_dict().items())
    assert second.progress.history == whole.progress.history


KILLED = """
import os, signal, sys
import distill
from distill.training.prior import checkpoint

checkpoint.CHECKPOINT_EVERY_S = 0.0


def kill(metrics):
    if (metrics.epoch, metrics.step) == PLACE:
        os.kill(os.getpid(), signal.SIGKILL)


distill.train_prior(sys.argv[1], sys.argv[2], step_callback=kill, **SETTINGS)
"""


@pytest.mark.parametrize(
    ("place", "words"), [((1, 3), "step 2 of epoch 1"), ((2, 6), "step 5 of epoch 2")]
)
def test_a_run_killed_within_an_epoch_goes_on_to_the_same_bits(
    model_path: Path,
    corpus_dir: Path,
    tmp_path: Path,
    tiny_prior: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    place: tuple[int, int],
    words: str,
) -> None:
    """Lengths of batches, dropout, hidden frames and frames ahead are all drawn on the way."""
    settings = tiny_prior | {"dropout": 0.2, "ahead_share": 0.5, "long_every": 2}
    unbroken = Path(shutil.copy(model_path, tmp_path / "unbroken.sda"))
    expected = distill.train_prior(unbroken, corpus_dir, **settings)

    script = KILLED.replace("PLACE", repr(place)).replace("SETTINGS", repr(settings))
    killed = subprocess.run(
        [sys.executable, "-c", script, str(model_path), str(corpus_dir)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with caplog.at_level(logging.WARNING):
        result = distill.train_prior(model_path, corpus_dir, **settings)
    assert f"Going on after {words} of a run that was cut off." in caplog.messages
    weights = result["prior_model"].state_dict()
    for name, tensor in expected["prior_model"].state_dict().items():
        assert torch.equal(tensor, weights[name]), name
    assert result["history"] == expected["history"]


def test_what_is_drawn_at_best_epochs_changes_no_training(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    settings = tiny_prior | {"max_epochs": 4, "patience": 99, "dropout": 0.2, "mask_rate": 0.2}
    without = run_of(model_path, corpus_dir, **settings)
    without.run(lambda metrics: None)
    without.checkpoint.unlink()

    shown = []

    def draw(best: BestEpoch) -> None:
        prior = best.make_model().require_prior()
        shown.append((best.epoch, {name: w.clone() for name, w in prior.state_dict().items()}))
        # As dropout would draw; and the model is a copy.
        torch.rand(10)
        with torch.no_grad():
            next(prior.parameters()).fill_(9.0)

    first = run_of(model_path, corpus_dir, **settings)
    first.best_callback = draw
    first.run(lambda metrics: first.cancel_event.set() if metrics.epoch == 2 else None)
    second = run_of(model_path, corpus_dir, **settings)
    second.best_callback = draw
    second.resume_if_possible()
    second.run(lambda metrics: None)

    expected = without.prior.state_dict()
    assert all(torch.equal(expected[n], tensor) for n, tensor in second.prior.state_dict().items())
    assert second.progress.history == without.progress.history
    best = without.progress.best_weights
    assert best is not None
    epoch, weights = shown[-1]
    assert epoch == without.progress.best_epoch
    assert all(torch.equal(best[name], tensor) for name, tensor in weights.items())
    losses = [point["val_loss"] for point in without.progress.history]
    better = [n for n in range(1, 5) if losses[n - 1] < min(losses[: n - 1], default=math.inf)]
    # Who stops a training waits for no sounds.
    assert [number for number, _ in shown] == [n for n in better if n != 2]


def test_a_checkpoint_of_other_settings_is_left_alone(
    model_path: Path,
    corpus_dir: Path,
    tiny_prior: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = run_of(model_path, corpus_dir, **tiny_prior)
    first.run(lambda metrics: first.cancel_event.set())
    other = run_of(model_path, corpus_dir, **tiny_prior | {"hidden_size": 16})
    with caplog.at_level(logging.WARNING):
        other.resume_if_possible()
    assert other.progress == PriorProgress()
    assert "other settings" in caplog.text


def test_a_full_disk_under_the_checkpoint_ends_no_training(
    model_path: Path,
    corpus_dir: Path,
    tiny_prior: dict[str, Any],
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is said once; the next checkpoint tries again."""
    monkeypatch.setattr("distill.training.prior.checkpoint.CHECKPOINT_EVERY_S", 0.0)
    run = run_of(model_path, corpus_dir, **tiny_prior | {"max_epochs": 4, "patience": 9})
    caplog.clear()
    present = []

    def fill(metrics: PriorEpochMetrics) -> None:
        present.append(run.checkpoint.exists())
        full_disk(1_000 if metrics.epoch < 4 else None)

    full_disk(1_000)
    run.run(fill)
    assert run.progress.epoch == 4
    (message,) = caplog.messages
    assert message.startswith(f"Cannot write {run.checkpoint}: File too large. Training goes on")
    assert present == [False] * 4
    assert run.checkpoint.exists()
    assert sorted(path.name for path in run.checkpoint.parent.iterdir()) == [
        "m.sda",
        "m.sda.prior.ckpt",
    ]
