import numpy as np
import pytest

from distill.audio.channels import unknown_layout
from distill.audio.io import AudioInfo
from distill.data.measurements import SourceMeter, find_clipped_runs
from distill.settings import SAMPLE_RATE
from tests.audio.clicks import SAMPLE_RATE as CLICKS_RATE
from tests.audio.clicks import rhythm


def quantised(wave: np.ndarray, bits: int) -> np.ndarray:
    """Samples `[1, n]` as a file with this many bits a sample holds them."""
    full = 2.0 ** (bits - 1)
    return (np.clip(np.rint(wave * full), -full, full - 1) / full)[None].astype(np.float32)


def sine(frequency: float, level: float = 1.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * frequency * np.arange(SAMPLE_RATE) / SAMPLE_RATE)


@pytest.mark.parametrize("bits", [8, 16, 24])
@pytest.mark.parametrize("frequency", [20, 45, 300, 3000])
def test_full_scale_is_not_clipping(bits: int, frequency: float) -> None:
    for level in (0.9999, 0.999, 0.99):
        assert len(find_clipped_runs(quantised(sine(frequency, level), bits), min(bits, 16))) == 0


@pytest.mark.parametrize(
    ("bits", "frequency"), [(8, 300), (8, 3000), (16, 20), (16, 300), (24, 20), (24, 3000)]
)
def test_flat_tops_are_clipping(bits: int, frequency: float) -> None:
    assert len(find_clipped_runs(quantised(sine(frequency, 2.0), bits), min(bits, 16))) > frequency


def test_float_peaks_over_full_scale_are_not_clipping() -> None:
    assert len(find_clipped_runs(sine(100, 1.5)[None].astype(np.float32))) == 0


def measured(wave: np.ndarray) -> SourceMeter:
    meter = SourceMeter(AudioInfo(SAMPLE_RATE, 1, len(wave), "WAV", "FLOAT", unknown_layout(1)))
    list(meter.watch(np.array_split(wave[None].astype(np.float32), 7, axis=1)))
    return meter


@pytest.mark.parametrize("offset", [0.05, -0.05])
def test_dc(offset: float) -> None:
    assert measured(sine(100, 0.3) + offset).dc() == pytest.approx(0.05, abs=0.005)


def test_slow_decaying_swing_is_no_dc() -> None:
    decay = np.exp(-8 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert measured(0.5 * decay * (1 + sine(30))).dc() < 0.01


def test_peak_and_frames() -> None:
    meter = measured(sine(100, 0.5))
    assert meter.peak == pytest.approx(0.5, abs=1e-4)
    assert meter.frames == SAMPLE_RATE
    assert meter.problem() == ""


@pytest.mark.parametrize("duration", [4, 300])
def test_tempo_of_short_and_of_long_sounds(duration: float) -> None:
    sound = rhythm(120, duration).audio.repeat(SAMPLE_RATE // CLICKS_RATE, axis=1)
    assert measured(sound[0]).result(sound).tempo == pytest.approx(120, abs=0.01)


def test_key() -> None:
    t = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    chord = 0.1 * sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277.2, 330))
    assert measured(chord).result(chord[None]).key == "A major"
