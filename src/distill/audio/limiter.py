"""A look-ahead peak limiter.

Sounds are float32 arrays `[C, N]`: `C` channels, `N` samples. Ceilings are in dBFS.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from distill.audio.blocks import windows

CEILING_DB = -0.5
"""Ceiling of finished sounds in dBFS: leaves room for peaks between samples and lossy coding."""

FULL_SCALE_DB = 0.0
"""Ceiling in dBFS of sounds that keep their level: the largest value a sound file can hold."""

LOOKAHEAD_S = 0.004
"""Time in seconds by which the gain falls ahead of a peak: slow enough not to click."""


def limit_peaks(
    audio: np.ndarray,
    sample_rate: int,
    ceiling_db: float = CEILING_DB,
) -> np.ndarray:
    """Return `audio` `[C, N]` with peaks of at most `ceiling_db`, by one gain for all channels.

    A sound without such peaks is returned as it is, not copied. The gain is smoothed over the same
    window as its minimum is taken over, so nothing overshoots.
    """
    ceiling = 10 ** (ceiling_db / 20)
    peaks = np.abs(audio).max(axis=0, initial=0.0)
    if peaks.max(initial=0.0) <= ceiling:
        return audio
    window = 2 * round(LOOKAHEAD_S * sample_rate) + 1
    # The gain at which each sample by itself would just reach the ceiling.
    exact_gain = ceiling / np.maximum(peaks, 1e-9)
    highest_gain = np.minimum(1.0, exact_gain).astype(np.float64)
    lowest_nearby = minimum_filter1d(highest_gain, window, mode="nearest")
    gain = uniform_filter1d(lowest_nearby, window, mode="nearest")
    # Rounding in the running mean may lift the gain by a hair.
    return (audio * np.minimum(gain, highest_gain)).astype(np.float32)


def limiter_reach(sample_rate: int) -> int:
    """Distance in samples up to which a peak changes the gain of other samples."""
    return 2 * round(LOOKAHEAD_S * sample_rate)


def limit_blocks(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    ceiling_db: float = CEILING_DB,
    size: int | None = None,
) -> Iterator[np.ndarray]:
    """Limit a stream of blocks as `limit_peaks` limits the whole sound.

    Args:
        blocks: The stream, `[C, n]` each, of any lengths.
        sample_rate: In Hz.
        ceiling_db: Highest peak in dBFS.
        size: Samples in a block of the result, a second by default.

    Yields:
        Blocks `[C, n]` in order.
    """
    reach = limiter_reach(sample_rate)
    for window in windows(blocks, size or sample_rate, reach):
        yield limit_peaks(window.sound, sample_rate, ceiling_db)[:, window.core]
