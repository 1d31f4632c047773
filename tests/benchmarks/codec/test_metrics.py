"""The figures of the codec benchmark, on sounds whose distance is known."""

import math

import numpy as np
import pytest

from benchmarks.codec import metrics
from distill.settings import SAMPLE_RATE

HALF_S = SAMPLE_RATE // 2
"""Samples of half a second."""

SECONDS = 2 * SAMPLE_RATE
"""Samples of two seconds."""


def noise(n: int, seed: int = 0, level: float = 0.1) -> np.ndarray:
    # Of NumPy's generators only this one promises the same numbers in every version.
    return (level * np.random.RandomState(seed).standard_normal(n)).astype(np.float32)


def sine(frequency: float, n: int = HALF_S) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(n) / SAMPLE_RATE)).astype(np.float32)


def test_a_sound_is_at_no_distance_from_itself() -> None:
    sound = noise(HALF_S)
    row = metrics.score(sound, sound)
    assert [row[name] for name in ("mel7", "stft", "convergence", "lsd")] == [0, 0, 0, 0]


def test_mel7_is_that_of_the_reference_scorer() -> None:
    # Computed with the script that defines mel7. Noise is added, since far from a sine alone there
    # are only rounding errors of the processor.
    tone = sine(440) + 0.001 * noise(HALF_S, seed=2)
    assert metrics.mel7(noise(HALF_S), tone) == pytest.approx(12.75582, abs=1e-4)
    assert metrics.mel7(noise(HALF_S), noise(HALF_S + 999, seed=1)) == pytest.approx(
        1.248309, abs=1e-4
    )


def test_twice_as_loud() -> None:
    sound = noise(HALF_S)
    row = metrics.score(sound, 2 * sound)
    assert row["convergence"] == pytest.approx(1)
    assert row["stft"] == pytest.approx(float(metrics.magnitudes(sound).mean()))
    assert row["lsd"] == pytest.approx(20 * math.log10(2), abs=1e-3)


def test_differences_80_db_down_or_in_silence_do_not_count() -> None:
    sound = np.concatenate([sine(1000), np.zeros(HALF_S, np.float32)])
    hiss = noise(len(sound), level=1e-7)
    assert metrics.score(sound, sound + hiss)["lsd"] == pytest.approx(0, abs=1e-3)
    late_click = sound.copy()
    late_click[-4000] = 0.5
    assert metrics.score(sound, late_click)["lsd"] == pytest.approx(0, abs=1e-3)
    assert metrics.score(late_click, sound)["lsd"] > 1


def test_silence_has_no_spectrum_to_compare_with() -> None:
    row = metrics.score(np.zeros(HALF_S, np.float32), noise(HALF_S))
    assert math.isnan(row["lsd"])
    assert math.isnan(row["convergence"])
    assert row["mel7"] > 1


def test_a_mean_leaves_out_nan() -> None:
    assert metrics.mean([1.0, math.nan, 3.0]) == 2
    assert math.isnan(metrics.mean([math.nan]))


@pytest.mark.parametrize("n", [1, 100, 3000])
def test_the_shortest_sounds(n: int) -> None:
    row = metrics.score(noise(n), noise(n, seed=1))
    assert 0 < row["mel7"] < 20
    assert row["lsd"] > 0


# --- ViSQOL ---------------------------------------------------------------------------------------


@pytest.mark.skipif(metrics.VisqolApi is None, reason="visqol-python is not installed")
def test_visqol_falls_with_noise() -> None:
    sound = np.concatenate([sine(f, SAMPLE_RATE // 4) for f in (220, 330, 440, 550, 660, 880)])
    same, little, much = (
        metrics.visqol(sound, sound + noise(len(sound), level=x)) for x in (0, 0.003, 0.3)
    )
    assert same > 4.5
    assert same >= little > much >= 1
    assert metrics.visqol(sound, np.zeros_like(sound)) == 1


def test_visqol_is_for_sounds_of_a_second_or_more() -> None:
    short = noise(SAMPLE_RATE - 1)
    assert math.isnan(metrics.visqol(short, short))


# --- stereo ---------------------------------------------------------------------------------------


def test_the_stereo_image_of_independent_channels() -> None:
    wide = np.stack([noise(SECONDS), noise(SECONDS, seed=1)])
    row = metrics.stereo(wide, wide)
    assert row["side_mel7"] == 0
    assert row["side_level_db"] == 0
    assert row["width_source_db"] == pytest.approx(0, abs=0.1)
    assert row["correlation_source"] == row["correlation_decoded"] == pytest.approx(0, abs=0.02)


def test_a_side_that_got_lost() -> None:
    mid, side = noise(SECONDS), noise(SECONDS, seed=1)
    wide, narrow = (np.stack([mid + x * side, mid - x * side]) for x in (0.5, 0.25))
    row = metrics.stereo(wide, narrow)
    assert row["side_level_db"] == pytest.approx(-6.02, abs=0.01)
    assert row["width_decoded_db"] - row["width_source_db"] == pytest.approx(-6.02, abs=0.01)
    assert row["correlation_source"] == pytest.approx(0.6, abs=0.02)
    assert row["correlation_decoded"] > 0.85
    assert row["side_mel7"] > 1


def test_dual_mono_has_no_width() -> None:
    dual = np.stack([noise(SECONDS)] * 2)
    row = metrics.stereo(dual, dual)
    assert row["width_decoded_db"] == -metrics.RATIO_RANGE_DB
    assert row["correlation_decoded"] == pytest.approx(1)
    assert row["side_level_db"] == 0
