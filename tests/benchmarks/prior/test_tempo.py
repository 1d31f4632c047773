"""Tempo: clicks are tracked to a tenth of a percent, and 1 % off is off."""

import numpy as np
import pytest

from benchmarks.prior import tempo
from benchmarks.prior.tempo import Tempo
from distill.errors import UsageError
from distill.settings import SAMPLE_RATE


@pytest.mark.parametrize("bpm", [61, 97, 120, 137.3, 200])
def test_clicks_have_their_tempo(bpm: float, hits) -> None:
    found = tempo.tempo(hits(bpm, 12))
    assert found.bpm == pytest.approx(bpm, rel=0.002)
    assert found.strength > 0.8


def test_loose_clicks_keep_their_tempo_and_are_weaker(hits) -> None:
    found = tempo.tempo(hits(120, 12, 0.01))
    assert found.bpm == pytest.approx(120, rel=0.005)
    assert found.strength < 0.8


def test_2_percent_off_is_off(hits) -> None:
    assert tempo.tempo(hits(120, 12)).octave(120) == 1
    assert tempo.tempo(hits(122.4, 12)).octave(120) is None


def test_half_and_double_count_and_thirds_do_not() -> None:
    octaves = [Tempo(bpm, 0.5).octave(120) for bpm in (60.5, 120, 239, 90, 180)]
    assert octaves == [0.5, 1, 2, None, None]
    assert Tempo(120, 0.05).octave(120) is None


@pytest.mark.parametrize("seed", range(4))
def test_hits_at_random_have_no_tempo(seed: int, hits) -> None:
    assert tempo.tempo(hits(120, 12, 0.4, seed)).strength < 0.15
    noise = np.random.default_rng(seed).standard_normal(12 * SAMPLE_RATE)
    assert tempo.tempo(noise).strength < tempo.LEAST_STRENGTH


def test_shares_say_which_octave() -> None:
    tempi = [Tempo(60, 0.9), Tempo(120, 0.7), Tempo(120.5, 0.5), Tempo(131, 0.4)]
    assert tempo.keeping(tempi, 120) == pytest.approx((0.75, 0.25, 0.5, 0, 0.6, 4))


def test_short_sounds_and_no_tempo_are_refused(hits) -> None:
    assert tempo.tempo(hits(120, 2.9)) is None
    with pytest.raises(UsageError, match="lasts 3 s"):
        tempo.keeping([], 120)
    with pytest.raises(UsageError, match="positive"):
        tempo.keeping([Tempo(120, 1.0)], -1)
