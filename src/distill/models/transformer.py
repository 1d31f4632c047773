"""Parts of the prior's Transformer: rotary positions, blocks with windowed attention, level heads.

A block runs over a whole sequence (`forward`) or over the next frames with a cache (`step`).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear
from distill.models.cache import PriorCache

ROTARY_BASE = 10_000.0
"""Ratio of the fastest rotation to the slowest (Su et al. 2021, section 3.2.2)."""
MLP_RATIO = 4
"""Hidden features of a block's MLP for each input feature (Vaswani et al. 2017, section 3.3)."""


class Rotations(NamedTuple):
    """Cosines and sines `[T, head_dim / 2]` of rotary positions."""

    cos: Tensor
    sin: Tensor


class Projections(NamedTuple):
    """Queries, keys and values of a block, `[B, heads, T, head_dim]` each."""

    query: Tensor
    key: Tensor
    value: Tensor


def rotary_turns(positions: Tensor, head_dim: int, dtype: torch.dtype = torch.float32) -> Rotations:
    """Rotations for frame positions `[T]` (RoPE, Su et al. 2021, section 3.2.2)."""
    exponents = torch.arange(0, head_dim, 2, device=positions.device) / head_dim
    rates = ROTARY_BASE ** (-exponents)
    # In float32 whatever `dtype` is: angles of distant frames need the precision.
    angles = positions[:, None].float() * rates
    return Rotations(angles.cos().to(dtype), angles.sin().to(dtype))


def rotate(x: Tensor, rotations: Rotations) -> Tensor:
    """Rotate feature pairs of `x` `[..., T, head_dim]`."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = rotations
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Block(nn.Module):
    """Pre-norm Transformer block with rotary positions and causal attention over a window.

    Args:
        dim: features of the backbone.
        num_heads: attention heads.
        dropout: share of features left out in training, after attention and MLP.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.attention_norm = nn.LayerNorm(dim)
        # One matrix for queries, keys and values: one product in place of three.
        self.qkv = BatchInvariantLinear(dim, 3 * dim, bias=False)
        self.out = BatchInvariantLinear(dim, dim, bias=False)
        self.mlp = nn.Sequential(
            nn.LayerNorm(dim),
            BatchInvariantLinear(dim, MLP_RATIO * dim),
            nn.GELU(),
            BatchInvariantLinear(MLP_RATIO * dim, dim),
            nn.Dropout(dropout),
        )

    def forward(
        self,
        x: Tensor,
        rotations: Rotations,
        mask: Tensor | None,
        store: Callable[[Tensor, Tensor], None] | None = None,
    ) -> Tensor:
        """Run over whole sequences.

        Args:
            x: features `[B, T, dim]`.
            rotations: rotary positions of the `T` inputs.
            mask: inputs `[T, T]` (bool) that each may attend to; None for all earlier ones.
            store: takes keys and values `[B, heads, T, head_dim]`, for a cache.
        """
        query, key, value = self._project(x, rotations)
        if store is not None:
            store(key, value)
        # No dropout on the attention itself: on a CPU it doubles the time of a training step.
        output = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            is_causal=mask is None,
        )
        return self._add_attended(x, output)

    def step(
        self,
        x: Tensor,
        rotations: Rotations,
        mask: Tensor | None,
        cache: PriorCache,
        layer: int,
    ) -> Tensor:
        """Run over the frames after those cached.

        Args:
            x: features `[B, n, dim]`.
            rotations: rotary positions of the `n` frames.
            mask: as `PriorCache.mask` gives it.
            cache: keys and values, to which those of the frames are added.
            layer: number of this block.
        """
        query, key, value = self._project(x, rotations)
        keys, values = cache.append(layer, key, value)
        output = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return self._add_attended(x, output)

    def _project(self, x: Tensor, rotations: Rotations) -> Projections:
        B, T, dim = x.shape
        head_dim = dim // self.num_heads
        qkv = self.qkv(self.attention_norm(x)).reshape(B, T, 3, self.num_heads, head_dim)
        # `[3, B, heads, T, head_dim]`
        qkv = qkv.permute(2, 0, 3, 1, 4)
        # Queries and keys rotate together, in one operation.
        query, key = rotate(qkv[:2], rotations)
        return Projections(query, key, value=qkv[2])

    def _add_attended(self, x: Tensor, output: Tensor) -> Tensor:
        """Residual sums of `x` with the attention's output and with the MLP's."""
        B, T, dim = x.shape
        update = self.out(output.transpose(1, 2).reshape(B, T, dim))
        x = x + F.dropout(update, self.dropout, self.training)
        return x + self.mlp(x)


class LevelHead(nn.Module):
    """Scores the codes of one level from the hidden state of a frame.

    Args:
        dim: features of the hidden state.
        classes: codes to score.
        dropout: share of features left out in training.
    """

    def __init__(self, dim: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.LayerNorm(dim),
            BatchInvariantLinear(dim, 2 * dim),
            nn.GELU(),
            nn.Dropout(dropout),
            BatchInvariantLinear(2 * dim, dim),
        )
        self.score = nn.Sequential(nn.LayerNorm(dim), BatchInvariantLinear(dim, classes))

    def forward(self, state: Tensor) -> Tensor:
        """Logits `[..., classes]` of `state` `[..., dim]`."""
        logits: Tensor = self.score(state + self.mlp(state))
        return logits
