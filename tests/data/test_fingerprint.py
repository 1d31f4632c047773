import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

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


BANDS = 46
"""Bands of a fingerprint."""


def fingerprint_of(length: int, levels: np.ndarray) -> str:
    """A fingerprint of so many samples that sound, from their start, and `levels` in steps."""
    places = np.array([0, length, 0], "<u8").tobytes()
    return base64.b64encode(places + levels.astype(np.uint8).tobytes()).decode("ascii")


def asked_pairs(lengths: np.ndarray, levels: np.ndarray) -> list[tuple[int, int]]:
    """The pairs of sounds that are compared, in order, each sound with one after the other."""
    pairs: list[tuple[int, int]] = []

    def compare(index: int, earlier: int, _compare: Callable[[], bool]) -> bool:
        pairs.append((index, earlier))
        return (index * earlier) % 5 == 4

    fingerprints = [fingerprint_of(*sound) for sound in zip(lengths, levels, strict=True)]
    same_sounds(fingerprints, lambda index: np.zeros((1, 0)), compare)
    return pairs


def pairs_one_by_one(lengths: np.ndarray, levels: np.ndarray) -> list[tuple[int, int]]:
    """The same, found by measuring the distance of each pair by itself, in single precision."""
    pairs = []
    for index in range(len(lengths)):
        distances = []
        for earlier in range(index):
            own, other = levels[index].astype(np.float32), levels[earlier].astype(np.float32)
            weights = np.maximum(own, other)
            total = (np.abs(own - other) * np.float32(0.25) * weights).sum()
            distance = total / max(weights.sum(), np.float32(1))
            ratio = lengths[earlier] / max(lengths[index], 1)
            is_alike = 0.45 <= ratio <= 1 / 0.45 or abs(lengths[earlier] - lengths[index]) <= 5760
            if is_alike and min(lengths[earlier], lengths[index]) > 0 and distance <= 8:
                distances.append((distance, earlier))
        for _, earlier in sorted(distances)[:6]:
            pairs.append((index, earlier))
            if (index * earlier) % 5 == 4:
                break
    return pairs


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 150),
    spread=st.sampled_from([0, 1, 5, 20, 60]),
    length_kinds=st.integers(1, 40),
)
def test_all_pairs_at_once_are_those_found_one_by_one(
    seed: int, n: int, spread: int, length_kinds: int
) -> None:
    rng = np.random.default_rng(seed)
    # Some are silent, some lie at the very ratio of lengths up to which sounds are compared.
    kinds = rng.choice([0, 1, 9_000, 20_000, 25_761, *rng.integers(1, 400_000, 40)], length_kinds)
    lengths = rng.choice(kinds, n)
    noise = rng.integers(-spread, spread + 1, (n, BANDS))
    levels = np.clip(rng.integers(0, 129, BANDS) + noise, 0, 128)
    assert asked_pairs(lengths, levels) == pairs_one_by_one(lengths, levels)
