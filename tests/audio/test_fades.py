"""Fades and crossfades."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.fades import (
    FADE_IN_S,
    FADE_OUT_S,
    crossfade,
    fade_ends,
    fade_ends_in_place,
    fade_in,
    fade_out,
    release,
)
from distill.settings import SAMPLE_RATE


@given(a=st.integers(1, 50), b=st.integers(1, 50), data=st.data())
def test_what_does_not_overlap_stays(a: int, b: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, min(a, b)))
    before, after = np.full((2, a), 0.5, np.float32), np.full((2, b), -0.25, np.float32)
    joined = crossfade(before, after, overlap)
    assert joined.shape == (2, a + b - overlap)
    assert (joined[:, : a - overlap] == 0.5).all()
    assert (joined[:, a:] == -0.25).all()


def test_a_sound_fades_into_itself_unchanged() -> None:
    sound = np.sin(np.arange(2000, dtype=np.float32) / 9)[None]
    assert np.abs(crossfade(sound, sound[:, -500:], 500) - sound).max() < 1e-5


def test_noise_keeps_its_power() -> None:
    before, after = np.random.default_rng(0).standard_normal((2, 1, 20_000)).astype(np.float32)
    joined = crossfade(before, after, 20_000)
    for part in np.split(joined, 4, axis=1):
        assert np.square(part).mean() == pytest.approx(1.0, rel=0.1)


def test_ends_reach_zero() -> None:
    out = fade_ends(np.ones((2, 4800), np.float32), SAMPLE_RATE)
    assert out[:, 0].tolist() == [0, 0]
    assert out[:, -1].tolist() == [0, 0]
    assert out[:, 2400].tolist() == [1, 1]
    assert fade_ends(np.ones((1, 1), np.float32), SAMPLE_RATE).shape == (1, 1)


def test_a_fade_at_one_end_leaves_the_other() -> None:
    sound = np.ones((1, 4800), np.float32)
    rising, falling = fade_in(sound, SAMPLE_RATE), fade_out(sound, SAMPLE_RATE)
    assert (rising[0, round(FADE_IN_S * SAMPLE_RATE) :] == 1).all()
    assert (falling[0, : -round(FADE_OUT_S * SAMPLE_RATE)] == 1).all()
    assert rising[0, 0] == falling[0, -1] == 0


def test_fading_in_place_is_fading() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 4800)).astype(np.float32)
    faded = fade_ends(sound, SAMPLE_RATE)
    assert not np.array_equal(faded, sound)
    fade_ends_in_place(sound, SAMPLE_RATE)
    assert np.array_equal(faded, sound)


def test_a_sound_that_goes_on_is_released_and_one_that_has_died_stays() -> None:
    steady = np.ones((2, SAMPLE_RATE), np.float32)
    released = release(steady, SAMPLE_RATE)
    before = round(0.92 * SAMPLE_RATE)
    assert (released[:, :before] == 1).all()
    assert (np.diff(released[0, before:]) <= 0).all()
    assert released[0, -1] == 0
    assert released.dtype == np.float32
    # Of a short sound, a quarter.
    assert (release(steady[:, :400], SAMPLE_RATE)[0, :300] == 1).all()
    dying = steady * np.exp(-np.linspace(0, 10, SAMPLE_RATE, dtype=np.float32))
    assert release(dying, SAMPLE_RATE) is dying
    silence = np.zeros((1, 0), np.float32)
    assert release(silence, SAMPLE_RATE).shape == (1, 0)
