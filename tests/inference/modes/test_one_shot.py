"""Sounds that end by themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.inference.generate import Generated, generate
from distill.inference.modes.request import ModeSettings, Request
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel, load_model_v2


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return load_model_v2(trained)


def one_shot(
    loaded: LoadedVQModel, duration: float = 3.0, seed: int = 0, **options: object
) -> Generated:
    mode = ModeSettings("one-shot")
    (sound,) = generate(loaded, Request(duration, seed, mode=mode, **options))  # type: ignore[arg-type]
    return sound


def ending_after(loaded: LoadedVQModel, frames: int) -> LoadedVQModel:
    """The same, but every sound lasts so long."""
    assert loaded.prior is not None
    prior_metadata = {**(loaded.prior_metadata or {}), "longest_sound_frames": frames}
    return replace(loaded, prior_metadata=prior_metadata)


def test_it_ends_before_the_longest_of_the_corpus_does(loaded: LoadedVQModel) -> None:
    """The corpus is plucks of up to 0.92 s."""
    lengths = {one_shot(loaded, seed=seed).audio.shape[1] for seed in range(4)}
    assert max(lengths) <= 0.95 * 48_000
    assert len(lengths) > 1


def test_nothing_silent_follows_and_the_end_is_no_click(loaded: LoadedVQModel) -> None:
    for seed in range(3):
        sound = one_shot(loaded, seed=seed)
        end = sound.audio[:, -round(0.02 * sound.sample_rate) :]
        assert np.square(end).mean() > np.square(sound.audio).mean() * 1e-8
        assert abs(sound.audio[0, -1]) < 1e-6
        assert len(sound.codes) == -(-sound.audio.shape[1] // loaded.model.frame_hop)


def test_duration_is_the_longest_and_longer_begins_alike(loaded: LoadedVQModel) -> None:
    """Where it is cut off, it goes on the same when it may be longer."""
    assert loaded.prior is not None
    endless = load_model_v2(loaded.path)
    assert endless.prior is not None
    assert endless.prior.pointer is not None
    assert endless.prior.pointer.ending is not None
    with torch.no_grad():
        endless.prior.pointer.ending.score.bias.fill_(-1e4)
    endless = ending_after(endless, 10_000)
    short = one_shot(endless, 0.3, seed=5)
    assert short.audio.shape[1] <= 0.3 * 48_000
    long = one_shot(endless, 0.8, seed=5, gain=short.recipe.gain)
    assert long.audio.shape[1] >= short.audio.shape[1]
    alike = short.audio.shape[1] - round(0.02 * 48_000)
    assert np.abs(short.audio[:, :alike] - long.audio[:, :alike]).max() < 1e-4


def test_it_begins_after_whole_recordings(loaded: LoadedVQModel) -> None:
    sound = one_shot(loaded, sampling=Sampling(like="high/", lead_in=0.5))
    assert sound.prompt_names
    assert all(name.startswith("high/") for name in sound.prompt_names)
