import numpy as np
import pytest

from distill.audio.noise import is_plain_noise
from distill.settings import SAMPLE_RATE


def noise(seconds: float, slope: float = 0.0, seed: int = 0) -> np.ndarray:
    """Noise `[1, N]` whose amplitude falls with frequency to the power of `slope`."""
    n = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    spectrum /= np.maximum(np.arange(len(spectrum)), 20 * seconds) ** slope
    return np.fft.irfft(spectrum, n)[None].astype(np.float32)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seconds", [0.25, 2.0])
@pytest.mark.parametrize("gain", [1e-3, 1.0])
def test_noise_of_any_colour_and_level_is_noise(slope: float, seconds: float, gain: float) -> None:
    assert is_plain_noise(gain * noise(seconds, slope))


def test_two_channels_of_noise_are_noise() -> None:
    assert is_plain_noise(np.concatenate([noise(1), noise(1, seed=1)]))


t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
NO_NOISE = {
    "tone": np.sin(2 * np.pi * 220 * t),
    "high tone in noise": np.sin(2 * np.pi * 1234 * t) + 2 * noise(2)[0],
    "low tone in noise": np.sin(2 * np.pi * 220 * t) + 2 * noise(2)[0],
    "fading": noise(2)[0] * np.exp(-2 * t),
    "hits": noise(2)[0] * np.exp(-20 * (t % 0.5)),
    "swelling": noise(2)[0] * (1 + 0.5 * np.sin(2 * np.pi * 3 * t)),
    "silence": np.zeros(2 * SAMPLE_RATE),
    "too short to tell": noise(0.05)[0],
}


@pytest.mark.parametrize("name", NO_NOISE)
def test_whatever_has_a_form_is_none(name: str) -> None:
    assert not is_plain_noise(NO_NOISE[name][None].astype(np.float32))
