"""Trainings that cannot go well, each with its verdict."""

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
import torch

import distill
from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest, split_by_manifest
from distill.errors import DivergedError
from distill.models.persistence import read_header
from distill.settings import SAMPLE_RATE
from distill.training.codec import budget
from distill.training.codec.trainer import CodecTrainer
from distill.training.codec.validation import measure_health
from distill.training.codec.verdict import Facts, judge
from distill.training.config import VQVAEConfig
from distill.training.metrics import (
    StepMetrics,
    StoppingEarly,
    TrainingEvent,
    ValidationMetrics,
    VerdictKind,
)
from distill.training.paths import checkpoint_path


@pytest.fixture
def smallest(tiny: dict[str, Any]) -> dict[str, Any]:
    """Settings for hundreds of steps in seconds."""
    return tiny | {
        "hidden_size": 16,
        "codebook_size": 16,
        "num_quantizers": 2,
        "batch_size": 2,
        "crop_frames": 6,
    }


@pytest.fixture
def noise_dir(tmp_path: Path) -> Path:
    """Six files of white noise."""
    folder = tmp_path / "noise"
    folder.mkdir()
    for i in range(6):
        noise = np.random.default_rng(i).uniform(-0.5, 0.5, SAMPLE_RATE // 3)
        sf.write(folder / f"{i}.wav", noise, SAMPLE_RATE, "PCM_24")
    return folder


def test_a_rate_far_too_high_ends_in_a_sentence_and_no_file(
    corpus_dir: Path, tmp_path: Path, smallest: dict[str, Any]
) -> None:
    path = tmp_path / "m.sda"
    with pytest.raises(DivergedError, match=r"diverged by step .* learning rate \(it was 10\)"):
        distill.train(corpus_dir, path, steps=200, learning_rate=10.0, **smallest)
    assert not path.exists()
    assert not checkpoint_path(path).exists()


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """One steady tone in one file, every moment of it like any other: its period divides a code
    frame."""
    folder = tmp_path / "tone"
    folder.mkdir()
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sf.write(folder / "tone.wav", 0.3 * np.sin(2 * np.pi * 375 * t), SAMPLE_RATE, "PCM_24")
    return folder


def test_sounds_too_much_alike_for_their_codes(
    tone: Path, tmp_path: Path, smallest: dict[str, Any]
) -> None:
    settings = smallest | {"codebook_size": 64, "learning_rate": 1e-3, "early_stop": False}
    result = distill.train(tone, tmp_path / "m.sda", steps=120, **settings)
    assert result.verdict_kind == VerdictKind.COLLAPSED
    assert all(level.perplexity < 2.5 for level in result.levels)
    structure, detail = (level.utilisation for level in result.levels)
    assert f"Structure uses {structure:.0%}, Detail {detail:.0%}" in result.verdict
    assert "add different ones" in result.verdict


def test_a_level_with_one_entry_that_is_ever_near(
    corpus_dir: Path, smallest: dict[str, Any]
) -> None:
    clips = scan_corpus(corpus_dir).clips
    split = split_by_manifest(clips, make_manifest(clips))
    trainer = CodecTrainer(
        VQVAEConfig(steps=10, **smallest), split, SAMPLE_RATE, torch.device("cpu")
    )
    trainer.step()
    curve = [
        {"step": 200 + i, "train_loss": 3.0, "own_loss": 3.0 - i, "val_loss": 3.0 - i}
        for i in range(3)
    ]
    assert (
        judge(Facts(curve, measure_health(trainer.finish().code_counts))).kind
        == VerdictKind.LEARNING
    )
    trainer.codec.rvq.codebooks[1, 1:] = 1e3
    verdict = judge(Facts(curve, measure_health(trainer.finish().code_counts)))
    assert verdict.kind == VerdictKind.COLLAPSED
    assert "Detail uses 6%" in verdict.sentence


def test_copies_of_one_file(corpus_dir: Path, tmp_path: Path, smallest: dict[str, Any]) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    sound, _ = sf.read(corpus_dir / "high" / "pluck 5.wav")
    for i in range(6):
        sf.write(folder / f"{i}.wav", sound * 0.8**i, SAMPLE_RATE, "PCM_24")
    result = distill.train(folder, tmp_path / "m.sda", steps=6, **smallest)
    assert result.verdict_kind == VerdictKind.REPEATED
    assert "5 of 6 files are copies" in result.verdict
    metadata = read_header(tmp_path / "m.sda")["metadata"]
    assert (metadata["verdict"], metadata["verdict_kind"]) == (result.verdict, "repeated")


def test_noise_is_said_to_be_noise_and_stops_early(
    noise_dir: Path, tmp_path: Path, smallest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "VALIDATE_EVERY_STEPS", 15)
    events: list[TrainingEvent] = []
    settings = smallest | {"learning_rate": 1e-3, "steps": 300}
    result = distill.train(noise_dir, tmp_path / "m.sda", callback=events.append, **settings)
    assert result.finished
    assert result.stopped_early
    assert result.verdict_kind == VerdictKind.NOISE
    assert "100% of your files are plain noise" in result.verdict
    judged = [event for event in events if isinstance(event, ValidationMetrics)]
    assert {event.verdict_kind for event in judged} == {VerdictKind.NOISE}
    (stop,) = (event for event in events if isinstance(event, StoppingEarly))
    assert stop.step < result.steps < 1.2 * stop.step < 300
    # Two draws of such noise are 1.32 apart: no training comes nearer.
    assert 1.2 < judged[-1].own_loss < 1.8


def test_without_early_stop_all_steps_are_done(
    noise_dir: Path, tmp_path: Path, smallest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "VALIDATE_EVERY_STEPS", 4)
    nothing_moves = smallest | {
        "learning_rate": 1e-9,
        "steps": 80,
        "crop_frames": 2,
        "batch_size": 1,
    }
    early = distill.train(noise_dir, tmp_path / "m.sda", **nothing_moves)
    assert early.stopped_early
    assert early.steps < 80
    options = {"early_stop": False, "overwrite": True}
    result = distill.train(noise_dir, tmp_path / "m.sda", **options, **nothing_moves)
    assert (result.steps, result.stopped_early) == (80, False)
    assert read_header(tmp_path / "m.sda")["metadata"]["training"]["early_stop"] is False


def test_an_early_stop_stays_one_when_training_is_resumed(
    noise_dir: Path, tmp_path: Path, smallest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "VALIDATE_EVERY_STEPS", 4)
    nothing_moves = smallest | {
        "learning_rate": 1e-9,
        "steps": 80,
        "crop_frames": 2,
        "batch_size": 1,
    }
    path, cancel, stops = tmp_path / "m.sda", threading.Event(), []

    def stop_in_the_last_stretch(event: TrainingEvent) -> None:
        if isinstance(event, StoppingEarly):
            stops.append(event.step)
        if stops and isinstance(event, StepMetrics) and event.step == stops[0] + 3:
            cancel.set()

    first = distill.train(
        noise_dir, path, callback=stop_in_the_last_stretch, cancel_event=cancel, **nothing_moves
    )
    assert not first.finished
    result = distill.resume(path)
    assert result.finished
    assert result.stopped_early
    assert result.steps == math.ceil(stops[0] * (1 + budget.COOL_DOWN))
