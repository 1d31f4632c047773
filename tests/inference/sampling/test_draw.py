from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.errors import UsageError
from distill.inference.sampling.conditions import LengthLimits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.sampler import GREEDY_BELOW, sample
from distill.inference.sampling.settings import Sampling
from distill.models.cache import PriorCache
from distill.models.prior import CodePrior


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
    drawn = sample(logits, Sampling(temperature, top_k, top_p), generator(seed))
    assert drawn.shape == (16,)
    rank = (logits > logits.gather(1, drawn[:, None])).sum(1)
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


def test_frequencies_follow_the_probabilities() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(20_000, 4)
    drawn = sample(logits, Sampling(top_p=1.0), generator())
    assert torch.allclose(torch.bincount(drawn, minlength=4) / 20_000, logits[0].exp(), atol=0.015)


def test_zero_temperature_takes_the_likeliest_and_rows_are_independent() -> None:
    logits = torch.randn(6, 9)
    assert torch.equal(sample(logits, Sampling(temperature=0), generator()), logits.argmax(1))


def test_the_first_level_moves_on_as_often_as_the_prior_says() -> None:
    """With a cut too, which leaves out all else: what is likeliest in what stands still is more of
    it."""
    prior = lively_prior()
    chances = torch.tensor([0.005] * 16 + [0.92])

    def score_level(level: int, known: torch.Tensor, cache: PriorCache) -> torch.Tensor:
        return chances.log().expand(len(known), -1)

    prior.score_level = score_level
    frames = islice(draw_frames(prior, 1, Sampling(top_p=0.9), generator()), 4000)
    codes = torch.cat([frame.codes for frame in frames])
    assert (codes[:, 1:] == 16).all()
    held = codes[:-1, 0] == 16
    assert float((codes[1:, 0] != 16)[held].float().mean()) == pytest.approx(0.08, abs=0.02)


NONSENSE: list[dict[str, Any]] = [
    {"temperature": -1},
    {"temperature": 11},
    {"top_p": 0},
    {"top_p": 1.1},
    {"top_k": -1},
    {"lead_in": -1},
    {"lead_in": 61},
    {"lead_in": 0, "like": "drums"},
    {"free_levels": 0},
    {"closeness": -0.1},
    {"closeness": 1.1},
]


@pytest.mark.parametrize("bad", NONSENSE)
def test_nonsense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Sampling(**bad)


def uncached(
    prior: CodePrior,
    frames: int,
    sampling: Sampling,
    seed: int,
    drawn_after: Callable[..., torch.Tensor],
    lead_in: LeadIn | None = None,
) -> torch.Tensor:
    """What `draw_frames` does, but with the whole past scored anew for every code."""
    dice, Q = generator(seed), prior.num_quantizers
    codes, starts = torch.zeros(1, 0, Q, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool)
    if lead_in is not None:
        codes, starts = (
            lead_in.codes[None],
            torch.cat([lead_in.starts, torch.tensor([lead_in.ended])])[None],
        )
    heard = codes.shape[1]
    ends = torch.zeros(1, heard, dtype=torch.bool)

    def toss() -> torch.Tensor:
        logits = prior.frame_scores(codes, starts).ends[:, -1]
        return torch.rand(1, generator=dice, dtype=torch.float64) < logits.double().sigmoid()

    for t in range(heard, heard + frames):
        codes = torch.cat([codes, torch.zeros(1, 1, Q, dtype=torch.long)], 1)
        last = toss() if prior.ends_first else torch.zeros(1, dtype=torch.bool)
        ends = torch.cat([ends, last[:, None]], 1)
        for level in range(Q):
            logits = prior.frame_scores(codes, starts, ends=ends).codes[:, t, level]
            codes[:, t, level] = drawn_after(
                logits, codes[:, :t] if level == 0 else codes[:, :0], sampling, dice
            )
        last = last if prior.ends_first else toss()
        starts = torch.cat([starts, last[:, None]], 1)
    return codes[0, heard:]


def lively_prior(latent_dim: int = 0, ends_first: bool = False) -> CodePrior:
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_layers": 2, "num_heads": 2}
    prior = CodePrior(17, 12 * 3, 3, **sizes, latent_dim=latent_dim, ends_first=ends_first).eval()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return prior


