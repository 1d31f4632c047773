import numpy as np
import pytest
import torch

from distill.data.streams import Stream
from distill.settings import SAMPLE_RATE
from distill.training.prior_data import draw_ahead, draw_gains, draw_offsets, rearranged, without_inaudible_tail


@pytest.mark.parametrize("n", [100, 5000, 3 * SAMPLE_RATE])
@pytest.mark.parametrize("tail", [0, 10, 2 * SAMPLE_RATE])
def test_tails_that_nobody_hears_go(n: int, tail: int) -> None:
    sound = np.full((1, n + tail), 1e-4, np.float32)
    sound[:, :n] = 0.1
    kept = without_inaudible_tail(sound, SAMPLE_RATE).shape[1]
    assert kept == min(n + tail, n + round(0.02 * SAMPLE_RATE))


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_quiet_sounds_stay_whole(level: float) -> None:
    quiet = np.full((1, 2 * SAMPLE_RATE), level, np.float32)
    assert without_inaudible_tail(quiet, SAMPLE_RATE).shape == quiet.shape


def test_offsets_begin_with_none_and_stay_within_a_frame() -> None:
    offsets = draw_offsets(8, 1024, seed=0)
    assert len(offsets) == 8
    assert offsets[0] == 0
    assert all(0 < offset < 1024 for offset in offsets[1:])


def test_gains_begin_with_none_and_lift_and_lower() -> None:
    gains = draw_gains(8, seed=0)
    assert len(gains) == 8
    assert gains[0] == 0
    assert -6 <= min(gains) < 0 < max(gains) <= 6


def test_what_follows_is_heard_first_in_a_share_of_batches() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([draw_ahead(0.3, 192, 47.0, rng) for _ in range(1000)])
    assert 0.25 < (drawn > 0).mean() < 0.35
    assert 10 < drawn[drawn > 0].min() < 20
    assert 85 < drawn.max() <= 94
    assert {draw_ahead(1.0, 8, 47.0, rng) for _ in range(20)} == {4}


def test_the_end_of_every_piece_moves_to_its_front() -> None:
    time = torch.arange(6).expand(2, 6)
    batch = rearranged(Stream(time[..., None].expand(2, 6, 3), time == 4, time == 5), 2)
    assert batch.codes[0, :, 0].tolist() == [4, 5, 0, 1, 2, 3]
    assert batch.starts[1].nonzero().tolist() == [[0]]
    assert batch.ends[1].nonzero().tolist() == [[1]]
