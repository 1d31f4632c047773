"""Sums over windows and smallest numbers are those of the plain way."""

import pytest
import torch

from distill.inference.copies.window_sums import GROUP, smallest, window_sums


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 12, 24])
def test_sums_are_those_over_each_window(size: int) -> None:
    rows = torch.randn(24, 5, generator=torch.Generator().manual_seed(size))
    expected = rows.unfold(0, size, 1).sum(-1)
    assert torch.allclose(window_sums(rows, size), expected, atol=1e-5)


@pytest.mark.parametrize("m", [1, 15, 16, 16 * GROUP, 17 * GROUP, 20 * GROUP + 5])
def test_the_smallest_are_those_of_the_whole_row(m: int) -> None:
    table = torch.randn(3, m, generator=torch.Generator().manual_seed(m))
    # Some places do not count.
    table[:, ::3] = torch.inf
    found = smallest(table, 16)
    expected = table.sort(1).values[:, :16]
    assert torch.equal(found.values, expected)
    assert torch.equal(table.gather(1, found.columns), found.values)
