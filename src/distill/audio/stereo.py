"""Stereo: channel counts, level of the side, width, correlation.

Mid is half the sum of left and right, side half their difference. Sounds are arrays `[C, N]`, read
in pieces, so that a memory-mapped hour costs no memory.
"""

import math
from collections.abc import Iterable

import numpy as np

from distill.audio.blocks import pieces
from distill.audio.channels import common_layout
from distill.audio.level import FLOOR_DB

WIDE_DB = -50.0
"""Level of the side in dB from which a sound counts as wide: a fainter side is inaudible."""


def mix_channels(audio: np.ndarray, channels: int) -> np.ndarray:
    """Turn `audio` `[C, n]` into `[channels, n]`.

    Down: more than two channels are folded as players do (`common_layout`), and mono is the mean
    of left and right. Up: the channels are repeated in turn. As many as before: `audio` itself.
    """
    sources = len(audio)
    if sources == channels:
        return audio
    if sources < channels:
        return audio[np.arange(channels) % sources]
    stereo = common_layout(sources).fold(audio)
    return stereo if channels == 2 else stereo.mean(axis=0, keepdims=True)


def side_level_db(blocks: Iterable[np.ndarray]) -> float:
    """Energy of the side relative to that of mid and side together, in dB.

    Between 0 (the channels cancel in mono) and `FLOOR_DB` (mono, or silence). Hard left or right
    has -3 dB. More than two channels count as the two that they are mixed to.

    Args:
        blocks: A sound as a stream, `[C, n]` each.
    """
    side = 0.0
    total = 0.0
    for block in blocks:
        if len(block) > 1:
            block_side, block_total = side_energies(block)
            side += block_side
            total += block_total
    return energy_ratio_db(side, total)


def side_energies(block: np.ndarray) -> tuple[float, float]:
    """Energies of `block` `[C, n]`, `C` at least 2: of the side, and of mid and side together."""
    left, right = mix_channels(block, 2).astype(np.float64)
    # Four times each, which drops out of their ratio: (left - right)², 2 (left² + right²).
    side = float(np.square(left - right).sum())
    squares = np.square(left).sum() + np.square(right).sum()
    total = 2.0 * float(squares)
    return side, total


def energy_ratio_db(part: float, total: float) -> float:
    """Energy of a `part` relative to the `total` that holds it, in dB, `FLOOR_DB` at the lowest."""
    if not total:
        return FLOOR_DB
    return 10.0 * math.log10(max(part / total, 10.0 ** (FLOOR_DB / 10)))


def correlation(audio: np.ndarray) -> float:
    """Correlation of left and right of `audio` `[2, N]`.

    1 for dual mono, 0 for independent channels, NaN if one is silent.
    """
    left_left = 0.0
    right_right = 0.0
    left_right = 0.0
    for left, right in pieces(audio.astype(np.float64, copy=False)):
        left_left += left @ left
        right_right += right @ right
        left_right += left @ right
    if not left_left or not right_right:
        return math.nan
    return float(left_right / math.sqrt(left_left * right_right))


def mono_loss_db(side_db: float) -> float:
    """Energy that a sound keeps when it is mixed to mono, in dB, from its `side_level_db`.

    0 for mono, -3 for independent channels, `FLOOR_DB` where the channels cancel.
    """
    mid = 1.0 - 10.0 ** (side_db / 10)
    return energy_ratio_db(max(mid, 0.0), 1.0)


def scale_side(audio: np.ndarray, width: float) -> np.ndarray:
    """Return `audio` `[2, N]` with its side `width` times as loud.

    A `width` of 0 gives two channels that are equal to the bit.
    """
    mid = (audio[0] + audio[1]) / 2
    side = (audio[0] - audio[1]) * np.float32(width / 2)
    return np.stack([mid + side, mid - side])
