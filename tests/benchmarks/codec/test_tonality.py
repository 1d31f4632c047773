"""The share of power on partials, and the bank of oscillators."""

import numpy as np

from benchmarks.codec.oscillators import play_partials
from benchmarks.codec.tonality import shares_on_partials
from distill.settings import SAMPLE_RATE


def chord(hz: float) -> np.ndarray:
    """Two seconds of a tone with five partials, `[N]`."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    partials = [np.sin(2 * np.pi * hz * n * time) / n for n in range(1, 6)]
    return 0.2 * np.sum(partials, axis=0)


def test_power_beside_the_partials_does_not_count() -> None:
    tone = chord(330)[None]
    noise = np.random.default_rng(0).normal(0, 0.1, tone.shape)
    own, out_of_tune, hiss = shares_on_partials(tone, chord(362)[None], noise)
    assert own > 0.99
    assert out_of_tune < 0.3
    assert hiss < 0.2


def test_oscillators_keep_partials_without_phases() -> None:
    tone = chord(330)
    played = play_partials(tone)
    assert played.shape == tone.shape
    assert shares_on_partials(tone[None], played[None])[1] > 0.9
