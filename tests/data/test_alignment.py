"""Two sounds laid over each other."""

import numpy as np
import pytest

from distill.data.alignment import Part, mean_channel, same_recording
from distill.settings import SAMPLE_RATE


def noise(seed: int, seconds: float) -> np.ndarray:
    """White noise `[1, N]`."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE)
    return (0.1 * rng.standard_normal((1, n))).astype(np.float32)


def part(audio: np.ndarray) -> Part:
    return Part(audio=audio, loudest=audio.shape[1] // 2)


@pytest.mark.parametrize("seconds", [0.01, 0.3, 1.0, 10.0])
def test_a_recording_is_the_same_as_itself_from_short_to_long(seconds: float) -> None:
    sound = noise(0, seconds)
    assert same_recording(part(sound), part(0.5 * sound))
    assert not same_recording(part(sound), part(noise(1, seconds)))


@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_each_may_lack_an_end_that_the_other_has(seconds: float) -> None:
    sound = noise(0, seconds)
    assert same_recording(part(sound[:, 2000:]), part(sound[:, :-2000]))


def test_a_long_sound_is_compared_as_a_whole() -> None:
    sound = noise(0, 10.0)
    other = sound.copy()
    other[:, 7 * SAMPLE_RATE :] = noise(1, 3.0)
    assert not same_recording(part(sound), part(other))


@pytest.mark.parametrize("semitones", [-1.0, -0.5, 0.5, 1.0])
def test_a_short_low_tone_a_little_higher_is_another(semitones: float) -> None:
    t = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE

    def tone(hz: float) -> np.ndarray:
        return (np.sin(2 * np.pi * hz * t) * np.exp(-t / 0.05))[None].astype(np.float32)

    first = tone(45.0)
    assert same_recording(Part(first, 1000), Part(0.3 * first, 1000))
    assert not same_recording(Part(first, 1000), Part(tone(45.0 * 2 ** (semitones / 12)), 1000))


@pytest.mark.parametrize("n", [1, 2, 100])
def test_a_few_samples_or_silence(n: int) -> None:
    silence = np.zeros((1, n), np.float32)
    assert not same_recording(Part(silence, 0), Part(silence, 0))
    same_recording(Part(silence + 0.5, 0), Part(silence + 0.5, 0))


def test_the_mean_of_the_channels() -> None:
    audio = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    assert mean_channel(audio) == pytest.approx(audio.mean(axis=0), abs=1e-6)
    assert mean_channel(audio[:1]).tolist() == audio[0].tolist()
