from collections.abc import Callable, Sequence
from itertools import islice

import pytest
import torch

from distill.inference.sampling.conditions import Conditions, LengthLimits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.settings import Sampling
from distill.models.prior import CodePrior
from distill.models.prior_stream import PriorStream
from tests.inference.sampling.priors import lively_prior


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_first_level_moves_on_as_often_as_the_prior_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even where a cut leaves the likeliest code only: in a steady sound, that is the last one."""
    prior = lively_prior()
    chances = torch.tensor([0.005] * 16 + [0.92])

    def next_logits(stream: PriorStream, choice: torch.Tensor) -> torch.Tensor:
        return chances.log().expand(len(stream.state), -1)

    monkeypatch.setattr(PriorStream, "next_logits", next_logits)
    frames = islice(draw_frames(prior, 1, Sampling(top_p=0.9), generator()), 4000)
    codes = torch.cat([frame.codes for frame in frames])
    assert (codes[:, 1:] == 16).all()
    held = codes[:-1, 0] == 16
    assert float((codes[1:, 0] != 16)[held].float().mean()) == pytest.approx(0.08, abs=0.02)


def uncached(
    prior: CodePrior,
    frames: int,
    sampling: Sampling,
    seed: int,
    drawn_after: Callable[..., torch.Tensor],
    prompt: LeadIn | None = None,
) -> torch.Tensor:
    """The codes of `draw_frames`, but with the whole past scored again for every code."""
    dice, Q = generator(seed), prior.num_quantizers
    codes, starts = torch.zeros(1, 0, Q, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool)
    if prompt is not None:
        codes, starts = (
            prompt.codes[None],
            torch.cat([prompt.starts, torch.tensor([prompt.ends_sound])])[None],
        )
    prompt_frames = codes.shape[1]
    ends = torch.zeros(1, prompt_frames, dtype=torch.bool)

    def toss() -> torch.Tensor:
        logits = prior.frame_scores(codes, starts).ends[:, -1]
        return torch.rand(1, generator=dice, dtype=torch.float64) < logits.double().sigmoid()

    for t in range(prompt_frames, prompt_frames + frames):
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
    return codes[0, prompt_frames:]


def drawn(prior: CodePrior, frames: int, prompt: LeadIn | None = None) -> torch.Tensor:
    """Codes `[T, Q]` by the seed 5."""
    sounds = draw_frames(prior, 1, Sampling(), generator(5), Conditions(prompt=prompt))
    return torch.cat([frame.codes for frame in islice(sounds, frames)])


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("latent_dim", [0, 4], ids=["network", "pointer"])
def test_a_lead_in_is_prompt_frames_and_not_played(
    drawn_after: Callable[..., torch.Tensor], latent_dim: int, ended: bool
) -> None:
    prior = lively_prior(latent_dim=latent_dim, ends_first=latent_dim > 0)
    codes = torch.randint(17, (20, 3), generator=generator(2))
    prompt = LeadIn(codes, torch.arange(20) % 8 == 1, ended, ("some.wav",))
    after = drawn(prior, 15, prompt)
    with torch.inference_mode():
        assert torch.equal(after, uncached(prior, 15, Sampling(), 5, drawn_after, prompt))
    single = drawn(prior, 15)
    assert not torch.equal(after, single)


@pytest.mark.parametrize("ends_first", [False, True])
def test_cached_sampling_equals_uncached_to_the_last_code(
    drawn_after: Callable[..., torch.Tensor], ends_first: bool
) -> None:
    prior = lively_prior(latent_dim=4 if ends_first else 0, ends_first=ends_first)
    cached = drawn(prior, 40)
    with torch.inference_mode():
        assert torch.equal(cached, uncached(prior, 40, Sampling(), 5, drawn_after))
    assert len(cached.unique()) > 5


def test_a_logit_bias_decides() -> None:
    calls: list[tuple[int, list[int]]] = []

    def bias(t: int, chosen: Sequence[torch.Tensor]) -> torch.Tensor:
        calls.append((t, [int(code) for code in chosen]))
        return 1e4 * (torch.arange(17) == t + 5 * len(chosen))[None]

    conditions = Conditions(logit_bias=bias)
    sounds = draw_frames(lively_prior(latent_dim=4), 1, Sampling(), generator(5), conditions)
    codes = torch.cat([frame.codes for frame in islice(sounds, 3)])
    assert codes.tolist() == [[t, t + 5, t + 10] for t in range(3)]
    assert calls[3:6] == [(1, []), (1, [1]), (1, [1, 6])]


def beginnings(
    frames: int,
    prompt: LeadIn | None = None,
    ends_first: bool = True,
    bias: float = -1e4,
    least: int = 1,
) -> list[int]:
    """Where sounds begin after `prompt`, by a prior that ends none, or all at once, if each lasts
    `least` to 5."""
    sizes = {"hidden_size": 8, "num_layers": 1, "num_heads": 2}
    prior = CodePrior(
        2, seq_len=64, num_quantizers=1, **sizes, latent_dim=2, ends_first=ends_first
    ).eval()
    with torch.no_grad():
        last = prior.pointer.ending.score if ends_first else prior.end.score[1]
        last.bias.fill_(bias)
    conditions = Conditions(prompt=prompt, length_limits=LengthLimits(least, 5))
    drawn_frames = islice(draw_frames(prior, 1, Sampling(), generator(), conditions), frames)
    ends = [bool(frame.ends[0]) for frame in drawn_frames]
    starts_at_once = prompt is None or prompt.ends_sound
    return [t for t, starts in enumerate([starts_at_once, *ends[:-1]]) if starts]


def test_no_sound_outlasts_the_longest() -> None:
    assert beginnings(16) == beginnings(16, ends_first=False) == [0, 5, 10, 15]


def test_no_sound_ends_before_the_shortest() -> None:
    assert beginnings(5, bias=1e4) == [0, 1, 2, 3, 4]
    assert beginnings(8, bias=1e4, least=3) == beginnings(8, None, False, 1e4, 3) == [0, 3, 6]


def test_a_sound_that_the_lead_in_began_ends_in_time() -> None:
    prompt = LeadIn(torch.zeros(7, 1, dtype=torch.long), torch.arange(7) == 4, False, ("some.wav",))
    assert beginnings(9, prompt) == [2, 7]
    assert beginnings(9, prompt, bias=1e4, least=4) == [1, 5]


def test_a_sound_whose_beginning_is_not_known_may_end_at_once() -> None:
    prompt = LeadIn(
        torch.zeros(2, 1, dtype=torch.long), torch.zeros(2, dtype=torch.bool), False, ("some.wav",)
    )
    assert beginnings(7, prompt, bias=1e4, least=4) == [1, 5]
