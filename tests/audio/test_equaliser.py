"""Random equalisers."""

import numpy as np
import pytest
import torch

from distill.audio.equaliser import KNOT_DB, equalise, knot_weights
from distill.settings import SAMPLE_RATE


def click(n: int = 24_576, at: int = 12_000) -> np.ndarray:
    sound = np.zeros((1, n), np.float32)
    sound[0, at] = 0.1
    return sound


def coloured(seed: int, sound: np.ndarray) -> np.ndarray:
    return equalise(torch.from_numpy(sound), np.random.default_rng(seed), SAMPLE_RATE).numpy()


def test_knots_share_out_every_frequency() -> None:
    weights = knot_weights(torch.linspace(0, SAMPLE_RATE / 2, 999), SAMPLE_RATE)
    assert torch.allclose(weights.sum(0), torch.ones(999), atol=1e-5)
    assert (weights.max(1).values > 0.1).all()


def test_nothing_is_heard_before_its_time_nor_long_after() -> None:
    for seed in range(8):
        energy = coloured(seed, click())[0] ** 2
        assert energy[:11_999].max() < 1e-9 * energy.max()
        assert energy[16_800:].sum() < 1e-3 * energy.sum()


def test_the_curve_is_smooth_and_of_the_size_that_is_said() -> None:
    spectra = np.concatenate(
        [20 * np.log10(np.abs(np.fft.rfft(coloured(seed, click())))) for seed in range(40)]
    )
    spectra -= 20 * np.log10(0.1)
    # At a knot; and a tenth of an octave apart.
    at_knot = spectra[:, round(1000 / SAMPLE_RATE * 24_576)]
    assert at_knot.std() == pytest.approx(KNOT_DB, rel=0.4)
    near = spectra[:, round(1072 / SAMPLE_RATE * 24_576)]
    assert np.abs(near - at_knot).max() < KNOT_DB


def test_channels_alike_and_silence_silent() -> None:
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((1, 5000)).astype(np.float32) * 0.05
    filtered = coloured(3, np.concatenate([sound, sound, 0 * sound]))
    assert np.array_equal(filtered[0], filtered[1])
    assert not filtered[2].any()
    assert not np.array_equal(filtered[:1], coloured(4, sound))


def test_full_scale_is_never_passed() -> None:
    loud = np.sign(np.random.default_rng(0).standard_normal((1, 8192))).astype(np.float32)
    assert max(np.abs(coloured(seed, loud)).max() for seed in range(10)) <= 1


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_any_length(n: int) -> None:
    assert coloured(0, np.full((2, n), 0.1, np.float32)).shape == (2, n)
