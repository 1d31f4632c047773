import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.blocks import pieces
from distill.audio.stereo import correlation, mix_channels, mono_loss_db, scale_side, side_level_db


def noise(channels: int, n: int = 20_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((channels, n)).astype(np.float32)


def test_mix_channels() -> None:
    block = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_array_equal(mix_channels(block[:2], 1), block[:2].mean(0, keepdims=True))
    # Front and back of a quadraphonic sound, the back at -3 dB.
    quad = block[:2] + block[2:] * np.float32(0.5**0.5)
    np.testing.assert_allclose(mix_channels(block, 2), quad, rtol=1e-6)
    np.testing.assert_allclose(mix_channels(block, 1), [quad.mean(0)], rtol=1e-6)
    np.testing.assert_array_equal(mix_channels(block[:1], 2), block[[0, 0]])
    assert mix_channels(block, 4) is block


def test_side_level() -> None:
    mono, independent = noise(1), noise(2, 2_000_000)
    silence = np.zeros_like(mono)
    levels = {
        "mono": mono,
        "dual mono": mono[[0, 0]],
        "left": np.concatenate([mono, silence]),
        "cancels": np.concatenate([mono, -mono]),
        "a little": np.concatenate([mono, mono * np.float32(0.98)]),
        "silence": np.zeros((2, 100), np.float32),
    }
    side_levels = {name: side_level_db([audio]) for name, audio in levels.items()}
    expected = {
        "mono": -120,
        "dual mono": -120,
        "left": -3.01,
        "cancels": 0,
        "a little": -39.9,
        "silence": -120,
    }
    assert side_levels == pytest.approx(expected, abs=0.05)
    assert side_level_db(pieces(independent)) == pytest.approx(-3.01, abs=0.05)
    assert side_level_db([]) == -120
    assert side_level_db([np.concatenate([independent] * 2)]) == pytest.approx(-3.01, abs=0.05)


def test_correlation() -> None:
    a, b = noise(2, 1_000_000)
    assert correlation(np.stack([a, a])) == pytest.approx(1)
    assert correlation(np.stack([a, -2 * a])) == pytest.approx(-1)
    assert correlation(np.stack([a, b])) == pytest.approx(0, abs=0.01)
    assert correlation(np.stack([a, a + b])) == pytest.approx(0.5**0.5, abs=0.01)
    assert np.isnan(correlation(np.stack([a, 0 * a])))


@given(width=st.floats(0, 10), seed=st.integers(0, 99))
def test_scale_side(width: float, seed: int) -> None:
    audio = noise(2, 100, seed)
    scaled = scale_side(audio, width)
    np.testing.assert_allclose(scaled.mean(0), audio.mean(0), atol=1e-5)
    np.testing.assert_allclose(scaled[0] - scaled[1], width * (audio[0] - audio[1]), atol=1e-4)


def test_no_side_is_dual_mono_to_the_bit() -> None:
    left, right = scale_side(noise(2), 0.0)
    np.testing.assert_array_equal(left, right)


def test_what_mono_keeps() -> None:
    left, right = noise(2, 2_000_000)
    for sides, loss in (
        ((left, left), 0.0),
        ((left, right), -3.0),
        ((left, 0 * left), -3.0),
        ((left, -0.9 * left), -25.6),
        ((left, -left), -120.0),
    ):
        side_db = side_level_db([np.stack(sides)])
        assert mono_loss_db(side_db) == pytest.approx(loss, abs=0.1)
