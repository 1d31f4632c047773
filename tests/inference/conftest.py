"""How a code is drawn."""

from collections.abc import Callable

import pytest
import torch

from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling


@pytest.fixture(scope="session")
def drawn_after() -> Callable[..., torch.Tensor]:
    """Draws a code `[1]` of the first level after the codes `past` `[1, t, Q]`; of any other, after
    none."""

    def draw(
        logits: torch.Tensor, past: torch.Tensor, sampling: Sampling, dice: torch.Generator
    ) -> torch.Tensor:
        if not past.shape[1]:
            return sample(logits, sampling, dice)
        last = past[:, -1, :1]
        stays = torch.rand(1, 1, generator=dice, dtype=torch.float64) < logits.softmax(-1).gather(
            1, last
        )
        other = sample(logits.scatter(1, last, -torch.inf), sampling, dice)
        return last[0] if stays else other

    return draw
