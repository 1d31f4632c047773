"""What the decoder knows by heart: a learned vector for each column of codes that its recordings have.

A column over all levels is all but unique to its frame, so its vector can hold what codes do not tell of it: the detail
of an attack, or of a noise. Any other column, from an edit or from another sound, finds nothing.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MULTIPLIER = 6364136223846793005
"""Knuth's for linear congruences modulo 2^64."""

NO_KEY = torch.iinfo(torch.int64).max


def column_keys(codes: Tensor) -> Tensor:
    """A hash of 64 bits `[...]` of each column of codes `[..., Q]`."""
    keys = torch.zeros_like(codes[..., 0], dtype=torch.int64)
    for level in codes.unbind(-1):
        # Goes over 64 bits, and is meant to.
        keys = keys * MULTIPLIER + level
    return keys


class Recalled(NamedTuple):
    """What is known of each frame, to be added to what goes into the decoder's blocks and to what comes out of them:
    each `[..., dim]`, 0 where nothing is known."""

    before: Tensor
    after: Tensor


class FrameMemory(nn.Module):
    """Up to `frames` vectors of `width` numbers; 0, and without effect, until they have learned."""

    keys: Tensor

    def __init__(self, frames: int, width: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.full((frames,), NO_KEY))
        self.vectors = nn.Parameter(torch.zeros(frames, width))
        self.before = nn.Linear(width, dim, bias=False)
        self.after = nn.Linear(width, dim, bias=False)

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Settle which columns are known: those of `codes` `[M, Q]`, or as many of them as there is room for."""
        keys = column_keys(codes).unique()[: len(self.keys)]
        self.keys.fill_(NO_KEY)
        self.keys[: len(keys)] = keys

    def find(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Which vector belongs to each column of `codes` `[..., Q]`, and whether any does, both `[...]`."""
        wanted = column_keys(codes)
        at = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        return at, self.keys[at] == wanted

    def forward(self, codes: Tensor) -> Recalled:
        """What is known of each column of `codes` `[..., Q]`."""
        at, known = self.find(codes)
        vectors = F.embedding(at, self.vectors) * known[..., None]
        return Recalled(self.before(vectors), self.after(vectors))
