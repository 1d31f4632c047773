from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.io import read_audio
from distill.data.fingerprint import fingerprint, same_sounds
from distill.settings import SAMPLE_RATE


def chirps(seed: int, seconds: float = 1.0) -> np.ndarray:
    """A melody of random notes `[1, N]`."""
    rng = np.random.default_rng(seed)
    notes = [
        np.sin(2 * np.pi * rng.uniform(100, 4000) * np.arange(4800) / SAMPLE_RATE)
        * np.linspace(1, 0, 4800)
        for _ in range(round(10 * seconds))
    ]
    return (0.5 * np.concatenate(notes))[None].astype(np.float32)


def note(instrument: str, pitch: float, seconds: float) -> np.ndarray:
    """A note `[1, N]` of a synthetic instrument; `pitch` in semitones, as MIDI counts them."""
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(round(100 * pitch))
    partials = {"sine": 1, "kick": 1, "plucked": 12, "pad": 12}[instrument]
    sound = np.zeros_like(t)
    for k in range(1, partials + 1):
        decay = np.exp(-t * (1.0 + 0.4 * k)) if instrument == "plucked" else 1.0
        phase = 2 * np.pi * k * hz * t + rng.uniform(0, 2 * np.pi)
        sound += decay / k**1.3 * np.sin(phase)
    if instrument == "kick":
        sound = np.sin(2 * np.pi * hz * (t + 0.03 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.08)
    fades = np.clip(np.minimum(t / 0.003, (seconds - t) / 0.03), 0.0, 1.0)
    return (0.3 * sound * fades)[None].astype(np.float32)


def matches(*sounds: np.ndarray) -> list[int | None]:
    return same_sounds([fingerprint(sound) for sound in sounds], sounds.__getitem__)


def matched(first: np.ndarray, second: np.ndarray) -> bool:
    return matches(first, second) == [None, 0]


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("WAV", "PCM_U8")],
)
@pytest.mark.parametrize("seconds", [0.1, 1.0, 5.0])
def test_survives_re_encoding(tmp_path: Path, container: str, subtype: str, seconds: float) -> None:
    sf.write(tmp_path / "a", chirps(1, seconds).T, SAMPLE_RATE, subtype, format=container)
    assert matched(chirps(1, seconds), read_audio(tmp_path / "a"))


def test_survives_gain_padding_and_channels() -> None:
    sound = chirps(2)
    assert matched(sound, sound * 0.1)
    assert matched(sound, -sound)
    assert matched(sound, np.pad(sound, ((0, 0), (1000, 0))))
    assert matched(sound, np.pad(sound, ((0, 0), (0, 3 * SAMPLE_RATE))))
    assert matched(sound, np.repeat(sound, 2, axis=0))


COPIES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "start cut": lambda sound: sound[:, 480:],
    "end cut": lambda sound: sound[:, : 3 * sound.shape[1] // 4],
    "both ends cut": lambda sound: 0.5 * sound[:, 480 : 7 * sound.shape[1] // 8],
    "noisy": lambda sound: (
        sound + 0.003 * np.random.default_rng(0).standard_normal(sound.shape).astype(np.float32)
    ),
}


@pytest.mark.parametrize("change", COPIES)
@pytest.mark.parametrize("instrument", ["chirps", "kick", "plucked", "pad"])
def test_survives_trimming_and_noise(instrument: str, change: str) -> None:
    sound = chirps(1) if instrument == "chirps" else note(instrument, 40, 1.0)
    assert matched(sound, COPIES[change](sound))


@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.5])
@pytest.mark.parametrize("instrument", ["sine", "kick", "plucked", "pad"])
def test_other_notes_do_not_match(instrument: str, seconds: float) -> None:
    scale = [note(instrument, pitch, seconds) for pitch in range(28, 41)]
    assert matches(*scale) == [None] * len(scale)


@pytest.mark.parametrize("instrument", ["kick", "plucked", "pad"])
def test_copies_are_found_within_a_scale(instrument: str) -> None:
    scale = [note(instrument, pitch, 0.6) for pitch in range(36, 43)]
    copies = [0.5 * sound[:, 300:27_000] for sound in scale]
    assert matches(*scale, *copies) == [None] * 7 + list(range(7))


def test_different_sounds_do_not_match() -> None:
    assert not matched(chirps(1), chirps(2))
    rng = np.random.default_rng(0)
    assert not matched(*(rng.uniform(-0.5, 0.5, (1, 5 * SAMPLE_RATE)) for _ in range(2)))


def test_a_much_shorter_part_does_not_match() -> None:
    assert not matched(chirps(1), chirps(1)[:, : SAMPLE_RATE // 4])


@pytest.mark.parametrize("n", [1, 50, 3000])
def test_nothing_to_see(n: int) -> None:
    silence = np.zeros((1, n), np.float32)
    assert fingerprint(silence) == ""
    assert matches(silence, silence) == [None, None]
    constant = np.full((1, n), 0.5, np.float32)
    assert fingerprint(constant) != ""
    assert matches(constant, silence) == [None, None]


def test_no_sounds() -> None:
    assert matches() == []


def test_among_many_files_copies_find_the_first() -> None:
    sounds = [chirps(seed, 0.1) for seed in range(10)] * 8
    assert matches(*sounds)[10:] == [index % 10 for index in range(10, 80)]
