import math
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

from distill.data.streams import string_together, windows
from distill.errors import CorpusError, ModelFileError, UsageError
from distill.library import workflows
from distill.models.persistence import load_model_v2, save_prior_to_model
from distill.models.prior import CodePrior
from distill.settings import SAMPLE_RATE
from distill.training import prior_loop
from distill.training.checkpoint import checkpoint_path
from distill.training.metrics import PriorEpochMetrics
from distill.training.prior_config import PriorConfig
from distill.training.prior_data import draw_batch, stack
from distill.training.prior_loop import (
    check_memorization,
    train_prior,
    train_prior_epoch,
    validate_prior_epoch,
)


@pytest.mark.parametrize(
    ("perplexity", "files", "memorizing"),
    [
        (1.9, 20, True),
        (2.1, 20, False),
        (2.9, 21, True),
        (3.0, 100, False),
        (4.9, 101, True),
        (5.0, 500, False),
    ],
)
def test_memorisation_is_judged_by_corpus_size(perplexity: float, files: int, memorizing: bool) -> None:
    warned, message = check_memorization(perplexity, 128, files)
    assert warned is memorizing
    assert bool(message) is memorizing


def test_an_epoch_lowers_the_loss_and_validation_is_its_exponential() -> None:
    torch.manual_seed(0)
    prior = CodePrior(8, 32, 2, hidden_size=32, num_layers=1, num_heads=2, dropout=0.0)
    optimizer = torch.optim.Adam(prior.parameters(), 1e-2)
    pattern = torch.stack([torch.arange(24) % 8, torch.arange(24) % 3], 1)
    stream = string_together([pattern, pattern + 0], [0, 1])
    before, _ = validate_prior_epoch(prior, windows(stream, 16))
    rng = np.random.default_rng(0)
    batches = [stack(draw_batch(stream, 4, 16, rng), torch.device("cpu")) for _ in range(40)]
    train_prior_epoch(prior, optimizer, batches)
    after, perplexity = validate_prior_epoch(prior, windows(stream, 16))
    assert after < 0.5 * before
    assert perplexity == pytest.approx(math.exp(after))


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
    needed = {"epochs_trained", "final_perplexity", "best_perplexity", "training_date", "codebook_hash"}
    assert needed <= loaded.prior_metadata.keys()
    assert loaded.prior_metadata["codebook_hash"] == loaded.model.codebook_hash()


def test_the_prior_knows_what_the_codes_stand_for(trained: Path) -> None:
    loaded = load_model_v2(trained)
    assert loaded.prior is not None
    assert loaded.prior.pointer is not None
    ours, theirs = loaded.prior.pointer.entries, loaded.model.rvq.codebooks
    assert torch.allclose(ours / ours.std(), theirs / theirs.std(), atol=1e-4)


@pytest.fixture
def model_path(codec_only: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(codec_only, tmp_path / "m.sda"))


def test_minutes_end_training(model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]) -> None:
    settings = {**tiny_prior, "max_epochs": 10**6, "patience": 10**6, "minutes": 0.01}
    result = train_prior(model_path, corpus_dir, PriorConfig(**settings))
    assert result["prior_model"] is not None
    assert not result["complete"].interrupted


def test_callback_every_epoch_and_no_file_written(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    before, seen = model_path.read_bytes(), []
    result = train_prior(model_path, corpus_dir, PriorConfig(**tiny_prior), seen.append, None)
    assert [type(m) for m in seen] == [PriorEpochMetrics] * 3
    assert [m.epoch for m in seen] == [1, 2, 3]
    assert min(m.val_perplexity for m in seen) == pytest.approx(seen[-1].best_perplexity)
    assert model_path.read_bytes() == before
    assert type(result) is dict
    best = result["prior_model"]
    assert isinstance(best, CodePrior)
    assert save_prior_to_model(model_path, best, result["prior_config"], result["prior_metadata"]) == model_path
    again = load_model_v2(model_path).prior
    assert again is not None
    assert all(torch.equal(a, b) for a, b in zip(best.state_dict().values(), again.state_dict().values(), strict=True))


def test_the_codec_is_not_trained(model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]) -> None:
    before = load_model_v2(model_path).model.state_dict()
    workflows.train_prior(model_path, corpus_dir, **tiny_prior)
    after = load_model_v2(model_path).model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not checkpoint_path(model_path, "prior").exists()


def test_stopping_keeps_the_best_so_far(model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]) -> None:
    cancelled = threading.Event()
    settings = tiny_prior | {"max_epochs": 50}
    result = workflows.train_prior(
        model_path, corpus_dir, callback=lambda m: cancelled.set(), cancel_event=cancelled, **settings
    )
    assert result["complete"].interrupted
    assert result["complete"].epochs_trained == 1
    assert load_model_v2(model_path).prior is not None


def test_stopping_before_the_first_validation_changes_nothing(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any]
) -> None:
    before, cancelled = model_path.read_bytes(), threading.Event()
    result = workflows.train_prior(
        model_path, corpus_dir, step_callback=lambda m: cancelled.set(), cancel_event=cancelled, **tiny_prior
    )
    assert result["prior_model"] is None
    assert model_path.read_bytes() == before


class Killed(Exception):
    pass


def test_a_killed_run_goes_on(
    model_path: Path, corpus_dir: Path, tiny_prior: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior_loop, "CHECKPOINT_EVERY_S", 0.0)

    def kill_after_two(metrics: PriorEpochMetrics) -> None:
        if metrics.epoch == 3:
            raise Killed

    settings = tiny_prior | {"max_epochs": 5}
    with pytest.raises(Killed):
        workflows.train_prior(model_path, corpus_dir, callback=kill_after_two, **settings)
    seen: list[int] = []
    result = workflows.train_prior(model_path, corpus_dir, callback=lambda m: seen.append(m.epoch), **settings)
    assert seen == [3, 4, 5]
    assert len(result["history"]) == 5


def test_files_that_the_codec_never_saw_are_counted(
    model_path: Path, corpus_dir: Path, tmp_path: Path, tiny_prior: dict[str, Any]
) -> None:
    folder = tmp_path / "more"
    shutil.copytree(corpus_dir, folder)
    sf.write(folder / "new.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 20_000), SAMPLE_RATE)
    assert workflows.train_prior(model_path, folder, **tiny_prior)["unknown_files"] == 1


def test_bad_input_is_told(model_path: Path, corpus_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        workflows.train_prior(tmp_path / "none.sda", corpus_dir)
    with pytest.raises(CorpusError):
        workflows.train_prior(model_path, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="--hidden-size"):
        workflows.train_prior(model_path, corpus_dir, hidden_size=30)
