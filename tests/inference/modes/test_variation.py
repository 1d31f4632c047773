"""Variations keep some of a sound."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.io import read_audio
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.encode import encode_sound
from distill.inference.copies.meter import CopyMeter
from distill.inference.copies.report import CopyReport
from distill.inference.generate import Generated, generate
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.modes.variation import fixed_frames
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.settings import SAMPLE_RATE

SOUND = 0.2 * np.random.default_rng(0).standard_normal((1, 2 * SAMPLE_RATE)).astype(np.float32)
SOUND *= np.abs(np.sin(np.arange(SOUND.shape[1]) * 5 / SAMPLE_RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def variation(loaded: LoadedVQModel, amount: float) -> Generated:
    mode = ModeSettings("variation", amount=amount)
    source = Source("sound.wav", "ab", SOUND)
    (sound,) = generate(loaded, Request(seed=4, mode=mode, source=source))
    return sound


def test_none_of_it_gives_the_sound_back(loaded: LoadedVQModel) -> None:
    grid = encode_sound(loaded, SOUND)
    sound = variation(loaded, 0)
    assert np.array_equal(sound.codes.numpy(), grid.codes)
    assert np.array_equal(sound.audio, decode_sound(loaded, grid))


def test_more_of_it_changes_more(loaded: LoadedVQModel) -> None:
    source = torch.tensor(encode_sound(loaded, SOUND).codes)
    changed = []
    for amount in (0.3, 1.0):
        sound = variation(loaded, amount)
        assert sound.audio.shape == SOUND.shape
        assert sound.recipe.way.amount == amount
        changed.append((sound.codes != source).any(1))
    assert 0 < changed[0].sum() < changed[1].sum()
    assert not changed[1][:12].any()
    assert changed[1][12:].float().mean() > 0.5


@given(frames=st.integers(1, 500), event=st.integers(1, 30), seed=st.integers(0, 99))
def test_larger_amounts_change_what_smaller_ones_do(frames: int, event: int, seed: int) -> None:
    masks = [fixed_frames(frames, amount, event, seed) for amount in (0.0, 0.3, 0.7, 1.0)]
    assert masks[0].all()
    assert all((less | ~extra).all() for less, extra in pairwise(masks))
    assert masks[-1].sum() == min(frames, max(1, min(event, frames // 4)))


def test_the_share_is_the_amount_and_comes_in_stretches() -> None:
    kept = fixed_frames(50_000, 0.3, 12, 0)
    assert (~kept).float().mean() == pytest.approx(0.3, abs=0.03)
    changes = int((kept[1:] != kept[:-1]).sum())
    assert changes < 2 * 50_000 / 12


def repeated(report: CopyReport) -> float:
    """Percent in passages or single events: a pluck alone is no passage."""
    return report.passage_percent + report.event_percent


def test_what_is_kept_is_no_copy(loaded: LoadedVQModel, corpus_dir: Path) -> None:
    """A variation of a recording that was learned from holds much of it: what counts is what was
    drawn."""
    index = (loaded.prior_metadata or {})["copy_index"]
    names = [entry["name"] for entry in index["passages"]]
    longest = max(names, key=lambda name: sf.info(corpus_dir / name).frames)
    audio = np.tile(read_audio(corpus_dir / longest), 3)
    mode = ModeSettings("variation", amount=0)
    source = Source(longest, "ab", audio)
    (kept,) = generate(loaded, Request(seed=4, mode=mode, source=source, max_copy=0))
    assert kept.copy is not None
    assert (kept.draws, kept.copy.passage_percent, kept.copy.passage) == (1, 0, None)
    assert not any(kept.copy.runs)
    meter = CopyMeter(loaded.model, index)
    assert repeated(meter.measure(kept.codes, kept.audio)) > 50
    # Of a half, as of that half alone: here all of it was learned.
    half = torch.arange(len(kept.codes)) >= len(kept.codes) // 2
    assert repeated(meter.measure(kept.codes, kept.audio, half)) > 50
