"""Benchmark of forms: bars of one letter against bars of two."""

import numpy as np
from numpy.random import default_rng

from benchmarks.prior.form import bars_of, distances
from distill.settings import SAMPLE_RATE


def test_bars_that_come_back_lie_at_zero() -> None:
    rng = default_rng(0)
    a, b = rng.standard_normal((2, 1, SAMPLE_RATE // 2))
    sound = np.concatenate([a, a, 0.1 * b, a], axis=1)
    assert [part.shape for part in bars_of(sound, 4)] == [(1, SAMPLE_RATE // 2)] * 4
    same, other = distances([sound], "AABA", 4, SAMPLE_RATE)
    assert len(same) == len(other) == 3
    assert max(same) == 0
    assert min(other) > 10