def drawn(prior: CodePrior, frames: int, lead_in: LeadIn | None = None) -> torch.Tensor:
    """Codes `[T, Q]` by the seed 5."""
    sounds = draw_frames(prior, 1, Sampling(), generator(5), lead_in=lead_in)
    return torch.cat([frame.codes for frame in islice(sounds, frames)])


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("latent_dim", [0, 4], ids=["network", "pointer"])
def test_a_lead_in_is_heard_and_not_played(
    drawn_after: Callable[..., torch.Tensor], latent_dim: int, ended: bool
) -> None:
    prior = lively_prior(latent_dim, ends_first=latent_dim > 0)
    codes = torch.randint(17, (20, 3), generator=generator(2))
    lead_in = LeadIn(codes, torch.arange(20) % 8 == 1, ended, ("some.wav",))
    after = drawn(prior, 15, lead_in)
    with torch.inference_mode():
        assert torch.equal(after, uncached(prior, 15, Sampling(), 5, drawn_after, lead_in))
    alone = drawn(prior, 15)
    assert not torch.equal(after, alone)


@pytest.mark.parametrize("ends_first", [False, True])
def test_cached_sampling_equals_uncached_to_the_last_code(
    drawn_after: Callable[..., torch.Tensor], ends_first: bool
) -> None:
    prior = lively_prior(4 if ends_first else 0, ends_first)
    cached = drawn(prior, 40)
    with torch.inference_mode():
        assert torch.equal(cached, uncached(prior, 40, Sampling(), 5, drawn_after))
    assert len(cached.unique()) > 5


def test_what_is_drawn_leans_as_told() -> None:
    asked_of: list[tuple[int, list[int]]] = []

    def lean(t: int, chosen: Sequence[torch.Tensor]) -> torch.Tensor:
        asked_of.append((t, [int(code) for code in chosen]))
        return 1e4 * (torch.arange(17) == t + 5 * len(chosen))[None]

    sounds = draw_frames(lively_prior(4), 1, Sampling(), generator(5), lean=lean)
    codes = torch.cat([frame.codes for frame in islice(sounds, 3)])
    assert codes.tolist() == [[t, t + 5, t + 10] for t in range(3)]
    assert asked_of[3:6] == [(1, []), (1, [1]), (1, [1, 6])]


def beginnings(
    frames: int,
    lead_in: LeadIn | None = None,
    ends_first: bool = True,
    bias: float = -1e4,
    least: int = 1,
) -> list[int]:
    """Where sounds begin after `lead_in`, by a prior that ends none, or all at once, if each lasts
    `least` to 5."""
    sizes = {"hidden_size": 8, "num_layers": 1, "num_heads": 2}
    prior = CodePrior(
        2, seq_len=64, num_quantizers=1, **sizes, latent_dim=2, ends_first=ends_first
    ).eval()
    with torch.no_grad():
        last = prior.pointer.ending.score if ends_first else prior.end.score[1]
        last.bias.fill_(bias)
    begun: list[bool] = []
    step = prior.step

    def watch(
        previous: torch.Tensor | None, starts: torch.Tensor, cache: PriorCache
    ) -> torch.Tensor:
        begun.append(bool(starts[0]))
        return step(previous, starts, cache)

    prior.step = watch
    list(
        islice(
            draw_frames(prior, 1, Sampling(), generator(), LengthLimits(least, 5), lead_in), frames
        )
    )
    return [t for t, new in enumerate(begun) if new]


def test_no_sound_outlasts_the_longest() -> None:
    assert beginnings(16) == beginnings(16, ends_first=False) == [0, 5, 10, 15]


def test_no_sound_ends_before_the_shortest() -> None:
    assert beginnings(5, bias=1e4) == [0, 1, 2, 3, 4]
    assert beginnings(8, bias=1e4, least=3) == beginnings(8, None, False, 1e4, 3) == [0, 3, 6]


def test_a_sound_that_the_lead_in_began_ends_in_time() -> None:
    lead_in = LeadIn(
        torch.zeros(7, 1, dtype=torch.long), torch.arange(7) == 4, False, ("some.wav",)
    )
    assert beginnings(9, lead_in) == [2, 7]
    assert beginnings(9, lead_in, bias=1e4, least=4) == [1, 5]


def test_a_sound_whose_beginning_is_not_known_may_end_at_once() -> None:
    lead_in = LeadIn(
        torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, dtype=torch.bool), False, ("some.wav",)
    )
    assert beginnings(7, lead_in, bias=1e4, least=4) == [1, 5]
