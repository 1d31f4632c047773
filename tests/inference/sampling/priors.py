"""Small untrained priors, and recordings of random codes, that the tests of sampling share."""

from typing import Any

import torch

from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording

K, Q, WINDOW = 17, 3, 12
"""Entries, levels, and frames that a prior looks back."""
SIZES = {"hidden_size": 32, "num_layers": 2, "num_heads": 2}


def lively_prior(**settings: Any) -> CodePrior:
    """Random weights, so large that every code of the past shows."""
    torch.manual_seed(1)
    prior = CodePrior(K, WINDOW * Q, Q, **SIZES, **settings).eval()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return prior


def selecting_prior(**settings: Any) -> CodePrior:
    """A prior for unit selection; sounds end about every fourth frame."""
    prior = lively_prior(latent_dim=4, ends_first=True, **settings)
    assert prior.pointer is not None
    assert prior.pointer.ending is not None
    with torch.no_grad():
        prior.pointer.ending.score.bias.fill_(-1.0)
    return prior


def recording(frames: int, seed: int, whole: bool = True, codes: int = K) -> Recording:
    """A recording of random `codes`."""
    return Recording(
        name=f"{seed}.wav",
        codes=torch.randint(codes, (frames, Q), generator=torch.Generator().manual_seed(seed)),
        whole=whole,
    )


def most_are_silent(codes: torch.Tensor) -> torch.Tensor:
    """A silence test by which 13 of the 17 first codes are silent."""
    return codes[:, 0] < 13
