"""What the benchmark of gaps and seams measures of levels."""

import numpy as np
import pytest

from benchmarks.prior import infill

HOP = 1024
SOUND = np.concatenate([np.full(8 * HOP, 0.01), np.full(8 * HOP, 0.1)])[None]
"""A step of 20 dB between frames 7 and 8."""


@pytest.mark.parametrize(
    ("first", "stop", "at_ends", "anywhere"),
    [(8, 12, 20, 20), (4, 8, 20, 20), (5, 11, 0, 20), (11, 13, 0, 0)],
)
def test_a_step_is_found_at_the_ends_or_between_them(
    first: int, stop: int, at_ends: float, anywhere: float
) -> None:
    assert infill.level_steps(SOUND, first, stop, HOP) == pytest.approx(
        (at_ends, anywhere), abs=1e-3
    )


def test_stretches_of_the_corpus_are_as_long_as_those_healed() -> None:
    rng = np.random.default_rng(0)
    lengths = [3] * 200
    steps = np.array(infill.own_steps([SOUND, SOUND], lengths, HOP, rng))
    assert steps.shape == (400, 2)
    assert (steps[:, 1] >= steps[:, 0]).all()
    assert 0.4 < np.mean(steps[:, 1] > 19) < 0.6
