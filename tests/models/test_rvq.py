import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.models.rvq import ResidualVQ, kmeans, nearest


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def started(n: int = 500, dim: int = 8, K: int = 16, Q: int = 3) -> tuple[ResidualVQ, torch.Tensor]:
    x = torch.randn(n, dim, generator=generator(1))
    rvq = ResidualVQ(dim, K, Q)
    rvq.start_from(x, generator())
    return rvq, x


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 60), K=st.integers(2, 40), seed=st.integers(0, 100))
def test_kmeans_takes_any_number_of_points(n: int, K: int, seed: int) -> None:
    centres = kmeans(torch.randn(n, 4, generator=generator(seed)), K, generator(seed))
    assert centres.shape == (K, 4)
    assert torch.isfinite(centres).all()


def test_each_level_brings_the_sum_nearer() -> None:
    rvq, x = started()
    codes = rvq(x).codes
    errors = [float((rvq.lookup(codes[:, :q]) - x).square().mean()) for q in (1, 2, 3)]
    assert errors[0] > errors[1] > errors[2]


def test_values_are_the_lookup_of_the_codes() -> None:
    rvq, x = started()
    out = rvq(x)
    assert out.codes.shape == (500, 3)
    assert torch.allclose(out.values, rvq.lookup(out.codes), atol=1e-5)


def test_gradient_passes_straight_through() -> None:
    rvq, x = started()
    x.requires_grad_()
    rvq(x).values.sum().backward()
    assert torch.allclose(x.grad, torch.ones_like(x))


def test_nearest_is_the_nearest() -> None:
    x, book = torch.randn(50, 6), torch.randn(9, 6)
    assert torch.equal(nearest(x, book), torch.cdist(x, book).argmin(1))


def test_updates_bring_codebooks_towards_new_latents() -> None:
    rvq, x = started()
    moved = x + 3.0
    before = rvq(moved).commitment.item()
    for step in range(100):
        rvq.update(moved, rvq(moved).codes, generator(step))
    assert rvq(moved).commitment.item() < 0.2 * before


def test_dead_codes_come_back() -> None:
    rvq, x = started()
    rvq.codebooks[0, 3:] = 1e3
    rvq.ema_sums[0, 3:] = 1e3
    assert len(rvq(x).codes[:, 0].unique()) <= 3
    for step in range(150):
        rvq.update(x, rvq(x).codes, generator(step))
    assert len(rvq(x).codes[:, 0].unique()) >= 14


def test_one_repeated_latent_is_survived() -> None:
    x = torch.ones(40, 8)
    rvq = ResidualVQ(8, 16, 2)
    rvq.start_from(x, generator())
    for step in range(20):
        rvq.update(x, rvq(x).codes, generator(step))
    assert torch.isfinite(rvq.codebooks).all()
    assert torch.allclose(rvq(x).values, x, atol=1e-2)
