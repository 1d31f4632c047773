import math
from collections.abc import Callable

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.level import active_rms_db, active_rms_db_of, db, integrated_loudness
from distill.settings import SAMPLE_RATE


def noise(seconds: float, channels: int = 1, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Noise `[C, N]` that swells and fades, so that the gate has something to leave out."""
    n = round(seconds * rate)
    swell = 10 ** (-2 * np.abs(np.sin(np.arange(n) / n * 5)))
    return (np.random.default_rng(0).uniform(-0.5, 0.5, (channels, n)) * swell).astype(np.float32)


def test_db() -> None:
    assert db(1.0) == 0.0
    assert db(-0.1) == pytest.approx(-20.0)
    assert db(0.0) == db(1e-12) == -120.0


@given(
    tenths=st.integers(5, 250),
    odd=st.floats(0, 0.04),
    channels=st.integers(1, 3),
    rate=st.sampled_from([44_100, 48_000]),
)
@settings(max_examples=15, deadline=None)
def test_loudness_is_that_of_pyloudnorm(tenths: int, odd: float, channels: int, rate: int) -> None:
    audio = noise(tenths / 10 + odd, channels, rate)
    expected = pyloudnorm.Meter(rate).integrated_loudness(audio.T.astype(np.float64))
    assert integrated_loudness(audio, rate) == pytest.approx(expected, abs=0.02)


def test_reference_tone() -> None:
    # BS.1770: a 997 Hz sine at full scale in one channel reads -3.01 LUFS.
    tone = np.sin(2 * np.pi * 997 * np.arange(SAMPLE_RATE * 12) / SAMPLE_RATE)[None]
    assert integrated_loudness(tone, SAMPLE_RATE) == pytest.approx(-3.01, abs=0.05)


def test_short_sounds_are_padded() -> None:
    hit = noise(0.04)
    padded = np.pad(hit, ((0, 0), (0, round(0.4 * SAMPLE_RATE) - hit.shape[1])))
    assert integrated_loudness(hit, SAMPLE_RATE) == pytest.approx(
        integrated_loudness(padded, SAMPLE_RATE)
    )
    assert math.isfinite(integrated_loudness(np.ones((1, 1)), SAMPLE_RATE))


@pytest.mark.parametrize("n", [1, 1000, SAMPLE_RATE])
def test_silence(n: int) -> None:
    assert integrated_loudness(np.zeros((2, n), np.float32), SAMPLE_RATE) == -math.inf
    assert active_rms_db(np.zeros((2, n), np.float32), SAMPLE_RATE) == -120.0


@pytest.mark.parametrize("silence_s", [0, 30])
def test_active_rms_leaves_silence_out(silence_s: float) -> None:
    square = np.tile([[0.1, -0.1]], SAMPLE_RATE)
    audio = np.pad(square, ((0, 0), (0, round(silence_s * SAMPLE_RATE))))
    assert active_rms_db(audio, SAMPLE_RATE) == pytest.approx(-20.0, abs=1e-6)


def test_active_rms_of_one_sample() -> None:
    assert active_rms_db(np.full((1, 1), 0.1, np.float32), SAMPLE_RATE) == pytest.approx(
        -20.0, abs=1e-4
    )


@pytest.mark.parametrize("measure", [integrated_loudness, active_rms_db])
def test_gain_moves_both_alike(measure: Callable[[np.ndarray, int], float]) -> None:
    audio = noise(3.0, 2)
    assert measure(audio / 2, SAMPLE_RATE) - measure(audio, SAMPLE_RATE) == pytest.approx(
        -6.02, abs=0.01
    )


def test_active_level_of_blocks_is_that_of_the_whole() -> None:
    audio = noise(23, channels=2)
    blocks = np.split(audio, [1, 100, 480_001, 600_000], axis=1)
    assert active_rms_db_of(blocks, SAMPLE_RATE) == active_rms_db(audio, SAMPLE_RATE)
    assert active_rms_db_of((), SAMPLE_RATE) == -120
