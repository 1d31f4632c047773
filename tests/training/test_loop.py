"""Codec training from a folder to a file: interrupted, resumed, refused."""

import os
import shutil
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.audio import stft
from distill.errors import CacheError, CheckpointError, DistillError, OutputError, PriorPresentError
from distill.models.persistence import load_model_v2, read_header
from distill.settings import SAMPLE_RATE
from distill.training.codec.budget import WARMUP_STEPS
from distill.training.config import VQVAEConfig
from distill.training.metrics import StepMetrics, TrainingEvent, ValidationMetrics
from distill.training.paths import checkpoint_path


def stop_after(step: int) -> tuple[threading.Event, Callable[[TrainingEvent], None]]:
    cancelled = threading.Event()

    def watch(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step >= step:
            cancelled.set()

    return cancelled, watch


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_model_v2(path).model.state_dict()


@pytest.mark.parametrize(("stop", "threads"), [(3, 1), (17, 2)])
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], stop: int, threads: int
) -> None:
    tiny["threads"] = threads
    whole, parts = tmp_path / "whole.sda", tmp_path / "parts.sda"
    distill.train(corpus_dir, whole, steps=30, **tiny)
    cancelled, watch = stop_after(stop)
    first = distill.train(
        corpus_dir, parts, steps=30, callback=watch, cancel_event=cancelled, **tiny
    )
    assert not first.finished
    assert first.steps == stop
    assert checkpoint_path(parts).exists()
    torch.manual_seed(12345)
    torch.set_num_threads(3 - threads)
    second = distill.resume(parts)
    assert second.finished
    assert not checkpoint_path(parts).exists()
    a, b = weights(whole), weights(parts)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_first_checkpoint_comes_before_the_first_model(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed between the two leaves what can go on, not what looks finished."""
    output = tmp_path / "m.sda"
    cancelled, watch = stop_after(3)
    replaced: list[str] = []
    replace = os.replace

    def observe(source: Any, target: Any) -> None:
        replaced.append(Path(target).suffix)
        replace(source, target)

    monkeypatch.setattr(os, "replace", observe)
    distill.train(corpus_dir, output, steps=9, callback=watch, cancel_event=cancelled, **tiny)
    saved = [suffix for suffix in replaced if suffix in (".sda", checkpoint_path(output).suffix)]
    assert saved[:2] == [checkpoint_path(output).suffix, ".sda"]


def test_an_emptied_cache_loses_nothing(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training ends in one sentence, with its state saved, and goes on as if unbroken."""
    whole, parts = tmp_path / "whole.sda", tmp_path / "parts.sda"
    distill.train(corpus_dir, whole, steps=12, **tiny)
    cache = tmp_path / "cache"
    monkeypatch.setenv("DISTILL_CACHE", str(cache))

    def empty(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics) and event.step == 3:
            shutil.rmtree(cache)

    with pytest.raises(CacheError, match=f"{cache}.+ is saved"):
        distill.train(corpus_dir, parts, steps=12, callback=empty, **tiny)
    assert checkpoint_path(parts).exists()
    assert distill.resume(parts).finished
    a, b = weights(whole), weights(parts)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_stopped_before_the_first_step_and_resumed(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    whole, late = tmp_path / "whole.sda", tmp_path / "late.sda"
    distill.train(corpus_dir, whole, steps=5, **tiny)
    cancelled = threading.Event()
    cancelled.set()
    first = distill.train(corpus_dir, late, steps=5, cancel_event=cancelled, **tiny)
    assert (first.steps, first.finished, late.exists()) == (0, False, False)
    assert distill.resume(late).finished
    a, b = weights(whole), weights(late)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_training_that_an_earlier_version_began_goes_on(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun.sda"
    cancelled, watch = stop_after(3)
    model_arguments = VQVAEConfig.model_arguments
    with monkeypatch.context() as earlier:
        # Then there were no oscillators.
        earlier.setattr(
            VQVAEConfig,
            "model_arguments",
            lambda *arguments: model_arguments(*arguments) | {"oscillators": False},
        )
        distill.train(corpus_dir, begun, steps=6, callback=watch, cancel_event=cancelled, **tiny)
    assert distill.resume(begun).finished
    assert load_model_v2(begun).config["oscillators"] is False


def test_training_lowers_the_distance_and_fills_the_file(trained: Path, codec_only: Path) -> None:
    metadata = read_header(trained)["metadata"]
    curves = metadata["loss_curves"]
    assert curves[-1]["own_loss"] < 0.7 * curves[0]["own_loss"]
    assert curves[-1]["val_loss"] < curves[0]["val_loss"]
    assert {
        "name",
        "id",
        "created",
        "frame_rate",
        "codebook_hash",
        "corpus",
        "verdict",
        "licence",
    } <= metadata.keys()
    assert metadata["distill_version"] == distill.load(trained).metadata["distill_version"]
    assert len(metadata["corpus"]) == 8
    assert {entry["train_until"] == 0 for entry in metadata["corpus"]} == {True, False}
    assert [level["name"] for level in metadata["level_health"]] == [
        "Structure",
        "Timbre",
        "Detail",
    ]
    assert all(0 < level["utilisation"] <= 1 for level in metadata["level_health"])
    counts = metadata["code_counts"]
    assert (counts.shape, counts.dtype) == ((3, 32), torch.int32)
    assert len(set(counts.sum(1).tolist())) == 1
    assert (counts == 0).sum(1).tolist() == [
        level["dead_codes"] for level in metadata["level_health"]
    ]


def test_minutes_lay_out_the_schedule(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    steps: list[StepMetrics] = []
    validations: list[ValidationMetrics] = []

    def watch(event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics):
            steps.append(event)
        if isinstance(event, ValidationMetrics):
            validations.append(event)

    result = distill.train(corpus_dir, tmp_path / "m.sda", minutes=0.05, callback=watch, **tiny)
    assert result.finished
    assert validations
    for before, after in pairwise(steps):
        assert before.progress <= after.progress <= 1
        # By what was left when the step began: no more than after the one before, no less than when
        # it ended.
        highest = VQVAEConfig().learning_rate * min(1.0, after.step / WARMUP_STEPS)
        assert (
            highest * (1 - after.progress) * (1 - 1e-9)
            <= after.learning_rate
            <= highest * (1 - before.progress)
        )
    assert len(steps[-1].levels) == 3


def test_a_prior_is_not_lost_by_accident(
    trained: Path, corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    copy = tmp_path / "copy.sda"
    copy.write_bytes(trained.read_bytes())
    with pytest.raises(PriorPresentError, match="--discard-prior"):
        distill.train(corpus_dir, copy, steps=2, **tiny)
    assert copy.read_bytes() == trained.read_bytes()
    distill.train(corpus_dir, copy, steps=2, discard_prior=True, **tiny)
    assert load_model_v2(copy).prior is None


def test_outputs_that_cannot_be_are_refused_first(corpus_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "thesis.sda"
    other.write_text("precious")
    for output, words in (
        (tmp_path / "no" / "m.sda", "folder"),
        (tmp_path / "m.wav", ".sda"),
        (other, "no usable Distill"),
    ):
        with pytest.raises(OutputError, match=words):
            distill.train(corpus_dir, output, steps=1)
    assert other.read_text() == "precious"


def test_resume_needs_a_checkpoint_and_the_same_corpus(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        distill.resume(tmp_path / "m.sda")
    cancelled, watch = stop_after(2)
    distill.train(
        corpus_dir, tmp_path / "m.sda", steps=9, callback=watch, cancel_event=cancelled, **tiny
    )
    other = tmp_path / "other"
    other.mkdir()
    sf.write(other / "a.wav", np.sin(np.arange(9000) / 20), SAMPLE_RATE)
    with pytest.raises(CheckpointError, match="has changed"):
        distill.resume(tmp_path / "m.sda", sounds=other)
    checkpoint_path(tmp_path / "m.sda").write_bytes(b"rubbish")
    with pytest.raises(CheckpointError, match="damaged"):
        distill.resume(tmp_path / "m.sda")


def test_a_rate_that_diverges_ends_in_a_sentence(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    with pytest.raises(DistillError, match="lower learning rate"):
        distill.train(corpus_dir, tmp_path / "m.sda", steps=200, learning_rate=100, **tiny)


def test_one_step_makes_a_model(corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    assert distill.train(corpus_dir, tmp_path / "m.sda", steps=1, **tiny).finished
    assert load_model_v2(tmp_path / "m.sda").model.rvq.codebooks.abs().sum() > 0


def test_decoding_first_does_not_spoil_training(
    trained: Path, corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    """Windows are made once: what was made while decoding must do for training."""
    stft._windows.clear()
    distill.generate(distill.load(trained, threads=1), duration=0.5)
    assert distill.train(corpus_dir, tmp_path / "m.sda", steps=2, **tiny).finished


@pytest.mark.parametrize("lengths", [[40], [2000, 1900], [3, 48_000]])
def test_the_smallest_corpora_train(
    tmp_path: Path, tiny: dict[str, Any], lengths: list[int]
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i, n in enumerate(lengths):
        sf.write(folder / f"{i}.wav", rng.uniform(-0.5, 0.5, n), SAMPLE_RATE)
    result = distill.train(folder, tmp_path / "m.sda", steps=6, **tiny)
    assert result.finished
    assert np.isfinite(result.train_loss)


def test_a_prior_made_meanwhile_is_not_lost_on_resume(
    corpus_dir: Path, tmp_path: Path, tiny: dict[str, Any], tiny_prior: dict[str, Any]
) -> None:
    path = tmp_path / "m.sda"
    cancelled, watch = stop_after(20)
    distill.train(corpus_dir, path, steps=30, callback=watch, cancel_event=cancelled, **tiny)
    distill.train_prior(path, corpus_dir, **tiny_prior)
    with pytest.raises(PriorPresentError, match="--discard-prior"):
        distill.resume(path)
    assert load_model_v2(path).prior is not None
    assert distill.resume(path, discard_prior=True).finished
