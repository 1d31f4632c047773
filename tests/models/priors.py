"""A small untrained prior, and random codes for it, that tests of the prior share."""

from typing import Any

import torch

from distill.models.prior import CodePrior

K = 11
"""Codebook entries."""
Q = 3
"""Quantiser levels."""


def lively(**settings: Any) -> CodePrior:
    """Untrained, with weights so large that a leak of the future would show."""
    torch.manual_seed(0)
    prior = CodePrior(K, 8 * Q, Q, hidden_size=32, num_layers=2, num_heads=2, **settings).eval()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return prior


def codes(frames: int, B: int = 2) -> torch.Tensor:
    return torch.randint(K, (B, frames, Q), generator=torch.Generator().manual_seed(frames))
