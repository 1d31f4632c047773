"""The peak limiter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.limiter import limit_blocks, limit_peaks, limiter_reach
from distill.settings import SAMPLE_RATE


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((1, round(seconds * SAMPLE_RATE)))).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(level=st.floats(0.01, 20), seed=st.integers(0, 50), seconds=st.floats(0.001, 0.5))
def test_limiter_never_overshoots(level: float, seed: int, seconds: float) -> None:
    limited = limit_peaks(noise(seconds, level, seed), SAMPLE_RATE, -0.5)
    assert np.abs(limited).max() <= 10 ** (-0.5 / 20) + 1e-6


@given(seed=st.integers(0, 50), cuts=st.lists(st.integers(0, 3 * SAMPLE_RATE), max_size=5))
@settings(max_examples=10)
def test_limited_in_blocks_is_limited_whole(seed: int, cuts: list[int]) -> None:
    """Peaks in some places only, where blocks and the limiter's own pieces meet among them."""
    sound = noise(3, 0.1, seed)
    for place in (
        SAMPLE_RATE - 100,
        SAMPLE_RATE + 5,
        *np.random.default_rng(seed).integers(0, 3 * SAMPLE_RATE, 5),
    ):
        sound[:, place] = 3.0
    blocks = np.split(sound, sorted(cuts), axis=1)
    limited = np.concatenate(list(limit_blocks(blocks, SAMPLE_RATE, 0.0)), axis=1)
    assert np.abs(limited - limit_peaks(sound, SAMPLE_RATE, 0.0)).max() < 1e-6
    assert np.abs(limited).max() <= 1


def test_limiter_leaves_quiet_sound_alone() -> None:
    sound = noise(0.2, 0.05)
    assert limit_peaks(sound, SAMPLE_RATE) is sound


def test_a_peak_changes_nothing_beyond_the_reach() -> None:
    sound = noise(0.2, 0.05)
    peak = sound.shape[1] // 2
    sound[:, peak] = 2.0
    changed = (limit_peaks(sound, SAMPLE_RATE) != sound)[0].nonzero()[0]
    reach = limiter_reach(SAMPLE_RATE)
    assert peak - reach <= changed.min() < peak < changed.max() <= peak + reach


def test_all_channels_have_one_gain() -> None:
    sound = np.concatenate((noise(0.1, 0.9, 1), noise(0.1, 0.1, 2)))
    gains = limit_peaks(sound, SAMPLE_RATE) / sound
    assert np.allclose(gains[0], gains[1], atol=1e-4)
    assert gains.min() < 0.9
