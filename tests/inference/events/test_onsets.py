"""Onsets in latents: as many as were played, when they were played.

Latents are not quantised here: the codebooks of a codec trained for seconds hold no quiet sounds.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from distill.inference.events.onsets import APART_S, find_onsets
from distill.models.persistence import load_model_v2
from distill.models.vqvae import VQVAE
from tests.conftest import pluck

RATE = 48_000


@pytest.fixture(scope="module")
def codec(trained: Path) -> VQVAE:
    return load_model_v2(trained).model


def onsets_of(codec: VQVAE, sound: np.ndarray) -> np.ndarray:
    """Onsets of a mono sound, in seconds."""
    channels = np.repeat(sound[None], codec.config["channels"], 0).astype(np.float32)
    channels = channels[:, : channels.shape[1] // codec.frame_hop * codec.frame_hop]
    latents = codec.latents(torch.from_numpy(channels)[None])[0]
    onsets: np.ndarray = find_onsets(codec, latents) / codec.frame_rate
    return onsets


def plucks_at(times: list[float], seconds: float) -> np.ndarray:
    sound = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * RATE))
    for i, time in enumerate(times):
        note = pluck(220.0 * (1 + i % 3), 0.4, seed=i)
        first = round(time * RATE)
        part = sound[first : first + len(note)]
        part += note[: len(part)]
    return sound


@pytest.mark.parametrize("times", [[0.5, 1.0, 1.7], [0.311, 0.777, 1.404, 2.2]])
def test_each_pluck_is_an_onset_at_its_time(codec: VQVAE, times: list[float]) -> None:
    found = onsets_of(codec, plucks_at(times, 3.0))
    assert len(found) == len(times)
    assert np.abs(found - times).max() < 0.02


def test_steady_noise_has_no_onset(codec: VQVAE) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(3 * RATE)
    assert not len(onsets_of(codec, noise))


def test_silence_and_nothing_have_no_onset(codec: VQVAE) -> None:
    assert not len(onsets_of(codec, np.zeros(RATE)))
    D = codec.rvq.codebooks.shape[-1]
    assert not len(find_onsets(codec, torch.zeros(0, D)))


def test_onsets_are_apart(codec: VQVAE) -> None:
    found = onsets_of(codec, plucks_at([0.5, 0.52, 1.0], 2.0))
    assert len(found) == 2
    assert np.diff(found).min() >= APART_S
