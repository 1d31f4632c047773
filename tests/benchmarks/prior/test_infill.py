"""The benchmark of gaps and seams: steps of level, random gaps, and the surprise of codes."""

import math

import numpy as np
import pytest
import torch

from benchmarks.prior import infill
from distill.models.prior import CodePrior

HOP = 1024
SOUND = np.concatenate([np.full(8 * HOP, 0.01), np.full(8 * HOP, 0.1)])[None]
"""A step of 20 dB between frames 7 and 8."""


@pytest.mark.parametrize(
    ("first", "stop", "at_ends", "within"),
    [(8, 12, 20, 20), (4, 8, 20, 20), (5, 11, 0, 20), (11, 13, 0, 0)],
)
def test_a_step_is_found_at_the_ends_or_between_them(
    first: int, stop: int, at_ends: float, within: float
) -> None:
    steps = infill.level_steps(SOUND, first, stop, HOP)
    assert steps.at_ends == pytest.approx(at_ends, abs=1e-3)
    assert steps.within == pytest.approx(within, abs=1e-3)


def test_stretches_of_the_corpus_are_as_long_as_healed_ones() -> None:
    rng = np.random.default_rng(0)
    lengths = [3] * 200
    steps = np.array(infill.corpus_steps([SOUND, SOUND], lengths, HOP, rng))
    assert steps.shape == (400, 2)
    assert (steps[:, 1] >= steps[:, 0]).all()
    assert 0.4 < np.mean(steps[:, 1] > 19) < 0.6


def test_a_gap_leaves_half_a_second_at_either_side() -> None:
    rng = np.random.default_rng(0)
    frame_rate = 20.0
    sounds = [torch.arange(60)[:, None].expand(-1, 2), torch.zeros(5, 2, dtype=torch.long)]
    gaps = [infill.random_gap(sounds, frame_rate, rng) for _ in range(100)]
    result = [gap for gap in gaps if gap is not None]
    # The short sound is chosen now and then, and has no room.
    assert 0 < len(result) < 100
    for gap in result:
        assert 10 <= gap.frames <= 30
        assert len(gap.before) >= 10
        assert len(gap.after) >= 10
        assert int(gap.after[0, 0]) == len(gap.before) + gap.frames


def test_surprise_of_an_untrained_prior_is_that_of_chance() -> None:
    torch.manual_seed(0)
    prior = CodePrior(8, 64, 2, hidden_size=16, num_layers=1, num_heads=2).eval()
    codes = torch.randint(8, (40, 2), generator=torch.Generator().manual_seed(0))
    assert infill.surprise(prior, codes, 10, 40) == pytest.approx(2 * math.log2(8), abs=0.1)


def test_fillings_are_compared_with_the_first() -> None:
    bits = np.array([[3.0, 2.0], [3.0, 4.0], [3.0, 1.0], [3.0, 2.0]])
    assert infill.show(["left only", "chosen"], bits) == {"left only": 0.0, "chosen": 0.75}
