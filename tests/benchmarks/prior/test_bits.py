"""The bits of a prior are counted per frame and level, and floors are in order."""

import math

import numpy as np
import pytest
import torch

from benchmarks.prior import bits
from distill.models.prior import CodePrior

SIZE = 8
"""Codebook entries."""

LEVELS = 2


def sounds(*lengths: int) -> list[torch.Tensor]:
    """Random codes `[T, Q]` of these lengths."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(SIZE, (n, LEVELS), generator=generator) for n in lengths]


def untrained(window: int) -> CodePrior:
    """A small prior with a context of `window` frames."""
    torch.manual_seed(0)
    context = window * LEVELS
    return CodePrior(SIZE, context, LEVELS, hidden_size=16, num_layers=1, num_heads=2).eval()


def test_an_untrained_prior_needs_the_bits_of_chance() -> None:
    result = bits.bits_by_level(untrained(32), sounds(40, 7))
    assert result == pytest.approx([math.log2(SIZE)] * LEVELS, abs=0.05)


def test_bits_are_a_mean_over_frames_of_all_files() -> None:
    prior = untrained(32)
    long, short = sounds(30, 10)
    both = bits.bits_by_level(prior, [long, short])
    bits_long = bits.bits_by_level(prior, [long])
    bits_short = bits.bits_by_level(prior, [short])
    assert both == pytest.approx(0.75 * bits_long + 0.25 * bits_short)


def test_long_sounds_are_scored_in_windows_with_full_context() -> None:
    prior = untrained(12)
    (codes,) = sounds(50)
    starts = torch.zeros(1, 50, dtype=torch.bool)
    starts[:, 0] = True
    with torch.inference_mode():
        logits = prior.frame_scores(codes[None], starts).codes
    log_likelihoods = logits.log_softmax(-1).gather(-1, codes[None, ..., None])[0, ..., 0]
    expected = -log_likelihoods.mean(0) / math.log(2)
    assert bits.bits_by_level(prior, [codes]) == pytest.approx(expected, abs=1e-5)


def test_floors_are_in_order_where_there_is_structure() -> None:
    counting = torch.stack([torch.arange(200) % 3, torch.arange(200) % 4], 1)
    codes = {"train": [counting], "validation": [counting[:60]], "test": [counting[7:90]]}
    rows = bits.floors(codes, SIZE)
    assert rows["uniform"].tolist() == [3, 3]
    assert (rows["n-gram"] < rows["unigram"]).all()
    assert (rows["unigram"] < rows["uniform"]).all()
    assert rows["unigram"] == pytest.approx(np.log2([3, 4]), abs=0.2)
