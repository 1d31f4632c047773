"""Metre: where in its beat and its bar a code frame stands, as an input of the prior.

A position is two phases, 0 to 1: that of the beat and that of the bar. Both are NaN where nothing
keeps a beat, or where it is unknown. Phases say nothing of tempo, so that what was learned at one
holds at any.
"""

import math

import torch
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear

HARMONICS = 4
"""Sines and cosines of each phase: four a beat tell sixteenths apart, four a bar its beats."""

NO_METRE = (math.nan, math.nan)
"""Position of a frame that has none."""


def metre_features(metre: Tensor) -> Tensor:
    """Features `[..., F]` of positions `[..., 2]`; all 0 where there is none.

    The first says that there is one. Sines and cosines of the phases follow (Fourier features).
    """
    multiples = torch.arange(1, HARMONICS + 1, device=metre.device)
    # In double precision: kernels round the last elements of an array differently, which in a
    # batch of one are elements of every stream.
    angles = (2 * math.pi * metre.double()[..., None] * multiples).flatten(-2)
    has_metre = torch.ones_like(angles[..., :1])
    features = torch.cat([has_metre, angles.sin(), angles.cos()], -1).to(metre.dtype)
    is_known = ~metre.isnan().any(-1, keepdim=True)
    return torch.where(is_known, features, 0.0)


class Metre(nn.Module):
    """Maps positions in beat and bar to inputs of the backbone.

    Args:
        hidden_size: features of the backbone.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.projection = BatchInvariantLinear(1 + 4 * HARMONICS, hidden_size, bias=False)

    def forward(self, metre: Tensor) -> Tensor:
        """Map positions `[B, 2]` or `[B, T, 2]` to inputs `[B, hidden_size]` or `[B, T,
        hidden_size]`."""
        inputs: Tensor = self.projection(metre_features(metre))
        return inputs
