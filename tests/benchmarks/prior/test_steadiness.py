"""Steadiness and decay: held tones beside hits."""

import numpy as np
import pytest

from benchmarks.prior import steadiness
from benchmarks.prior.bands import onset_times
from distill.errors import UsageError
from distill.settings import SAMPLE_RATE


def tone(seconds: float, fall_db: float = 0.0, hz: float = 220.0) -> np.ndarray:
    """A tone `[N]` that falls by `fall_db` dB a second."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 0.3 * np.sin(2 * np.pi * hz * t) * 10 ** (-fall_db * t / 20)


def seconds_of(sound: np.ndarray) -> np.ndarray:
    return steadiness.steady_seconds(sound, onset_times(sound))


def falls_of(sound: np.ndarray) -> list[float]:
    return steadiness.decays(sound, onset_times(sound))


@pytest.mark.parametrize("hz", [40, 220, 3000])
def test_a_held_tone_is_one_stretch(hz: float) -> None:
    assert seconds_of(tone(4, hz=hz)) == pytest.approx(np.full(400, 4.0), abs=0.06)


def test_held_noise_is_one_stretch() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * SAMPLE_RATE)
    assert np.median(seconds_of(noise)) == pytest.approx(4, abs=0.06)


@pytest.mark.parametrize(("fall_db", "wanted_s"), [(2, 3.0), (10, 0.3), (30, 0.1)])
def test_3_db_a_second_end_a_stretch(fall_db: float, wanted_s: float) -> None:
    assert np.median(seconds_of(tone(3, fall_db))) == pytest.approx(wanted_s, abs=0.07)


def test_an_onset_ends_a_stretch_and_silence_does_not_count(hits) -> None:
    # A quiet hit over a tone that goes on; then silence.
    sound = np.concatenate([tone(2), np.zeros(SAMPLE_RATE)])
    sound[SAMPLE_RATE : SAMPLE_RATE + 4800] += 0.05 * np.random.default_rng(0).standard_normal(4800)
    found = seconds_of(sound)
    assert len(found) == pytest.approx(200, abs=5)
    assert found.max() == pytest.approx(1.0, abs=0.06)


def test_decays_are_measured_from_peak_to_200_ms(hits) -> None:
    held, falling = (falls_of(hits(60, 5, fall_db=fall_db)) for fall_db in (0.5, 100))
    assert np.median(held) == pytest.approx(0, abs=2)
    # From the first 10 ms to the last 20: 180 ms at 100 dB a second.
    assert np.median(falling) == pytest.approx(18, abs=2)


def test_a_hit_that_another_follows_within_200_ms_is_left_out(hits) -> None:
    assert falls_of(hits(360, 4))[2:-1] == []


def test_held_sounds_are_told_from_hits_and_hits_are_not_from_hits(hits) -> None:
    own, again = ([hits(100, 6, 0.02, seed) for seed in seeds] for seeds in ((0, 1), (2, 3)))
    held = steadiness.Durations.of([hits(100, 6, 0.02, seed, fall_db=1) for seed in (4, 5)])
    same = steadiness.compare(steadiness.Durations.of(again), steadiness.Durations.of(own))
    other = steadiness.compare(held, steadiness.Durations.of(own))
    assert same.steady < 0.2
    assert same.decay < 0.4
    assert other.steady > 0.6
    assert other.decay > 0.9


def test_pieces_are_told_from_tones_that_they_are_cut_from() -> None:
    own = [tone(3, hz=hz) for hz in (110, 220, 440, 1000)]
    beside = steadiness.Steadiness(own, count=4)
    assert beside.drawn_again().steady < 0.3
    assert beside.of_pieces(0.1).steady > 0.7


def test_silence_and_a_single_recording_are_refused() -> None:
    with pytest.raises(UsageError, match="silent"):
        steadiness.Durations.of([np.zeros(SAMPLE_RATE)])
    with pytest.raises(UsageError, match="two files"):
        steadiness.Steadiness([tone(1)])
