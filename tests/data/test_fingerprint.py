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


def matched(first: np.ndarray, second: np.ndarray) -> bool:
    lengths = [first.shape[1], second.shape[1]]
    return same_sounds([fingerprint(first), fingerprint(second)], lengths) == [None, 0]


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
    assert matched(sound, np.pad(sound, ((0, 0), (1000, 0))))
    assert matched(sound, np.repeat(sound, 2, axis=0))


def test_different_sounds_do_not_match() -> None:
    assert not matched(chirps(1), chirps(2))
    rng = np.random.default_rng(0)
    assert not matched(*(rng.uniform(-0.5, 0.5, (1, 5 * SAMPLE_RATE)) for _ in range(2)))


def test_lengths_must_fit_and_the_nearest_wins() -> None:
    pictures = [fingerprint(chirps(seed)) for seed in (1, 2, 1)]
    assert same_sounds(pictures, [SAMPLE_RATE] * 3) == [None, None, 0]
    assert same_sounds(pictures, [SAMPLE_RATE, SAMPLE_RATE, 2 * SAMPLE_RATE]) == [None] * 3


@pytest.mark.parametrize("n", [1, 50, 3000])
def test_nothing_to_see(n: int) -> None:
    silence = fingerprint(np.zeros((1, n), np.float32))
    assert silence == ""
    assert same_sounds([silence, silence], [n, n]) == [None, None]
    assert fingerprint(np.full((1, n), 0.5, np.float32)) != ""


def test_among_five_hundred_files_copies_find_the_first() -> None:
    pictures = [fingerprint(chirps(seed, 0.1)) for seed in range(20)] * 25
    matches = same_sounds(pictures, [4800] * 500)
    assert matches[20:] == [index % 20 for index in range(20, 500)]
