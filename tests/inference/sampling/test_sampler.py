"""Drawing one code, or one yes or no, from logits."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.inference.sampling.sampler import GREEDY_BELOW, sample, sample_bool, uniform
from distill.inference.sampling.settings import Sampling


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(max_examples=50, deadline=None)
@given(
    K=st.integers(1, 40),
    top_k=st.integers(0, 50),
    top_p=st.floats(0.01, 1.0),
    temperature=st.floats(0.0, 5.0),
    seed=st.integers(0, 1000),
)
def test_draws_are_valid_and_within_the_cuts(
    K: int, top_k: int, top_p: float, temperature: float, seed: int
) -> None:
    logits = torch.randn(16, K, generator=generator(seed)) * 5
    draws = sample(logits, Sampling(temperature, top_k, top_p), generator(seed))
    assert draws.shape == (16,)
    rank = (logits > logits.gather(1, draws[:, None])).sum(1)
    if top_k:
        assert int(rank.max()) < top_k
    if temperature >= GREEDY_BELOW:
        share = (
            ((logits - logits.amax(1, keepdim=True)) / temperature)
            .softmax(1)
            .sort(1, descending=True)
            .values
        )
        before = (share.cumsum(1) - share).gather(1, rank[:, None])
        assert float(before.max()) < top_p + 1e-4


def test_a_share_below_all_numbers_keeps_the_likeliest() -> None:
    logits = torch.randn(6, 9, generator=generator())
    # 0 in float32.
    assert torch.equal(sample(logits, Sampling(top_p=1e-300), generator()), logits.argmax(1))


def test_frequencies_follow_the_probabilities() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(20_000, 4)
    draws = sample(logits, Sampling(top_p=1.0), generator())
    assert torch.allclose(torch.bincount(draws, minlength=4) / 20_000, logits[0].exp(), atol=0.015)


def test_zero_temperature_takes_the_likeliest_and_rows_are_independent() -> None:
    logits = torch.randn(6, 9)
    assert torch.equal(sample(logits, Sampling(temperature=0), generator()), logits.argmax(1))


def test_a_stream_with_its_own_generator_is_the_same_in_any_batch() -> None:
    logits = torch.randn(3, 9, generator=generator())
    together = sample(logits, Sampling(), [generator(seed) for seed in range(3)])
    single = [sample(logits[i : i + 1], Sampling(), generator(i)) for i in range(3)]
    assert torch.equal(together, torch.cat(single))


def test_uniform_numbers_are_float64_between_0_and_1() -> None:
    numbers = uniform(1000, generator())
    assert numbers.dtype == torch.float64
    assert numbers.shape == (1000, 1)
    assert 0 <= float(numbers.min()) < 0.01
    assert 0.99 < float(numbers.max()) < 1


def test_yes_or_no_follows_the_probability_whatever_the_cuts() -> None:
    logits = torch.full((20_000,), 0.1).logit()
    draws = sample_bool(logits, Sampling(top_k=1, top_p=0.5), generator())
    assert abs(float(draws.float().mean()) - 0.1) < 0.01
    greedy = sample_bool(torch.tensor([-0.1, 0.1]), Sampling(temperature=0), generator())
    assert greedy.tolist() == [False, True]
