import os
from pathlib import Path

import numpy as np
import pytest

from distill.audio.io import read_audio
from distill.audio.key import NOTES, find_key
from tests.audio.clicks import rhythm

SAMPLE_RATE = 24_000

CORPORA = os.environ.get("DISTILL_CORPORA")

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11, 12), "minor": (0, 2, 3, 5, 7, 8, 10, 12)}
CADENCES = {
    "major": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
}
KEYS = [(tonic, mode) for tonic in range(12) for mode in SCALES]


def note(semitone: float, seconds: float, overtones: int = 8) -> np.ndarray:
    """A plucked note `[n]`, in semitones above C4."""
    hz = 440 * 2 ** ((semitone - 9) / 12)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, overtones + 1))
    ramp = np.minimum(1, np.minimum(t / 0.01, (seconds - t) / 0.05))
    return 0.1 * tones * ramp * np.exp(-t / 1.5)


def key_of(*sounds: np.ndarray) -> str | None:
    return find_key(np.concatenate(sounds)[None].astype(np.float32), SAMPLE_RATE)


@pytest.mark.parametrize(("tonic", "mode"), KEYS)
@pytest.mark.parametrize("tuning", [-0.4, 0.0, 0.3])
def test_all_keys(tonic: int, mode: str, tuning: float) -> None:
    first = tonic + tuning
    scale = [note(first + step, 0.5) for step in (*SCALES[mode], 0)]
    cadence = [sum(note(first - 12 + step, 1) for step in chord) for chord in CADENCES[mode]]
    triad = sum(note(first - 12 + step, 3) for step in CADENCES[mode][0])
    expected = f"{NOTES[tonic]} {mode}"
    assert key_of(*scale) == expected
    assert key_of(*cadence) == expected
    assert key_of(triad) == expected


def test_drums_do_not_hide_the_key() -> None:
    chords = np.concatenate(
        [sum(note(9 - 12 + step, 2) for step in chord) for chord in CADENCES["minor"]]
    )
    drums = rhythm(120, 8).audio[0] * 0.3
    assert key_of(chords + drums[: len(chords)]) == "A minor"


def test_opposite_channels_do_not_cancel() -> None:
    triad = sum(note(step, 3) for step in (0, 4, 7))
    assert find_key(np.stack((triad, -triad)), SAMPLE_RATE) == "C major"


def test_what_has_no_key() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 6 * SAMPLE_RATE)
    glide_hz = np.geomspace(100, 1000, 6 * SAMPLE_RATE)
    glide = np.sin(2 * np.pi * np.cumsum(glide_hz) / SAMPLE_RATE)
    chromatic = [note(step, 0.4) for step in range(13)]
    fifth = note(0, 3) + note(7, 3)
    octave = note(-12, 3) + note(0, 3)
    for sounds in ([noise], [glide], [np.zeros(len(noise))], chromatic, [fifth], [octave]):
        assert key_of(*sounds) is None
    assert key_of(rhythm(110, 8).audio[0]) is None


@pytest.mark.parametrize("n", [0, 1, SAMPLE_RATE])
def test_short_recordings_have_no_key(n: int) -> None:
    assert find_key(np.ones((1, n)), SAMPLE_RATE) is None


@pytest.mark.skipif(not CORPORA, reason="DISTILL_CORPORA names no folder")
def test_known_recordings() -> None:
    folder = Path(str(CORPORA))
    assert find_key(read_audio(folder / "ambient" / "guit_em9.flac"), 48_000) == "E minor"
    drums = [*(folder / "oneshots").iterdir(), *(folder / "loops").glob("loop_[abcm]*")]
    assert [path.name for path in drums if find_key(read_audio(path), 48_000)] == []
