"""The noise of the decoder: one fixed table, so that the same codes always give the same sound."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

NOISE_FRAMES = 1999
"""Rows of the table, after which it repeats: 43 s of code frames. A prime number, so that no loop
of codes meets the same rows again soon."""

NOISE_SEED = 48
"""Seed of the table of the first channel. Another seed would change the sound of every model."""


def noise_table(bins: int, channel: int = 0) -> Tensor:
    """Standard normal noise `[NOISE_FRAMES, bins]`, the same on every machine and in every version.

    Frame `t` of a sound takes row `t % NOISE_FRAMES`, so that a sound decoded in pieces is the
    sound decoded whole. Each channel has a table of its own.
    """
    # Only the numbers are kept: a tensor from the export of a model would be a stand-in without.
    # Made while decoding, it would be an inference tensor, which training cannot use.
    with torch.inference_mode(False):
        return torch.from_numpy(_numbers(bins, channel))


@cache
def _numbers(bins: int, channel: int) -> np.ndarray:
    # Of NumPy's generators, only this one promises the same numbers in every version.
    generator = np.random.RandomState(NOISE_SEED + channel)
    return generator.standard_normal((NOISE_FRAMES, bins)).astype(np.float32)
