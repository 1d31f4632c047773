"""What the prior's network is made of: rotary places, attention over a window with a cache,
heads."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear
from distill.models.cache import PriorCache


class Turns(NamedTuple):
    """Cosines and sines `[T, head_dim / 2]`."""

    cos: Tensor
    sin: Tensor


def rotary_turns(positions: Tensor, head_dim: int, dtype: torch.dtype = torch.float32) -> Turns:
    """For frame positions `[T]` (Su et al. 2021, section 3.2.2)."""
    rates = 10_000.0 ** (-torch.arange(0, head_dim, 2, device=positions.device) / head_dim)
    angles = positions[:, None].float() * rates
    return Turns(angles.cos().to(dtype), angles.sin().to(dtype))


def rotate(x: Tensor, turns: Turns) -> Tensor:
    """Turn feature pairs of `x` `[..., T, head_dim]`."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = turns
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Block(nn.Module):
    """Pre-norm Transformer block with rotary positions and attention over a window of past
    frames."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = BatchInvariantLinear(dim, 3 * dim, bias=False)
        self.out = BatchInvariantLinear(dim, dim, bias=False)
        self.mlp = nn.Sequential(
            nn.LayerNorm(dim),
            BatchInvariantLinear(dim, 4 * dim),
            nn.GELU(),
            BatchInvariantLinear(4 * dim, dim),
            nn.Dropout(dropout),
        )

    def _project(self, x: Tensor, turns: Turns) -> tuple[Tensor, Tensor, Tensor]:
        B, T, D = x.shape
        qkv = self.qkv(self.attention_norm(x)).reshape(B, T, 3, self.num_heads, D // self.num_heads)
        qkv = qkv.permute(2, 0, 3, 1, 4)
        query, key = rotate(qkv[:2], turns)
        return query, key, qkv[2]

    def _close(self, x: Tensor, attended: Tensor) -> Tensor:
        B, T, D = x.shape
        mixed = self.out(attended.transpose(1, 2).reshape(B, T, D))
        x = x + F.dropout(mixed, self.dropout, self.training)
        return x + self.mlp(x)

    def forward(
        self,
        x: Tensor,
        turns: Turns,
        mask: Tensor | None,
        keep: Callable[[Tensor, Tensor], None] | None = None,
    ) -> Tensor:
        """`x` `[B, T, D]`; `mask` `[T, T]` (true where a frame may look), or plain causal when
        None. `keep` takes keys and values `[B, heads, T, head_dim]`."""
        # No dropout on the attention itself: on a CPU it doubles the time of a step.
        query, key, value = self._project(x, turns)
        if keep is not None:
            keep(key, value)
        attended = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None
        )
        return self._close(x, attended)

    def step(self, x: Tensor, turns: Turns, cache: PriorCache, layer: int) -> Tensor:
        """One frame `[B, 1, D]`, given the cached ones."""
        query, key, value = self._project(x, turns)
        return self._close(x, F.scaled_dot_product_attention(query, *cache.push(layer, key, value)))


class LevelHead(nn.Module):
    """Scores one level of a frame from what is known of it so far: `[..., D]` → `[...,
    classes]`."""

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

    def forward(self, known: Tensor) -> Tensor:
        scores: Tensor = self.score(known + self.mlp(known))
        return scores
