from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.models.rvq import BEAM, ResidualVQ, kmeans, nearest, smallest


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fitted(
    n: int = 500, dim: int = 8, K: int = 16, Q: int = 3, seed: int = 0
) -> tuple[ResidualVQ, torch.Tensor]:
    x = torch.randn(n, dim, generator=generator(1))
    rvq = ResidualVQ(dim, K, Q)
    rvq.fit(x, generator(seed))
    return rvq, x


def errors(rvq: ResidualVQ, x: torch.Tensor) -> list[float]:
    """Mean squared error with the first level, the first two, ..."""
    codes = rvq(x)
    return [
        float((rvq.lookup(codes[:, : q + 1]) - x).square().mean()) for q in range(codes.shape[1])
    ]


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 60), K=st.integers(2, 40), seed=st.integers(0, 100))
def test_kmeans_takes_any_number_of_points(n: int, K: int, seed: int) -> None:
    centres = kmeans(torch.randn(n, 4, generator=generator(seed)), K, generator(seed))
    assert centres.shape == (K, 4)
    assert torch.isfinite(centres).all()


def test_kmeans_comes_nearer_with_each_round() -> None:
    x = torch.randn(400, 4, generator=generator())

    def error(iterations: int) -> float:
        centres = kmeans(x, 16, generator(1), iterations)
        return float((x - centres[nearest(x, centres)]).square().mean())

    series = [error(iterations) for iterations in (0, 1, 4, 15)]
    assert series == sorted(series, reverse=True)
    assert series[-1] < 0.75 * series[0]


def test_nearest_is_the_nearest() -> None:
    x, book = torch.randn(50, 6, generator=generator(0)), torch.randn(9, 6, generator=generator(1))
    assert torch.equal(nearest(x, book), torch.cdist(x, book).argmin(1))


def test_each_level_brings_the_sum_nearer() -> None:
    series = errors(*fitted(Q=5))
    assert all(after < 0.8 * before for before, after in pairwise(series))
    unseen = torch.randn(500, 8, generator=generator(9))
    series = errors(fitted(Q=5)[0], unseen)
    assert series == sorted(series, reverse=True)


@pytest.mark.parametrize("M", [0, 1, 2048, 5000])
def test_rows_in_parts_have_the_codes_of_all_at_once(M: int) -> None:
    x = torch.randn(M, 64, generator=generator(3)) * torch.linspace(3, 0.1, 64)
    book = torch.randn(128, 64, generator=generator(4))
    distances = book.square().sum(1) - 2 * x @ book.T
    assert torch.equal(nearest(x, book), distances.argmin(1))


def test_codes_are_the_nearest_to_what_is_left_over() -> None:
    rvq, x = fitted()
    codes = rvq(x)
    assert codes.shape == (500, 3)
    left = x - rvq.lookup(codes[:, :2])
    assert torch.equal(codes[:, 2], nearest(left, rvq.codebooks[2]))
    assert torch.allclose(rvq.lookup(codes), sum(rvq.codebooks[q][codes[:, q]] for q in range(3)))
    assert torch.equal(rvq.lookup(codes, [1]), rvq.codebooks[1][codes[:, 1]])


def test_of_two_levels_with_as_many_entries_as_paths_the_nearest_of_all_sums_is_found() -> None:
    rvq, x = fitted(K=BEAM, Q=2)
    first, second = rvq.codebooks
    sums = (first[:, None] + second).flatten(0, 1)
    assert torch.equal(rvq.lookup(rvq(x)), sums[torch.cdist(x, sums).argmin(1)])


def test_nearly_every_entry_is_used_by_what_it_was_fitted_to() -> None:
    rvq, x = fitted(n=2000, K=64, Q=4)
    for column in rvq(x).T:
        assert len(column.unique()) >= 0.95 * 64


def test_centres_beside_fixed_ones_come_nearer_where_those_are_far() -> None:
    near = torch.randn(200, 4, generator=generator())
    x = torch.cat((near, 3 * torch.randn(400, 4, generator=generator(1))))
    fixed = kmeans(near, 8, generator())
    added = kmeans(x, 8, generator(), anchors=fixed)
    assert added.shape == (8, 4)

    def error(centres: torch.Tensor) -> float:
        return float((x - centres[nearest(x, centres)]).square().mean())

    assert error(torch.cat((fixed, added))) < 0.75 * error(fixed)
    assert error(torch.cat((fixed, added))) < error(added)


def test_a_small_corpus_leaves_few_entries_idle_that_are_fitted_to_much_else() -> None:
    own = torch.randn(300, 8, generator=generator(2))
    x = torch.cat((own, torch.randn(3000, 8, generator=generator(3)) * 3 + 3))
    alike, owned = ResidualVQ(8, 32, 3), ResidualVQ(8, 32, 3)
    alike.fit(x, generator())
    owned.fit(x, generator(), own)
    assert min(len(column.unique()) for column in alike(own).T) < 0.6 * 32
    assert all(len(column.unique()) >= 0.8 * 32 for column in owned(own).T)
    assert errors(owned, own)[-1] < 0.5 * errors(alike, own)[-1]
    assert errors(owned, x)[-1] < 4 * errors(alike, x)[-1]


def test_entries_stay_as_they_are_where_none_is_idle() -> None:
    x = torch.randn(500, 8, generator=generator(1))
    alike, owned = ResidualVQ(8, 16, 3), ResidualVQ(8, 16, 3)
    alike.fit(x, generator())
    owned.fit(x, generator(), x)
    assert torch.equal(alike.codebooks, owned.codebooks)


def test_fewer_rows_than_entries_are_hit_exactly() -> None:
    rvq, x = fitted(n=7)
    codes = rvq(x)
    assert torch.isfinite(rvq.codebooks).all()
    assert len(codes[:, 0].unique()) == 7
    assert torch.allclose(rvq.lookup(codes), x, atol=1e-5)


def test_one_repeated_row_is_survived_and_takes_one_code() -> None:
    x = torch.ones(40, 8)
    rvq = ResidualVQ(8, 16, 2)
    rvq.fit(x, generator())
    codes = rvq(x)
    assert torch.isfinite(rvq.codebooks).all()
    assert torch.allclose(rvq.lookup(codes), x, atol=1e-2)
    assert all(len(column.unique()) == 1 for column in codes.T)


def test_the_seed_decides() -> None:
    (first, _), (repeat, _), (other, _) = (fitted(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.codebooks, repeat.codebooks)
    assert not torch.equal(first.codebooks, other.codebooks)


@settings(deadline=None)
@given(
    st.integers(1, 5), st.integers(1, 9), st.integers(1, 20), st.integers(1, 12), st.integers(0, 99)
)
def test_the_smallest_are_those_that_sorting_finds(
    n: int, paths: int, entries: int, count: int, seed: int
) -> None:
    distances = (
        torch.randperm(n * paths * entries, generator=generator(seed))
        .view(n, paths, entries)
        .float()
    )
    values, path, entry = smallest(distances, count)
    assert torch.equal(values, distances.flatten(1).sort().values[:, :count])
    assert torch.equal(values, distances[torch.arange(n)[:, None], path, entry])
