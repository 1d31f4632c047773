"""Layers of the codec's decoder: ConvNeXt over time (Liu et al. 2022), and a wide linear layer.

Shapes: `B` streams, `T` code frames, `D` hidden dimension.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KERNEL = 7
"""Code frames that a convolution reaches over, as in ConvNeXt and Vocos."""

COLUMN_MULTIPLE = 16
"""Columns of a matrix product are padded to a multiple of this: with, say, 1025 it takes half as
long again."""


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a network of two layers per frame, as a residual.

    Args:
        dim: Hidden dimension `D`.
        expansion: Width of the inner layer, in multiples of `dim`.
        layer_scale: Initial factor of the residual.
    """

    def __init__(self, dim: int, expansion: int, layer_scale: float) -> None:
        super().__init__()
        # One filter for each channel.
        padding = (0, KERNEL // 2)
        self.depthwise = nn.Conv2d(dim, dim, (1, KERNEL), padding=padding, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, dim * expansion)
        self.project = nn.Linear(dim * expansion, dim)
        self.scale = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, T, D]` to `[B, T, D]`."""
        # A 2-D convolution over channels-last memory is four times as fast on a CPU as `conv1d`.
        # In bfloat16 its gradient is many times slower than in float32.
        with torch.autocast(x.device.type, enabled=False):
            image = x.float().transpose(1, 2).unsqueeze(2)
            y = self.depthwise(image).squeeze(2).transpose(1, 2)
        inner = F.gelu(self.expand(self.norm(y)))
        return x + self.scale * self.project(inner)


def backbone(dim: int, layers: int, expansion: int) -> nn.Sequential:
    """Stack `layers` ConvNeXt blocks between two layer norms; `[B, T, dim]` in and out."""
    # Residuals of this size add up to one layer's worth, however many there are.
    layer_scale = 1 / max(layers, 1)
    blocks = [ConvNeXtBlock(dim, expansion, layer_scale) for _ in range(layers)]
    return nn.Sequential(nn.LayerNorm(dim), *blocks, nn.LayerNorm(dim))


class WideLinear(nn.Linear):
    """`nn.Linear` that is quick for any number of outputs."""

    def forward(self, x: Tensor) -> Tensor:
        """`[..., in_features]` to `[..., out_features]`."""
        padding = -self.out_features % COLUMN_MULTIPLE
        weight = F.pad(self.weight, (0, 0, 0, padding))
        bias = F.pad(self.bias, (0, padding))
        return F.linear(x, weight, bias)[..., : self.out_features]
