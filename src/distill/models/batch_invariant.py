"""Batch-invariant linear algebra: a stream gets the same bits whatever else is in its batch.

Matrix kernels choose the order of their sums by the shape of the whole batch, so that results round
differently. One such difference can change a drawn code, and every frame after it. Here each stream
is a product of its own within `bmm`. Attention treats streams alike already, but gives the same
bits on one thread only.

Shapes: `I` input features, `O` output features, `B` streams, `T` frames.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """Batch-invariant `F.linear` without a bias.

    Args:
        x: features `[B, I]` or `[B, T, I]`.
        weight: matrix `[O, I]`.

    Returns:
        `x @ weight.T`, `[B, O]` or `[B, T, O]`.
    """
    if x.dim() == 2:
        return linear(x[:, None], weight)[:, 0]
    # `expand` copies nothing: all streams share one matrix.
    columns = weight.T.expand(len(x), -1, -1)
    return torch.bmm(x, columns)


def add_product(
    base: Tensor,
    x: Tensor,
    columns: Tensor,
    factor: float,
) -> Tensor:
    """Batch-invariant `base + factor * (x @ columns)`.

    Args:
        base: summand `[B, O]`.
        x: features `[B, I]`.
        columns: matrix `[I, O]`, one column for each output.
        factor: scale of the product.

    Returns:
        The sum `[B, O]`.
    """
    product = torch.baddbmm(
        base[:, None],
        x[:, None],
        columns.expand(len(x), -1, -1),
        alpha=factor,
    )
    return product[:, 0]


def softplus(x: Tensor) -> Tensor:
    """Batch-invariant `F.softplus`, elementwise on `x` `[...]`.

    `F.softplus` rounds the last elements of an array differently from the others, which in a batch
    of one are elements of every stream.
    """
    return -F.logsigmoid(-x)


def logaddexp(a: Tensor, b: Tensor) -> Tensor:
    """Batch-invariant `torch.logaddexp` of `a` and `b` `[...]`; most exact where `a` is not far
    below 0."""
    return a - F.logsigmoid(a - b)


class BatchInvariantLinear(nn.Linear):
    """`nn.Linear` for `[B, I]` or `[B, T, I]`; batch-invariant outside of training."""

    def forward(self, input: Tensor) -> Tensor:
        """Map `input` `[B, I]` or `[B, T, I]` to `[B, O]` or `[B, T, O]`."""
        if self.training:
            # Faster, and gradients of whole batches need no such care.
            return super().forward(input)
        product = linear(input, self.weight)
        return product if self.bias is None else product + self.bias
