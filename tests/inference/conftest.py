"""Grids of codes to edit, made without a model; how a code is drawn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from distill.inference.codes.grid import CodeGrid
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.models.levels import level_names
from distill.settings import SAMPLE_RATE

HOP = 1024


@pytest.fixture(scope="session")
def new_grid() -> Callable[..., CodeGrid]:
    """Makes a grid `[T, Q]` of random codes, 7 samples short of full; any entry may be given."""

    def make(
        T: int = 5, Q: int = 3, codebook_size: int = 64, seed: int = 0, **changes: Any
    ) -> CodeGrid:
        values: dict[str, Any] = {
            "codes": np.random.default_rng(seed).integers(0, codebook_size, (T, Q)),
            "codebook_size": codebook_size,
            "codebook_hash": "ab" * 32,
            "model_id": "model-1",
            "frame_rate": SAMPLE_RATE / HOP,
            "level_names": level_names(Q),
            "gain": 0.5,
            "n_samples": T * HOP - 7,
            "sample_rate": SAMPLE_RATE,
            "channels": 1,
            "source": f"sound {seed}.wav",
        }
        return CodeGrid(**(values | changes))

    return make


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
