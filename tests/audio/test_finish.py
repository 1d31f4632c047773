"""Mastering."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.fades import FADE_OUT_S, fade_ends
from distill.audio.finish import (
    LOUDNESS_TOLERANCE,
    finish,
    finish_blocks,
    level_gain,
    remove_dc,
    remove_dc_blocks,
    sounding_samples,
)
from distill.audio.level import integrated_loudness
from distill.audio.limiter import LOOKAHEAD_S
from distill.settings import SAMPLE_RATE


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((1, round(seconds * SAMPLE_RATE)))).astype(np.float32)


@pytest.mark.parametrize("start", [-50.0, -20.0, -6.0])
def test_loudness_ends_within_tolerance(start: float) -> None:
    sound = noise(2, 10 ** (start / 20))
    out, gain = finish(sound, SAMPLE_RATE, -18)
    assert abs(integrated_loudness(out, SAMPLE_RATE) + 18) <= 2.01
    assert gain == level_gain(
        fade_ends(remove_dc(sound, SAMPLE_RATE), SAMPLE_RATE), SAMPLE_RATE, -18
    )


def test_silence_and_unknown_targets_pass() -> None:
    silence = np.zeros((1, 1000), np.float32)
    assert np.array_equal(finish(silence, SAMPLE_RATE, -18).audio, silence)
    assert np.isfinite(finish(noise(0.1, 0.1), SAMPLE_RATE, float("nan")).audio).all()


@pytest.mark.parametrize("level", [0.01, 0.5])
def test_a_longer_sound_with_the_same_gain_begins_alike(level: float) -> None:
    sound = noise(3, level) * np.linspace(1, 3, 3 * SAMPLE_RATE, dtype=np.float32)
    short, gain = finish(sound[:, : SAMPLE_RATE + SAMPLE_RATE // 4], SAMPLE_RATE, -18, SAMPLE_RATE)
    long, same = finish(sound, SAMPLE_RATE, -18, 2 * SAMPLE_RATE, gain)
    assert (short.shape[1], long.shape[1], same) == (SAMPLE_RATE, 2 * SAMPLE_RATE, gain)
    faded = round((FADE_OUT_S + 2 * LOOKAHEAD_S) * SAMPLE_RATE)
    assert np.array_equal(long[:, : SAMPLE_RATE - faded], short[:, :-faded])


def test_dc_goes_and_tone_stays() -> None:
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 100 * t))[None].astype(np.float32)
    out = remove_dc(tone + 0.2, SAMPLE_RATE)
    assert abs(out[:, SAMPLE_RATE // 4 :].mean()) < 1e-3
    assert np.abs(out[:, SAMPLE_RATE // 2 :]).max() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_sparse_clicks_get_loud_enough_without_clipping(seed: int) -> None:
    clicks = np.zeros((1, 4 * SAMPLE_RATE), np.float32)
    at = np.random.default_rng(seed).integers(0, 4 * SAMPLE_RATE - 200, 40)
    for i in at:
        clicks[0, i : i + 200] += 0.3 * np.hanning(200).astype(np.float32)
    out = finish(clicks, SAMPLE_RATE, -21).audio
    assert abs(integrated_loudness(out, SAMPLE_RATE) + 21) < 3
    assert np.abs(out).max() <= 10 ** (-0.3 / 20)


def test_a_sound_lasts_until_it_has_died_away() -> None:
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    decay = (np.sin(2 * np.pi * 200 * t) * 10 ** (-t * 60 / 20)).astype(np.float32)[None]
    assert sounding_samples(decay, SAMPLE_RATE) == pytest.approx(
        SAMPLE_RATE, abs=0.02 * SAMPLE_RATE
    )
    assert sounding_samples(decay[:, :100], SAMPLE_RATE) == 100
    assert sounding_samples(np.zeros((2, SAMPLE_RATE), np.float32), SAMPLE_RATE) == round(
        0.01 * SAMPLE_RATE
    )


def finishing_peak(seconds: int) -> int:
    """Bytes that it takes, at most, to finish so much noise with peaks over the ceiling, which
    comes in blocks."""
    blocks = (noise(1, 0.5, i) for i in range(seconds))
    tracemalloc.start()
    out = finish_blocks(blocks, 1, SAMPLE_RATE, -14, seconds * SAMPLE_RATE).audio
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out.shape == (1, seconds * SAMPLE_RATE)
    assert np.abs(out).max() <= 10 ** (-0.3 / 20)
    return peak


def test_finishing_takes_no_more_memory_than_the_sound_itself() -> None:
    """Beside the buffers, which have the same size from half a minute on."""
    extra = finishing_peak(60) - finishing_peak(30)
    assert extra < 1.1 * 30 * SAMPLE_RATE * 4


@given(cuts=st.lists(st.integers(0, SAMPLE_RATE), max_size=5))
@settings(max_examples=10)
def test_without_dc_in_blocks_is_without_dc_whole(cuts: list[int]) -> None:
    sound = noise(1, 0.2) + np.float32(0.1)
    blocks = np.split(sound, sorted(cuts), axis=1)
    assert np.array_equal(
        np.concatenate(list(remove_dc_blocks(blocks, SAMPLE_RATE)), axis=1),
        remove_dc(sound, SAMPLE_RATE),
    )


def test_a_hiss_under_a_few_strong_hits_is_brought_to_its_level() -> None:
    """Every round of the limiter takes of the loudness that the gain before it should have
    given."""
    sound = noise(4, 0.005)
    for at in range(0, sound.shape[1], SAMPLE_RATE // 2):
        sound[:, at : at + 2400] *= 100
    target = integrated_loudness(sound, SAMPLE_RATE) + 2
    finished = finish(sound, SAMPLE_RATE, target)
    assert abs(integrated_loudness(finished.audio, SAMPLE_RATE) - target) < LOUDNESS_TOLERANCE + 0.1
