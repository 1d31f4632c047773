"""Onsets are found where hits begin, and none in steady sounds."""

import numpy as np
import pytest

from benchmarks.prior import bands
from distill.settings import SAMPLE_RATE


def test_onsets_lie_where_hits_begin(hits) -> None:
    times = bands.onset_times(hits(120, 3))
    assert times == pytest.approx(np.arange(0.1, 2.9, 0.5), abs=0.015)


@pytest.mark.parametrize("kind", ["noise", "tone"])
def test_steady_sounds_begin_once(kind: str) -> None:
    n = 10 * SAMPLE_RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(n)
    tone = 0.1 * np.sin(2 * np.pi * 220 * np.arange(n) / SAMPLE_RATE)
    assert len(bands.onset_times({"noise": noise, "tone": tone}[kind])) == 1


def test_levels_end_60_db_below_the_loudest_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    levels = bands.mel_levels(np.concatenate([tone, np.zeros(SAMPLE_RATE)]))
    assert levels.shape == (401, bands.BANDS)
    assert levels.max() - levels.min() == pytest.approx(60)
