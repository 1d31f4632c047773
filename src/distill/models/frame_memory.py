"""Frame memory: learned vectors for the columns of codes that occur in the corpus.

A column (the codes of one frame on all levels) mostly comes from one frame only. So its vector can
hold details that the codes lack: of an attack, or of a noise. It is found by the column alone,
wherever that stands: a hash table whose values are trained.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MOST_NUMBERS = 1 << 22
"""Most numbers in the vectors of all frames together: 16 MiB."""

WIDTHS = range(256, 48, -16)
"""Numbers that a vector may have, fewer the longer the corpus. Below 64 a memory does not pay."""

MULTIPLIER = 6364136223846793005
"""Knuth's multiplier for linear congruences modulo 2^64 (MMIX)."""

NO_KEY = torch.iinfo(torch.int64).max
"""Key of unused rows: the largest number, since keys are sorted."""


def memory_width(frames: int) -> int:
    """Choose the numbers of a vector for a corpus of `frames` code frames; 0 for no memory."""
    return next((width for width in WIDTHS if width * frames <= MOST_NUMBERS), 0)


def column_keys(codes: Tensor) -> Tensor:
    """Hash each column of `codes` `[..., Q]` to 64 bits, `[...]`."""
    keys = torch.zeros_like(codes[..., 0], dtype=torch.int64)
    for level_codes in codes.unbind(-1):
        # Overflows on purpose.
        keys = keys * MULTIPLIER + level_codes
    return keys


class MemoryVectors(NamedTuple):
    """Vectors to add to the decoder's hidden state, 0 for unknown columns.

    Attributes:
        before: `[..., dim]`, added to the input of the decoder's blocks.
        after: `[..., dim]`, added to their output.
    """

    before: Tensor
    after: Tensor


class FrameMemory(nn.Module):
    """Table from columns of codes to vectors. Vectors are 0, without effect, until trained.

    Args:
        frames: Most columns.
        width: Numbers of a vector.
        dim: Hidden dimension of the decoder.
    """

    keys: Tensor

    def __init__(self, frames: int, width: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.full((frames,), NO_KEY))
        self.vectors = nn.Parameter(torch.zeros(frames, width))
        self.before = nn.Linear(width, dim, bias=False)
        self.after = nn.Linear(width, dim, bias=False)

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Set the columns of the table to those of `codes` `[M, Q]`.

        There may be at most as many different ones as vectors.
        """
        # `unique` sorts, as the search in `find` needs.
        keys = column_keys(codes.cpu()).unique()
        self.keys.fill_(NO_KEY)
        self.keys[: len(keys)] = keys.to(self.keys)

    def find(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Look up columns of `codes` `[..., Q]`.

        Returns:
            The row of the table for each column, `[...]`, and whether the column is in the table,
            `[...]` (bool).
        """
        # Apple's GPUs cut integers to 32 bits in some operations.
        device = torch.device("cpu") if codes.device.type == "mps" else codes.device
        keys = self.keys.to(device)
        queries = column_keys(codes.to(device))
        rows = torch.searchsorted(keys, queries).clamp(max=len(keys) - 1)
        is_known = keys[rows] == queries
        return rows.to(codes.device), is_known.to(codes.device)

    def forward(self, codes: Tensor) -> MemoryVectors:
        """Vectors for each column of `codes` `[..., Q]`."""
        rows, is_known = self.find(codes)
        vectors = F.embedding(rows, self.vectors) * is_known[..., None]
        return MemoryVectors(before=self.before(vectors), after=self.after(vectors))
