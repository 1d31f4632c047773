"""Sounds joined without a seam."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.fades import crossfade


@given(a=st.integers(1, 50), b=st.integers(1, 50), data=st.data())
def test_what_does_not_overlap_stays(a: int, b: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, min(a, b)))
    before, after = np.full((2, a), 0.5, np.float32), np.full((2, b), -0.25, np.float32)
    both = crossfade(before, after, overlap)
    assert both.shape == (2, a + b - overlap)
    assert (both[:, : a - overlap] == 0.5).all()
    assert (both[:, a:] == -0.25).all()


def test_a_sound_fades_into_itself_unchanged() -> None:
    sound = np.sin(np.arange(2000, dtype=np.float32) / 9)[None]
    assert np.abs(crossfade(sound, sound[:, -500:], 500) - sound).max() < 1e-5


def test_noise_keeps_its_power() -> None:
    before, after = np.random.default_rng(0).standard_normal((2, 1, 20_000)).astype(np.float32)
    both = crossfade(before, after, 20_000)
    for part in np.split(both, 4, axis=1):
        assert np.square(part).mean() == pytest.approx(1.0, rel=0.1)
