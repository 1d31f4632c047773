"""How a codec with two channels sees and makes them: mid and side, the side told relative to the
mid.

With the side relative, what is panned is simple: it has a level and a sign that stay, and whatever
chance there is in the mid's phase is in the side's as well, so that a hiss on the left stays there.
What is wide has chance of its own.
"""

import math

import torch
from torch import Tensor

SIDE_FLOOR = math.log(1e-4)
"""Natural-log magnitude (per bin) under which a side is silence: all bins together make -113
dBFS."""

SIDE_RATIO_FLOOR = math.log(1e-3)
"""Natural log of side over mid under which nobody hears a side."""


def to_mid_side(x: Tensor) -> Tensor:
    """Mid and side `[B, 2, ...]` of left and right `[B, 2, ...]`."""
    left, right = x.unbind(1)
    return torch.stack(((left + right) / 2, (left - right) / 2), 1)


def from_mid_side(x: Tensor) -> Tensor:
    """The inverse of `to_mid_side`; a side of 0 gives two channels that are the same to the bit."""
    mid, side = x.unbind(1)
    return torch.stack((mid + side, mid - side), 1)


def relative_to_mid(x: Tensor) -> Tensor:
    """Values `[B, 2, ...]` of mid and side from those of the mid and what the side has more."""
    mid, more = x.unbind(1)
    return torch.stack((mid, mid + more), 1)


def drop_faint_side(log_magnitude: Tensor) -> Tensor:
    """Natural-log magnitudes `[B, 2, S, F]` of mid and side, with -inf where the side is too faint
    to matter."""
    mid, side = log_magnitude.unbind(1)
    faint = (side < SIDE_FLOOR) | (side < mid + SIDE_RATIO_FLOOR)
    return torch.stack((mid, side.masked_fill(faint, -math.inf)), 1)
