"""Descriptors and pulses of sounds, measured once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.descriptors import measure
from distill.data.corpus import scan_corpus
from distill.data.dataset import ClipRegion, Split
from distill.settings import SAMPLE_RATE
from distill.training.prior import region_traits
from distill.training.prior.encoding import trim_inaudible_tail
from distill.training.prior.region_traits import RegionTraits
from tests.audio.clicks import rhythm


@pytest.fixture
def rhythms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Split:
    """A loop, the same from its middle on, and a hit; the cache is empty."""
    monkeypatch.setenv("DISTILL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "rhythms"
    folder.mkdir()
    loop = np.tile(rhythm(120, 4).audio, (1, 2))
    sf.write(folder / "loop.wav", loop.T, 24_000)
    sf.write(folder / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 60_000), 24_000)
    loop_clip, noise = scan_corpus(folder).clips
    n = loop_clip.n_samples
    # The second begins a quarter of a second, half a beat, before the middle.
    start = n // 2 - SAMPLE_RATE // 4
    regions = (
        ClipRegion(loop_clip, 0, n),
        ClipRegion(loop_clip, start, n),
        ClipRegion(noise, 0, noise.n_samples),
    )
    return Split(regions, ())


@pytest.fixture
def traits() -> RegionTraits:
    return RegionTraits(SAMPLE_RATE, 1024, 1)


def test_pulses_count_from_the_start_of_a_region(rhythms: Split, traits: RegionTraits) -> None:
    whole, part, none = (traits.descriptors_and_pulse(region)[1] for region in rhythms.train)
    assert whole is not None
    assert part is not None
    assert none is None
    assert whole.beats == pytest.approx(np.arange(16) / 2)
    assert part.beats == pytest.approx(0.25 + np.arange(8) / 2, abs=0.01)


def test_descriptors_are_those_of_the_sound_to_its_audible_end(
    rhythms: Split, traits: RegionTraits
) -> None:
    for region in rhythms.train:
        descriptors, _ = traits.descriptors_and_pulse(region)
        audio = trim_inaudible_tail(np.array(region.audio()), SAMPLE_RATE)
        np.testing.assert_array_equal(descriptors, measure(audio, SAMPLE_RATE, 1024))


def test_nothing_is_measured_twice(
    rhythms: Split, traits: RegionTraits, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [traits.descriptors_and_pulse(region) for region in rhythms.train]

    def fail(*args: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(region_traits, "measure", fail)
    monkeypatch.setattr(region_traits, "find_pulse", fail)
    for region, (descriptors, pulse) in zip(rhythms.train, first, strict=True):
        again, pulse_again = traits.descriptors_and_pulse(region)
        np.testing.assert_array_equal(again, descriptors)
        assert (pulse_again is None) == (pulse is None)
        if pulse_again is not None and pulse is not None:
            np.testing.assert_array_equal(pulse_again.beats, pulse.beats)
            assert (
                pulse_again.tempo,
                pulse_again.bar_beats,
                pulse_again.first_downbeat,
                pulse_again.confidence,
            ) == (pulse.tempo, pulse.bar_beats, pulse.first_downbeat, pulse.confidence)
