"""Onsets in latents: as many as were played, when they were played."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from distill.inference.events.onsets import APART_S, find_onsets
from distill.models.chunked import encode_audio
from distill.models.vqvae import VQVAE
from tests.inference.events.banks import HOP, RATE, fitted_codec, plucks_at

TIMES = [[0.5, 1.0, 1.7], [0.311, 0.777, 1.404, 2.2]]


@pytest.fixture(scope="module")
def codec() -> VQVAE:
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    return fitted_codec([*(plucks_at(times, 3.0) for times in TIMES), noise])


def onsets_of(codec: VQVAE, sound: np.ndarray) -> np.ndarray:
    """Onsets of a mono sound by its codes, in seconds."""
    codes = encode_audio(codec, sound[None].astype(np.float32))
    onsets: np.ndarray = find_onsets(codec, codec.rvq.lookup(codes)) / codec.frame_rate
    return onsets


@pytest.mark.parametrize("times", TIMES)
def test_each_pluck_is_an_onset_at_its_time(codec: VQVAE, times: Sequence[float]) -> None:
    found = onsets_of(codec, plucks_at(times, 3.0))
    assert len(found) == len(times)
    assert np.abs(found - times).max() < 0.012


def test_steady_noise_has_no_onset(codec: VQVAE) -> None:
    # Whole frames: silence after the last sample would be an edge.
    noise = 0.1 * np.random.default_rng(1).standard_normal(140 * HOP)
    assert not len(onsets_of(codec, noise))


def test_silence_and_nothing_have_no_onset(codec: VQVAE) -> None:
    assert not len(onsets_of(codec, np.zeros(RATE)))
    assert not len(find_onsets(codec, torch.zeros(0, codec.rvq.codebooks.shape[-1])))


def test_onsets_are_apart(codec: VQVAE) -> None:
    found = onsets_of(codec, plucks_at([0.5, 0.52, 1.0], 2.0))
    assert len(found) == 2
    assert np.diff(found).min() >= APART_S
