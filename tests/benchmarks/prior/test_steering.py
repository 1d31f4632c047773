"""The steering benchmark: correlation over what was measured, and sounds drawn in one batch."""

from pathlib import Path

import numpy as np
import pytest

import distill
from benchmarks.prior import steering
from distill.errors import UsageError
from distill.inference.sampling.curves import Steering


def test_the_correlation_leaves_out_sounds_without_a_figure() -> None:
    requested = np.array([10.0, 20.0, 30.0, 40.0])
    result = np.array([5.0, 7.0, np.nan, 60.0])
    assert steering.correlation(requested, result) == pytest.approx(1)
    assert steering.correlation(requested, -result) == pytest.approx(-1)


def test_the_median_leaves_out_silence() -> None:
    assert steering.median_of_measured(np.array([np.nan, 1.0, 5.0, 3.0])) == 3
    assert np.isnan(steering.median_of_measured(np.array([np.nan])))


def test_sounds_are_drawn_at_their_length(trained: Path) -> None:
    loaded = distill.load(trained, "cpu", 1)
    sounds = [
        steering.SteeredSound(Steering(loudness=((0.0, percentile),)), seed=0)
        for percentile in (10.0, 90.0)
    ]
    quiet, loud = steering.draw(loaded, sounds, 0.3)
    assert quiet.shape == loud.shape == (loaded.output_channels, round(0.3 * 48_000))
    assert not np.array_equal(quiet, loud)


def test_a_prior_without_steering_is_named(codec_only: Path) -> None:
    with pytest.raises(UsageError, match="without steering"):
        steering.percentile_table(distill.load(codec_only, "cpu", 1))
