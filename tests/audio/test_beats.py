import numpy as np
import pytest

from distill.audio.beats import cover, fit_grid, track_beats


def envelope(frames: np.ndarray, n: int) -> np.ndarray:
    """An envelope `[n]` with a pulse at each of `frames`."""
    strength = np.zeros(n)
    strength[frames] = 1.0
    return np.convolve(strength, np.hanning(7), "same")


def test_beats_are_found_where_pulses_are() -> None:
    frames = np.arange(40, 2000, 100)
    beats = track_beats(envelope(frames, 2000), np.full(2000, 100.0))
    assert beats == pytest.approx(frames)


def test_a_gap_is_bridged_and_an_odd_pulse_ignored() -> None:
    frames = np.arange(40, 2000, 100)
    played = np.append(np.delete(frames, [5, 6, 7]), 1390)
    beats = track_beats(envelope(played, 2000), np.full(2000, 100.0))
    assert len(beats) == len(frames)
    assert np.delete(beats, [5, 6, 7]) == pytest.approx(np.delete(frames, [5, 6, 7]))


def test_a_changing_period_is_followed() -> None:
    steps = np.linspace(80, 120, 30).astype(int)
    frames = 40 + np.concatenate(([0], steps.cumsum()))
    n = frames[-1] + 50
    periods = np.interp(np.arange(n), [0, n], [80.0, 120.0])
    assert track_beats(envelope(frames, n), periods) == pytest.approx(frames)


def test_silence_has_at_most_one_beat() -> None:
    assert len(track_beats(np.zeros(500), np.full(500, 100.0))) <= 1


def test_the_grid_through_uneven_beats() -> None:
    jitter = np.random.default_rng(0).normal(0, 0.008, 200)
    beats = 0.3 + 0.5 * np.arange(200) + jitter
    beats[50] += 0.2
    grid = fit_grid(beats, 0.025)
    assert grid is not None
    assert grid.period == pytest.approx(0.5, abs=1e-4)
    assert grid.first == pytest.approx(0.3, abs=5e-3)


def test_no_grid_through_a_changing_tempo_or_two_beats() -> None:
    assert fit_grid(np.linspace(0, 10, 100) ** 1.1, 0.025) is None
    assert fit_grid(np.array([0.0, 1.0]), 0.025) is None


def test_beats_go_on_evenly_to_both_ends() -> None:
    covering = cover(np.array([1.1, 1.6, 2.2]), 4.0)
    assert covering == pytest.approx([0.1, 0.6, 1.1, 1.6, 2.2, 2.8, 3.4])
    assert cover(np.array([0.0, 1.0]), 2.0) == pytest.approx([0.0, 1.0])
