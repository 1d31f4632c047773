"""Grids of codes to edit, made without a model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from distill.inference.editing import CodeGrid
from distill.inference.regions import level_names
from distill.settings import SAMPLE_RATE

HOP = 1024


@pytest.fixture(scope="session")
def new_grid() -> Callable[..., CodeGrid]:
    """Makes a grid `[T, Q]` of random codes, 7 samples short of full; any entry may be given."""

    def make(T: int = 5, Q: int = 3, codebook_size: int = 64, seed: int = 0, **changes: Any) -> CodeGrid:
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
