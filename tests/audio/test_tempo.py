import numpy as np
import pytest

from distill.audio.tempo import (
    autocorrelation,
    beat_likeness,
    circular_autocorrelation,
    find_tempo,
    tempo_weight,
)

FRAME_S = 0.005


def pulses(period_s: np.ndarray | float, duration: float) -> np.ndarray:
    """An envelope `[T]` with pulses `period_s` from each other."""
    strength = np.zeros(round(duration / FRAME_S))
    time = 0.1
    while time < duration:
        strength[int(time / FRAME_S)] = 1.0
        time += float(np.interp(time, [0, duration], np.broadcast_to(period_s, 2)))
    return np.convolve(strength, np.hanning(9), "same")


@pytest.mark.parametrize("bpm", [82, 97, 120, 133, 155])
def test_an_even_tempo(bpm: float) -> None:
    tempo = find_tempo(pulses(60 / bpm, 12), FRAME_S)
    assert tempo.period_s == pytest.approx(60 / bpm, rel=0.01)
    assert tempo.likeness > 0.8


def test_a_tempo_that_rises_is_followed() -> None:
    tempo = find_tempo(pulses(np.array([0.6, 0.45]), 120), FRAME_S)
    expected = np.interp(tempo.centre_s, [0, 120], [0.6, 0.45])
    assert tempo.period_s == pytest.approx(expected, rel=0.03)


def test_chance_is_unlike_itself() -> None:
    strength = np.random.default_rng(0).random(4000)
    assert abs(find_tempo(strength, FRAME_S).likeness) < 0.15


def test_both_autocorrelations_of_a_periodic_envelope() -> None:
    strength = np.tile(np.random.default_rng(0).random(100), 8)
    assert autocorrelation(strength)[[100, 200, 300]] == pytest.approx(1.0, abs=0.01)
    assert circular_autocorrelation(strength)[[100, 200, 300]] == pytest.approx(1.0)


def test_an_even_envelope_has_no_likeness() -> None:
    for correlation in (autocorrelation, circular_autocorrelation):
        assert np.abs(correlation(np.ones(50))).max() < 1e-3


def test_a_whole_turn_says_nothing_of_a_loop() -> None:
    """An envelope without repetition is equal to itself after four beats of four."""
    correlation = circular_autocorrelation(np.random.default_rng(0).random(400))
    assert abs(beat_likeness(correlation, np.array([100.0]), is_loop=True)[0]) < 0.3


def test_tempos_near_120_are_preferred() -> None:
    bpm = np.array([30.0, 60, 90, 120, 180, 240, 480])
    weight = tempo_weight(bpm)
    assert weight.argmax() == 3
    assert (np.diff(weight[:4]) > 0).all()
    assert (np.diff(weight[3:]) < 0).all()
