"""Gaps are filled from both sides, however long they are."""

import pytest
import torch

from distill.inference.sampling.conditions import Conditions, FixedCodes
from distill.inference.sampling.gap_filling import Gap, fill, log_likelihood
from distill.inference.sampling.settings import Sampling
from distill.models.prior import CodePrior
from tests.inference.sampling.priors import K, Q, lively_prior

RATE = 4.0
"""At 4 frames/s the prior is given 4 frames after the gap. In view of them the last 8 frames of the
gap are filled."""


def filling_prior(hears_ahead: bool = True) -> CodePrior:
    return lively_prior(latent_dim=4, hears_ahead=hears_ahead)


def codes(T: int) -> torch.Tensor:
    return torch.randint(K, (T, Q), generator=torch.Generator().manual_seed(T))


def filled(prior: CodePrior, gap: Gap, seed: int = 0) -> torch.Tensor:
    return fill(prior, gap, Sampling(), torch.Generator().manual_seed(seed), RATE)


@pytest.mark.parametrize("hears_ahead", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "frames"), [(20, 20, 3), (20, 20, 40), (0, 5, 9), (5, 0, 20), (0, 1, 1)]
)
def test_any_gap(hears_ahead: bool, before: int, after: int, frames: int) -> None:
    prior, stays = filling_prior(hears_ahead), torch.zeros(frames, Q, dtype=torch.bool)
    stays[frames // 2 :, 1] = True
    fixed = FixedCodes(codes(frames), stays)
    gap = Gap(codes(before), codes(after), frames, conditions=Conditions(fixed_codes=fixed))
    draws = filled(prior, gap)
    assert draws.shape == (frames, Q)
    assert torch.equal(draws[stays], fixed.codes[stays])
    assert torch.equal(draws, filled(prior, gap))
    assert frames < 9 or not torch.equal(draws, filled(prior, gap, seed=1))


@pytest.mark.parametrize("hears_ahead", [True, False])
def test_what_follows_decides(hears_ahead: bool) -> None:
    fillings = [
        filled(filling_prior(hears_ahead), Gap(codes(9), codes(after), 6)) for after in range(4, 12)
    ]
    # One try may be the best for several of them, but not for all.
    assert len({tuple(filling.flatten().tolist()) for filling in fillings}) > 1


def test_tries_are_judged_by_the_fixed_codes() -> None:
    prior, tries = filling_prior(), torch.stack([codes(2), codes(3)[:2]])
    stays = torch.tensor([[False, True, False], [False, False, False]])
    conditions = Conditions(fixed_codes=FixedCodes(codes(2), stays))
    gap = Gap(codes(5), codes(4), 2, conditions=conditions)
    whole = torch.stack([torch.cat([gap.before, filling, gap.after]) for filling in tries])
    with torch.no_grad():
        log_probs = prior.frame_scores(whole).codes.log_softmax(-1)
    likelihood = log_probs.gather(-1, whole[..., None])[..., 0]
    expected = likelihood[:, 7:].sum((1, 2)) + likelihood[:, 5, 1]
    fixed, filling = log_likelihood(prior, gap, tries)
    assert torch.allclose(fixed, expected, atol=1e-4)
    assert torch.allclose(filling, likelihood[:, 5:7].sum((1, 2)), atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_a_filling_is_likelier_than_the_original(seed: int) -> None:
    prior = filling_prior()
    original = codes(3)
    gap = Gap(codes(5), codes(4), 3, original=original)
    generator = torch.Generator().manual_seed(seed)
    filling = fill(prior, gap, Sampling(), generator, RATE, tries=16)
    scores = log_likelihood(prior, gap, torch.stack([filling, original])).filling
    assert scores[0] > scores[1]
