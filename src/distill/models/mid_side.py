"""Mid and side: how a codec with two channels encodes and decodes them.

The decoder gives the side relative to the mid. So a panned sound is simple: its side has a level
and a sign that stay. The side shares the random phase of the mid, so that hiss on the left stays
there. A wide sound adds noise of its own to the side.
"""

import math

import torch
from torch import Tensor

SIDE_FLOOR = math.log(1e-4)
"""Natural-log magnitude of a bin below which a side is silent: all bins together make -113 dBFS."""

SIDE_RATIO_FLOOR = math.log(1e-3)
"""Natural-log ratio of side to mid below which a side is inaudible: -60 dB."""


def to_mid_side(x: Tensor) -> Tensor:
    """Mid and side `[B, 2, ...]` of left and right `[B, 2, ...]`."""
    left, right = x.unbind(1)
    mid = (left + right) / 2
    side = (left - right) / 2
    return torch.stack((mid, side), 1)


def from_mid_side(x: Tensor) -> Tensor:
    """Left and right `[B, 2, ...]` of mid and side `[B, 2, ...]`.

    A side of 0 gives two channels that are equal to the bit.
    """
    mid, side = x.unbind(1)
    return torch.stack((mid + side, mid - side), 1)


def relative_to_mid(x: Tensor) -> Tensor:
    """Add the mid to a side that is given relative to it: `[B, 2, ...]` to `[B, 2, ...]`."""
    mid, difference = x.unbind(1)
    return torch.stack((mid, mid + difference), 1)


def drop_faint_side(log_magnitude: Tensor) -> Tensor:
    """Silence the side where it is too faint to be heard.

    Args:
        log_magnitude: Natural-log magnitudes `[B, 2, T, F]` of mid and side.

    Returns:
        The same, with -inf in the bins of a faint side.
    """
    mid, side = log_magnitude.unbind(1)
    is_faint = (side < SIDE_FLOOR) | (side < mid + SIDE_RATIO_FLOOR)
    return torch.stack((mid, side.masked_fill(is_faint, -math.inf)), 1)
