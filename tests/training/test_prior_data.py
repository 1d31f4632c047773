import numpy as np
import pytest

from distill.settings import SAMPLE_RATE
from distill.training.prior_data import draw_gains, draw_offsets, without_inaudible_tail


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
