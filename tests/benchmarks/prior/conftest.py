"""Sounds whose rhythm and movement are known."""

from collections.abc import Callable

import numpy as np
import pytest

from distill.settings import SAMPLE_RATE

Hits = Callable[..., np.ndarray]


def _hits(
    bpm: float, seconds: float, jitter_s: float = 0.0, seed: int = 0, fall_db: float = 200.0
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sound = 1e-4 * rng.standard_normal(round(seconds * SAMPLE_RATE))
    times = np.arange(0.1, seconds - 0.1, 60 / bpm)
    for at in np.clip(times + rng.normal(0, jitter_s, len(times)), 0, seconds - 0.1):
        start = round(at * SAMPLE_RATE)
        since = np.arange(len(sound) - start) / SAMPLE_RATE
        sound[start:] += 0.2 * rng.standard_normal(len(since)) * 10 ** (-fall_db * since / 20)
    return sound


@pytest.fixture
def hits() -> Hits:
    """Makes noise hits `[N]`: `hits(bpm, seconds, jitter_s=0, seed=0, fall_db=200)`.

    `jitter_s` is the standard deviation of their times, `fall_db` how they fall in dB a second.
    """
    return _hits
