"""Sums over windows of a sequence, and the smallest numbers of long rows, both quick.

`n` rows, `m` columns, `D` latent dimension.
"""

from typing import NamedTuple

import torch
from torch import Tensor

GROUP = 32
"""Columns of a group in the search for the smallest distances."""


def window_sums(latents: Tensor, size: int) -> Tensor:
    """Sums `[n - size + 1, D]` over each `size` rows of `latents` `[n, D]`, by doubling: sums over
    1, 2, 4 … rows make up the size. A running sum would round more, and is slower."""
    total: Tensor | None = None
    offset = 0
    count = len(latents) - size + 1
    sums = latents
    width = 1
    while True:
        if size & width:
            part = sums[offset : offset + count]
            total = part if total is None else total + part
            offset += width
        if 2 * width > size:
            assert total is not None
            return total
        sums = sums[:-width] + sums[width:]
        width *= 2


class Smallest(NamedTuple):
    """The smallest `values` `[n, c]` of each row of a table, in order, and their `columns`."""

    values: Tensor
    columns: Tensor


def smallest(table: Tensor, count: int) -> Smallest:
    """The `count` smallest numbers of each row of `table` `[n, m]`, or all of fewer.

    The smallest lie in the groups of columns with the smallest minima: far fewer are sorted.
    """
    n, m = table.shape
    groups = m // GROUP
    if groups <= count:
        return Smallest(*table.topk(min(count, m), largest=False))
    minima = table[:, : groups * GROUP].unflatten(1, (groups, GROUP)).amin(2)
    best_groups = minima.topk(count, largest=False).indices
    columns = (GROUP * best_groups[..., None] + torch.arange(GROUP)).flatten(1)
    rest = torch.arange(groups * GROUP, m).expand(n, -1)
    columns = torch.cat([columns, rest], 1)
    values, order = table.gather(1, columns).topk(count, largest=False)
    return Smallest(values, columns.gather(1, order))
