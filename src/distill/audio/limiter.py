"""A look-ahead peak limiter. Sounds are `[C, N]` float32."""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from distill.audio.blocks import windows

CEILING_DB = -0.5
"""Ceiling of finished sounds in dBFS: leaves room for peaks between samples and lossy coding."""

FULL_SCALE_DB = 0.0
"""Ceiling in dBFS of sounds that keep their level: the largest value a sound file can hold."""

LOOKAHEAD_S = 0.004
"""Half the window of the limiter in seconds: long enough to lower the gain without a click."""


def limit_peaks(audio: np.ndarray, sample_rate: int, ceiling_db: float = CEILING_DB) -> np.ndarray:
    """Peaks under `ceiling_db` dBFS by a look-ahead limiter, one gain for all channels.

    The smoothing window is no longer than the one that the minimum is taken over, so nothing
    overshoots.
    """
    ceiling = 10 ** (ceiling_db / 20)
    peaks = np.abs(audio).max(axis=0, initial=0.0)
    if peaks.max(initial=0.0) <= ceiling:
        return audio
    window = 2 * round(LOOKAHEAD_S * sample_rate) + 1
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9)).astype(np.float64)
    gain = uniform_filter1d(
        minimum_filter1d(needed, window, mode="nearest"), window, mode="nearest"
    )
    return (audio * np.minimum(gain, needed)).astype(np.float32)


def limiter_reach(sample_rate: int) -> int:
    """By how many samples a peak can lie away from a sample whose level `limit_peaks` changes for
    it."""
    return 2 * round(LOOKAHEAD_S * sample_rate)


def limit_blocks(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    ceiling_db: float = CEILING_DB,
    size: int | None = None,
) -> Iterator[np.ndarray]:
    """`limit_peaks` of a sound that comes in blocks `[C, n]`: the same as of the whole, `size`
    samples at a time (by default a second)."""
    reach = limiter_reach(sample_rate)
    for window in windows(blocks, size or sample_rate, reach):
        yield limit_peaks(window.sound, sample_rate, ceiling_db)[:, window.core]
