"""Where sound stands between left and right: channel counts, side level, width, correlation. Sounds
are `[C, N]`.

Mid is half the sum of left and right, side half their difference. Arrays are read in pieces, so
that a memory-mapped hour costs no memory.
"""

import math
from collections.abc import Iterable

import numpy as np

from distill.audio.blocks import pieces
from distill.audio.level import FLOOR_DB

WIDE_DB = -50.0
"""Side level from which on a sound counts as wide: under it the channels differ by less than anyone
hears."""


def mix_channels(audio: np.ndarray, channels: int) -> np.ndarray:
    """Turn `[S, n]` into `[channels, n]`: the mean for mono; else source `i` goes to `i %
    channels`."""
    sources = len(audio)
    if sources == channels:
        return audio
    if sources < channels:
        return audio[np.arange(channels) % sources]
    return np.stack([audio[first::channels].mean(axis=0) for first in range(channels)])


def side_level_db(blocks: Iterable[np.ndarray]) -> float:
    """Energy of the side re that of mid and side together, in dB, of a sound in blocks `[C, n]`.

    Between 0 dB (the channels cancel in mono) and -120 dB, which is also what mono and silence
    have; hard left or right has -3 dB. More than two channels count as the two that they are mixed
    to.
    """
    side = both = 0.0
    for block in blocks:
        if len(block) > 1:
            more = side_energies(block)
            side, both = side + more[0], both + more[1]
    return energy_ratio_db(side, both)


def side_energies(block: np.ndarray) -> tuple[float, float]:
    """Energy of the side of `[C, n]`, two channels or more, and of mid and side together."""
    left, right = mix_channels(block, 2).astype(np.float64)
    both = 2.0 * float(np.square(left).sum() + np.square(right).sum())
    return float(np.square(left - right).sum()), both


def energy_ratio_db(part: float, whole: float) -> float:
    """One energy re another that holds it, in dB, -120 at the lowest."""
    return 10.0 * math.log10(max(part / whole, 10.0 ** (FLOOR_DB / 10))) if whole else FLOOR_DB


def correlation(audio: np.ndarray) -> float:
    """Correlation of left and right of `[2, N]`: 1 for dual mono, 0 for independent channels; NaN
    if one is silent."""
    sums = np.zeros(3)
    for left, right in pieces(audio.astype(np.float64, copy=False)):
        sums += (left @ left, right @ right, left @ right)
    return float(sums[2] / math.sqrt(sums[0] * sums[1])) if sums[0] and sums[1] else math.nan


def scale_side(audio: np.ndarray, width: float) -> np.ndarray:
    """`[2, N]` with its side `width` times as loud: 0 gives two channels that are the same to the
    bit."""
    mid, side = (audio[0] + audio[1]) / 2, (audio[0] - audio[1]) * np.float32(width / 2)
    return np.stack([mid + side, mid - side])
