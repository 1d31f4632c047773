"""The prior's benchmark: what it counts."""

import math

import numpy as np
import pytest
import torch
from benchmarks.speed import sampling as drawing

from benchmarks.prior import bits as prior
from distill.models.prior import CodePrior

SIZE, LEVELS = 8, 2


def sounds(*lengths: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(SIZE, (n, LEVELS), generator=generator) for n in lengths]


def test_a_prior_that_knows_nothing_needs_the_bits_of_chance() -> None:
    torch.manual_seed(0)
    untrained = CodePrior(SIZE, 64, LEVELS, hidden_size=16, num_layers=1, num_heads=2).eval()
    assert prior.bits_by_level(untrained, sounds(40, 7)) == pytest.approx(
        [math.log2(SIZE)] * LEVELS, abs=0.05
    )


def test_bits_are_a_mean_over_frames_whatever_the_files() -> None:
    untrained = CodePrior(SIZE, 64, LEVELS, hidden_size=16, num_layers=1, num_heads=2).eval()
    long, short = sounds(30, 10)
    both = prior.bits_by_level(untrained, [long, short])
    apart = [prior.bits_by_level(untrained, [codes]) for codes in (long, short)]
    assert both == pytest.approx(0.75 * apart[0] + 0.25 * apart[1])


def test_floors_stand_in_order_where_there_is_something_to_count() -> None:
    counting = torch.stack([torch.arange(200) % 3, torch.arange(200) % 4], 1)
    rows = prior.floors(
        {"train": [counting], "validation": [counting[:60]], "test": [counting[7:90]]}, SIZE
    )
    assert rows["uniform"].tolist() == [3, 3]
    assert (rows["n-gram"] < rows["unigram"]).all()
    assert (rows["unigram"] < rows["uniform"]).all()
    assert rows["unigram"] == pytest.approx(np.log2([3, 4]), abs=0.2)


def test_long_sounds_are_scored_piece_by_piece_with_as_much_before_each() -> None:
    torch.manual_seed(0)
    network = CodePrior(SIZE, 12 * LEVELS, LEVELS, hidden_size=16, num_layers=1, num_heads=2).eval()
    (codes,) = sounds(50)
    starts = torch.zeros(1, 50, dtype=torch.bool)
    starts[:, 0] = True
    with torch.inference_mode():
        likely = (
            network.frame_scores(codes[None], starts)
            .codes.log_softmax(-1)
            .gather(-1, codes[None, ..., None])
        )
    assert prior.bits_by_level(network, [codes]) == pytest.approx(
        -likely[0, ..., 0].mean(0) / math.log(2), abs=1e-5
    )


def test_drawing_is_timed() -> None:
    assert drawing.prior_speed(files=5, streams=1, levels=1, size=4, seconds=0.2) > 0
    assert all(
        speed > 0 for speed in drawing.rival_speeds(files=5, levels=1, size=4, seconds=0.2).values()
    )
