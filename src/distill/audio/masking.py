"""What of a sound is heard beside all the rest of it: a threshold in quiet, and simultaneous
masking.

Coarse, and on the careful side: a masker hides what lies 15 dB under it, where noise hides noise
from 5 dB on (Painter and Spanias 2000, "Perceptual coding of digital audio", section V).
"""

import math

import torch
from torch import Tensor

QUIET_DB = -75.0
"""Re a full-scale sine: nobody hears a band fainter than that by itself."""

HIDDEN_DB = 15.0
"""How far under the level around it a band is no longer heard."""

HEARD_OVER_DB = 10.0
"""How far above the threshold all of a band counts."""

DOWN_DB_PER_BARK, UP_DB_PER_BARK = 25.0, 10.0
"""How fast masking falls towards lower and higher frequencies: it reaches up further than down."""


def spreading_matrix(centres_hz: Tensor) -> Tensor:
    """How much the power in each of the bands around `centres_hz` `[M]` masks each other one: `[M,
    M]`, from rows to columns, which sum to 1. On the Bark scale of Traunmüller (1990)."""
    bark = 26.81 * centres_hz / (1960 + centres_hz) - 0.53
    distance = bark[None] - bark[:, None]
    fall_db = torch.where(distance > 0, UP_DB_PER_BARK * distance, -DOWN_DB_PER_BARK * distance)
    spread = 10 ** (-fall_db / 10)
    return spread / spread.sum(0)


def audibility(power: Tensor, spread: Tensor) -> Tensor:
    """How much of each band is heard, from 0 to 1, of powers `[..., M]` re a full-scale sine, in
    one moment each."""
    threshold = power @ spread * 10 ** (-HIDDEN_DB / 10) + 10 ** (QUIET_DB / 10)
    return (
        (power / threshold)
        .clamp(min=1e-9)
        .log()
        .mul_(10 / math.log(10) / HEARD_OVER_DB)
        .clamp_(0, 1)
    )
