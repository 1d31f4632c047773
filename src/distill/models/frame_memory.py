"""What the decoder knows by heart: a learned vector for each column of codes that its recordings
have.

A column over all levels mostly comes from one frame only, so its vector can hold what codes do not
tell of that frame: the detail of an attack, or of a noise. It is found by the column alone,
wherever that stands.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_NUMBERS = 1 << 22
"""In the vectors of all frames together: 16 MiB."""

WIDTHS = range(256, 48, -16)
"""Numbers that a vector may have: of a longer corpus fewer a frame. With fewer than 64 there is no
memory."""

MULTIPLIER = 6364136223846793005
"""Knuth's for linear congruences modulo 2^64."""

NO_KEY = torch.iinfo(torch.int64).max


def memory_width(frames: int) -> int:
    """How many numbers there is room for of each of so many frames; 0 for no memory."""
    return next((width for width in WIDTHS if width * frames <= MOST_NUMBERS), 0)


def column_keys(codes: Tensor) -> Tensor:
    """A hash of 64 bits `[...]` of each column of codes `[..., Q]`."""
    keys = torch.zeros_like(codes[..., 0], dtype=torch.int64)
    for level in codes.unbind(-1):
        # Goes over 64 bits, and is meant to.
        keys = keys * MULTIPLIER + level
    return keys


class MemoryVectors(NamedTuple):
    """What is known of each frame, to be added to what goes into the decoder's blocks and to what
    comes out of them: each `[..., dim]`, 0 where nothing is known."""

    before: Tensor
    after: Tensor


class FrameMemory(nn.Module):
    """Vectors of `width` numbers for up to `frames` columns; 0, and without effect, until they have
    learned."""

    keys: Tensor

    def __init__(self, frames: int, width: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.full((frames,), NO_KEY))
        self.vectors = nn.Parameter(torch.zeros(frames, width))
        self.before = nn.Linear(width, dim, bias=False)
        self.after = nn.Linear(width, dim, bias=False)

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Settle which columns are known: those of `codes` `[M, Q]`, at most as many different ones
        as vectors."""
        keys = column_keys(codes.cpu()).unique()
        self.keys.fill_(NO_KEY)
        self.keys[: len(keys)] = keys.to(self.keys)

    def find(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Which vector belongs to each column of `codes` `[..., Q]`, and whether any does, both
        `[...]`."""
        # Apple's GPUs cut integers to 32 bits in some operations.
        place = torch.device("cpu") if codes.device.type == "mps" else codes.device
        keys, wanted = self.keys.to(place), column_keys(codes.to(place))
        at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
        return at.to(codes.device), (keys[at] == wanted).to(codes.device)

    def forward(self, codes: Tensor) -> MemoryVectors:
        """What is known of each column of `codes` `[..., Q]`."""
        at, known = self.find(codes)
        vectors = F.embedding(at, self.vectors) * known[..., None]
        return MemoryVectors(self.before(vectors), self.after(vectors))
