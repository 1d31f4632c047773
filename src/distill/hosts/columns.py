"""Columns of codes as numbers: latents, and vectors of the frame memory."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.frame_memory import MULTIPLIER, FrameMemory
from distill.models.rvq import ResidualVQ


class Columns(nn.Module):
    """Latents of columns of codes, as `ResidualVQ.lookup` gives them.

    Args:
        rvq: Quantiser of the codec.
    """

    codebooks: Tensor

    def __init__(self, rvq: ResidualVQ) -> None:
        super().__init__()
        self.register_buffer("codebooks", rvq.codebooks)
        self.levels = len(rvq.codebooks)

    def forward(self, codes: Tensor, sounding: Tensor) -> Tensor:
        """Latents `[B, T, D]`.

        Args:
            codes: Codes `[B, T, Q]`.
            sounding: For each level, 1 if it sounds, else 0: `[Q]`.
        """
        total = sounding[0] * F.embedding(codes[:, :, 0], self.codebooks[0])
        for level in range(1, self.levels):
            entries = F.embedding(codes[:, :, level], self.codebooks[level])
            total = total + sounding[level] * entries
        return total


class Memory(nn.Module):
    """The frame memory of a codec, as `FrameMemory` is; all zeros for a codec without one.

    Args:
        memory: The memory, if there is one.
        dim: Hidden dimension of the decoder.
    """

    keys: Tensor
    vectors: Tensor
    to_before: Tensor
    to_after: Tensor

    def __init__(self, memory: FrameMemory | None, dim: int) -> None:
        super().__init__()
        self.multiplier = MULTIPLIER
        if memory is None:
            # One row of one number, so that there is one graph for all codecs.
            keys = torch.zeros(1, dtype=torch.int64)
            vectors = torch.zeros(1, 1)
            to_before = torch.zeros(dim, 1)
            to_after = torch.zeros(dim, 1)
        else:
            keys = memory.keys
            vectors = memory.vectors.detach()
            to_before = memory.before.weight.detach()
            to_after = memory.after.weight.detach()
        self.register_buffer("keys", keys)
        self.register_buffer("vectors", vectors)
        self.register_buffer("to_before", to_before)
        self.register_buffer("to_after", to_after)

    def forward(self, codes: Tensor, sounding: Tensor) -> Tensor:
        """Vectors `[B, T, width]` of columns of `codes` `[B, T, Q]`; 0 unless all levels sound."""
        queries = torch.zeros_like(codes[:, :, 0])
        for level in range(codes.shape[2]):
            # Overflows on purpose.
            queries = queries * self.multiplier + codes[:, :, level]
        # Sorted search has no form in ONNX; a comparison with every key takes microseconds.
        rows = (queries[:, :, None] == self.keys).to(torch.float32).argmax(-1)
        is_known = (self.keys[rows] == queries).to(self.vectors.dtype)
        weight = is_known * sounding.prod()
        return F.embedding(rows, self.vectors) * weight[:, :, None]

    def before(self, vectors: Tensor) -> Tensor:
        """What is added to the input of the decoder's blocks, `[B, T, dim]`."""
        return F.linear(vectors, self.to_before)

    def after(self, vectors: Tensor) -> Tensor:
        """What is added to their output, `[B, T, dim]`."""
        return F.linear(vectors, self.to_after)
