"""The baselines beside the codec do what their names say."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.codec import baselines, metrics
from distill.settings import SAMPLE_RATE, cache_dir


def sound_of(n: int = SAMPLE_RATE // 2) -> np.ndarray:
    t = np.arange(n) / SAMPLE_RATE
    hiss = np.random.RandomState(0).standard_normal(n) * np.exp(-60 * t)
    return (0.3 * np.sin(2 * np.pi * 330 * t) * np.exp(-4 * t) + 0.2 * hiss).astype(np.float32)


def test_griffin_lim_comes_nearer_with_each_step() -> None:
    sound = sound_of()
    magnitude = metrics.magnitudes(sound)
    decoded = [baselines.griffin_lim(magnitude, len(sound), steps) for steps in (0, 1, 8, 32)]
    distances = [metrics.score(sound, x)["convergence"] for x in decoded]
    assert distances == sorted(distances, reverse=True)
    assert distances[3] < distances[0] / 3
    assert {len(x) for x in decoded} == {len(sound)}


def test_griffin_lim_repeats_by_its_seed() -> None:
    magnitude = metrics.magnitudes(sound_of())
    first, repeat, other = (
        baselines.griffin_lim(magnitude, SAMPLE_RATE // 2, 2, seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, repeat)
    assert not np.array_equal(first, other)


def test_scores_are_measured_once() -> None:
    sound = sound_of(9000)
    first = baselines.scores_of(sound)
    assert "true magnitude, 32 Griffin-Lim" in first
    (cached,) = (cache_dir() / "benchmarks").glob("*.json")
    time_written = cached.stat().st_mtime_ns
    repeat = baselines.scores_of(sound)
    assert cached.stat().st_mtime_ns == time_written
    assert str(repeat) == str(first)
    baselines.scores_of(sound[1:])
    assert len(list((cache_dir() / "benchmarks").iterdir())) == 2


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path))


@pytest.mark.skipif(not baselines.has_opus(), reason="opus-tools is not installed")
def test_opus_is_aligned_to_the_sample_and_takes_about_its_rate() -> None:
    sound = sound_of(SAMPLE_RATE)
    decoded, kbps = baselines.opus(sound, 64)
    assert len(decoded) == len(sound)
    assert 32 < kbps < 96
    shifted = {lag: float(np.roll(decoded, lag) @ sound) for lag in range(-20, 21)}
    assert max(shifted, key=lambda lag: shifted[lag]) == 0
    coarse, _ = baselines.opus(sound, 12)
    assert metrics.mel7(sound, decoded) < metrics.mel7(sound, coarse)
