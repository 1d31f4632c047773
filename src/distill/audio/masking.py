"""Audibility of frequency bands: threshold in quiet and simultaneous masking.

Coarse and careful: a masker hides sound 15 dB below it. Noise hides noise from 5 dB on (Painter &
Spanias 2000, "Perceptual coding of digital audio", section V).
"""

import math

import torch
from torch import Tensor

QUIET_DB = -75.0
"""Threshold in quiet in dB relative to a full-scale sine: fainter bands are inaudible alone."""

HIDDEN_DB = 15.0
"""Distance in dB below the level around it at which a band becomes inaudible."""

HEARD_OVER_DB = 10.0
"""Distance in dB above the threshold from which a band counts in full."""

DOWN_DB_PER_BARK = 25.0
"""Slope of masking in dB per Bark towards lower frequencies."""

UP_DB_PER_BARK = 10.0
"""Slope of masking in dB per Bark towards higher frequencies: it reaches up further than down."""


def spreading_matrix(centres_hz: Tensor) -> Tensor:
    """Spreading function between bands, on the Bark scale of Traunmüller (1990).

    Args:
        centres_hz: Centre frequencies `[M]` in Hz.

    Returns:
        Weights `[M, M]`: how much power in the band of the row masks the band of the column. Each
        column sums to 1.
    """
    bark = 26.81 * centres_hz / (1960 + centres_hz) - 0.53
    distance = bark[None] - bark[:, None]
    fall_db = torch.where(distance > 0, UP_DB_PER_BARK * distance, -DOWN_DB_PER_BARK * distance)
    spread = 10 ** (-fall_db / 10)
    return spread / spread.sum(0)


def audibility(power: Tensor, spread: Tensor) -> Tensor:
    """Share of each band that is audible beside the others.

    Args:
        power: Powers `[..., M]` of the bands at one moment, relative to a full-scale sine.
        spread: Matrix `[M, M]` of `spreading_matrix`.

    Returns:
        Values `[..., M]` from 0 (at or below the threshold) to 1 (`HEARD_OVER_DB` above it).
    """
    masked_below = 10 ** (-HIDDEN_DB / 10)
    quiet = 10 ** (QUIET_DB / 10)
    threshold = power @ spread * masked_below + quiet
    ratio = (power / threshold).clamp(min=1e-9)
    per_neper = 10 / math.log(10) / HEARD_OVER_DB
    return ratio.log().mul_(per_neper).clamp_(0, 1)
