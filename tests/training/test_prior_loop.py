"""Prior training from a folder to a file: interrupted, resumed, refused."""

import re
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.errors import CorpusError, DivergedError, ModelFileError, UsageError
from distill.models.persistence import load_model_v2, save_prior_to_model
from distill.models.prior import CodePrior
from distill.settings import SAMPLE_RATE
from distill.training.metrics import PriorEpochMetrics, PriorVerdictKind
from distill.training.paths import checkpoint_path
from distill.training.prior import checkpoint
from distill.training.prior_config import PriorConfig
from distill.training.prior_loop import train_prior


def test_the_result_goes_into_the_file(trained: Path) -> None:
    loaded = load_model_v2(trained)
    assert loaded.prior is not None
    assert loaded.prior_config is not None
    assert loaded.prior_metadata is not None
    assert not loaded.prior.training
    assert {
        "hidden_size",
        "num_layers",
        "num_heads",
        "seq_len",
        "num_quantizers",
        "dropout",
    } <= loaded.prior_config.keys()
    needed = {
        "epochs_trained",
        "final_perplexity",
        "best_perplexity",
        "training_date",
        "codebook_hash",
    }
    assert needed <= loaded.prior_metadata.keys()
    assert loaded.prior_metadata["codebook_hash"] == loaded.model.codebook_hash()


def test_the_prior_knows_what_the_codes_stand_for(trained: Path) -> None:
    loaded = load_model_v2(trained)
    assert loaded.prior is not None
    assert loaded.prior.pointer is not None
    entries, codebooks = loaded.prior.pointer.entries, loaded.model.rvq.codebooks
    assert torch.allclose(entries / entries.std(), codebooks / codebooks.std(), atol=1e-4)


@pytest.fixture
def model_path(codec_only: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(codec_only, tmp_path / "m.sda"))


