"""Products in which every stream of a batch is computed by itself: by the same steps, however many
there are.

The kernels for matrices of other shapes add up in another order, and round otherwise. That is
enough to draw another code now and then, and all that follows it is another sound. Attention
computes each stream by itself already, but is the same to the bit on one thread only.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """`x @ weight.T`, `[B, N]` or `[B, T, N]`, of `x` `[B, K]` or `[B, T, K]` and `weight` `[N,
    K]`."""
    if x.dim() == 2:
        return linear(x[:, None], weight)[:, 0]
    return torch.bmm(x, weight.T.expand(len(x), -1, -1))


def add_product(base: Tensor, x: Tensor, columns: Tensor, factor: float) -> Tensor:
    """`base + factor * (x @ columns)` `[B, N]` of `base` `[B, N]`, `x` `[B, K]` and `columns` `[K,
    N]`."""
    product = torch.baddbmm(base[:, None], x[:, None], columns.expand(len(x), -1, -1), alpha=factor)
    return product[:, 0]


def softplus(x: Tensor) -> Tensor:
    """`F.softplus`, which rounds the last numbers of an array otherwise than the others: those of
    one stream alone."""
    return -F.logsigmoid(-x)


def logaddexp(a: Tensor, b: Tensor) -> Tensor:
    """`torch.logaddexp`, of which the same is true; best where `a` is not far below 0."""
    return a - F.logsigmoid(a - b)


class BatchInvariantLinear(nn.Linear):
    """`nn.Linear` for `[B, K]` or `[B, T, K]`; outside of training, of every stream by itself."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        product = linear(input, self.weight)
        return product if self.bias is None else product + self.bias