def test_minutes_end_training(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    settings = {**tiny_prior, "max_epochs": 10**6, "patience": 10**6, "minutes": 0.01}
    result = train_prior(model_path, corpus_dir, PriorConfig(**settings))
    assert result["prior_model"] is not None
    assert not result["complete"].interrupted


def test_callback_every_epoch_and_no_file_written(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    before, epochs = model_path.read_bytes(), []
    result = train_prior(model_path, corpus_dir, PriorConfig(**tiny_prior), epochs.append, None)
    assert [type(m) for m in epochs] == [PriorEpochMetrics] * 3
    assert [m.epoch for m in epochs] == [1, 2, 3]
    assert min(m.val_perplexity for m in epochs) == pytest.approx(epochs[-1].best_perplexity)
    assert model_path.read_bytes() == before
    assert type(result) is dict
    best = result["prior_model"]
    assert isinstance(best, CodePrior)
    assert (
        save_prior_to_model(model_path, best, result["prior_config"], result["prior_metadata"])
        == model_path
    )
    repeat = load_model_v2(model_path).prior
    assert repeat is not None
    assert all(
        torch.equal(a, b)
        for a, b in zip(best.state_dict().values(), repeat.state_dict().values(), strict=True)
    )


def test_the_codec_is_not_trained(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    before = load_model_v2(model_path).model.state_dict()
    distill.train_prior(model_path, corpus_dir, **tiny_prior)
    after = load_model_v2(model_path).model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not checkpoint_path(model_path, "prior").exists()


def test_stopping_keeps_the_best_so_far(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    cancelled = threading.Event()
    settings = tiny_prior | {"max_epochs": 50}
    result = distill.train_prior(
        model_path,
        corpus_dir,
        callback=lambda m: cancelled.set(),
        cancel_event=cancelled,
        **settings,
    )
    assert result["complete"].interrupted
    assert result["complete"].epochs_trained == 1
    assert load_model_v2(model_path).prior is not None


def test_stopping_before_the_first_validation_changes_nothing(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    before, cancelled = model_path.read_bytes(), threading.Event()
    result = distill.train_prior(
        model_path,
        corpus_dir,
        step_callback=lambda m: cancelled.set(),
        cancel_event=cancelled,
        **tiny_prior,
    )
    assert result["prior_model"] is None
    assert model_path.read_bytes() == before


class BrokenOff(Exception):
    pass


def test_a_run_that_broke_off_goes_on(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_EVERY_S", 0.0)

    def break_off(metrics: PriorEpochMetrics) -> None:
        if metrics.epoch == 3:
            raise BrokenOff

    settings = tiny_prior | {"max_epochs": 5}
    with pytest.raises(BrokenOff):
        distill.train_prior(model_path, corpus_dir, callback=break_off, **settings)
    epochs: list[int] = []
    result = distill.train_prior(
        model_path, corpus_dir, callback=lambda m: epochs.append(m.epoch), **settings
    )
    assert epochs == [4, 5]
    assert len(result["history"]) == 5


def test_files_that_the_codec_never_saw_are_counted(
    model_path: Path, corpus_dir: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    folder = tmp_path / "more"
    shutil.copytree(corpus_dir, folder)
    sf.write(folder / "new.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 20_000), SAMPLE_RATE)
    assert distill.train_prior(model_path, folder, **tiny_prior)["unknown_files"] == 1


def test_bad_input_is_told(model_path: Path, corpus_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        distill.train_prior(tmp_path / "none.sda", corpus_dir)
    with pytest.raises(CorpusError):
        distill.train_prior(model_path, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--hidden-size"):
        distill.train_prior(model_path, corpus_dir, hidden_size=30)


def noises(folder: Path, seeds: list[int], seconds: float = 0.5) -> Path:
    """A file of bursts for each of `seeds`, no moment of it like another; the same seed, the same
    file."""
    folder.mkdir()
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        levels = rng.uniform(0.01, 0.5, round(10 * seconds)).repeat(SAMPLE_RATE // 10)
        colour = (
            np.cumsum(rng.standard_normal(len(levels)))
            if seed % 2
            else rng.standard_normal(len(levels))
        )
        sf.write(folder / f"{i}.wav", levels * colour / np.abs(colour).max(), SAMPLE_RATE)
    return folder


def test_a_prior_that_learns_by_heart_is_told(
    model_path: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    """Noise teaches nothing that holds for other noise: what gets better is known by heart."""
    settings = {
        "max_epochs": 10,
        "hidden_size": 64,
        "learning_rate": 3e-3,
        "mask_rate": 0.0,
        "dropout": 0.0,
    }
    settings |= {
        "weight_decay": 0.0,
        "encodings": 1,
        "min_steps_per_epoch": 12,
        "patience": 4,
        "ahead_share": 0.0,
    }
    epochs: list[PriorEpochMetrics] = []
    folder = noises(tmp_path / "noise", list(range(8)))
    result = train_prior(model_path, folder, PriorConfig(**tiny_prior | settings), epochs.append)
    outcome, best = result["complete"], min(epochs, key=lambda m: m.val_loss)
    # Which of the two matters more depends on how much of three drawn sounds was heard before.
    assert outcome.verdict_kind in (PriorVerdictKind.OVERFITTING, PriorVerdictKind.COPYING), (
        outcome.verdict
    )
    assert re.search(rf"epoch {best.epoch}\b", outcome.verdict)
    assert PriorVerdictKind.OVERFITTING in {m.verdict_kind for m in epochs}
    stored = result["prior_metadata"]
    assert (stored["verdict"], stored["verdict_kind"]) == (
        outcome.verdict,
        outcome.verdict_kind.value,
    )
    assert stored["copying"]["epoch"] == best.epoch
    assert len(stored["copying"]["percents"]) == 3


def test_copies_of_one_file_are_told(
    model_path: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    folder = noises(tmp_path / "one", [1])
    for i in range(1, 4):
        shutil.copy(folder / "0.wav", folder / f"{i}.wav")
    result = train_prior(model_path, folder, PriorConfig(**tiny_prior))["complete"]
    assert result.verdict_kind == PriorVerdictKind.REPEATED
    assert "3 of 4 files are copies" in result.verdict


def test_what_diverges_later_keeps_the_best(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    config = PriorConfig(**tiny_prior | {"max_epochs": 20, "min_steps_per_epoch": 12})
    epochs: list[PriorEpochMetrics] = []

    def go_astray(metrics: PriorEpochMetrics) -> None:
        epochs.append(metrics)
        config.learning_rate = 1e12

    result = train_prior(model_path, corpus_dir, config, go_astray)
    outcome, best = result["complete"], min(epochs, key=lambda m: m.val_loss)
    assert 1 <= len(epochs) < 20
    assert result["prior_model"] is not None
    assert all(
        torch.isfinite(weight).all() for weight in result["prior_model"].state_dict().values()
    )
    assert (outcome.best_perplexity, outcome.interrupted) == (best.best_perplexity, False)
    assert (outcome.verdict_kind, outcome.epochs_trained) == (
        PriorVerdictKind.DIVERGED,
        len(epochs),
    )
    assert re.search(rf"epoch {best.epoch} are kept.*lower learning rate", outcome.verdict)
    (warning,) = result["warnings"]
    assert warning.startswith(f"Epoch {len(epochs) + 1}: Prior training diverged")
    assert warning.endswith(f"The weights of epoch {best.epoch} are kept.")
    path = save_prior_to_model(
        model_path, result["prior_model"], result["prior_config"], result["prior_metadata"]
    )
    assert load_model_v2(path).prior_metadata["verdict_kind"] == "diverged"


def test_own_sounds_are_judged_as_held_out_ones_are(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    """Without dropout and masks: of a network that hardly learns, only the loss of the steps
    depends on those."""
    still = tiny_prior | {"max_epochs": 1, "learning_rate": 1e-12}
    epochs: list[PriorEpochMetrics] = []
    for hard in ({"dropout": 0.0, "mask_rate": 0.0}, {"dropout": 0.8, "mask_rate": 0.9}):
        result = train_prior(model_path, corpus_dir, PriorConfig(**still | hard), epochs.append)
        assert [point["own_loss"] for point in result["history"]] == [epochs[-1].own_loss]
    easy, difficult = epochs
    assert easy.own_loss == pytest.approx(difficult.own_loss, abs=1e-5)
    assert easy.val_loss == pytest.approx(difficult.val_loss, abs=1e-5)
    assert abs(easy.train_loss - difficult.train_loss) > 1e-5


def test_the_loss_of_each_level_is_told(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    epochs: list[PriorEpochMetrics] = []
    result = train_prior(model_path, corpus_dir, PriorConfig(**tiny_prior), epochs.append)
    for metrics, point in zip(epochs, result["history"], strict=True):
        assert len(metrics.level_losses) == 3
        assert sum(metrics.level_losses) / 3 == pytest.approx(metrics.val_loss)
        assert point["level_losses"] == list(metrics.level_losses)
    best = min(epochs, key=lambda m: m.val_loss)
    assert (
        result["level_losses"]
        == result["prior_metadata"]["level_losses"]
        == list(best.level_losses)
    )


def test_a_rate_far_too_high_ends_in_a_sentence(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    config = PriorConfig(**tiny_prior | {"learning_rate": 3.0, "min_steps_per_epoch": 12})
    with pytest.raises(DivergedError, match="lower learning rate"):
        train_prior(model_path, corpus_dir, config)
