"""Library: recordings of a folder in mono, strings of them, and pieces of them joined.

Strings are how recordings sound one after the other. Joined pieces are a control: any sampler could
do as much, and a measure of movement must tell them from recordings.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf
import soxr

from distill.errors import AudioError, CorpusError, UsageError
from distill.settings import SAMPLE_RATE

ENDINGS = {".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus"}
"""Endings of the files that are read."""

STRING_S = 12.0
"""Seconds of a string, and of a generated sound that is measured beside it."""

STRINGS = 24
"""Strings that stand for a folder, and pieces-joined sounds that stand for a control."""

LONGEST_TURN_S = 6
"""Seconds that one recording fills in a string at most, so that a string holds several."""

CROSSFADE = round(0.005 * SAMPLE_RATE)
"""Samples over which pieces are crossfaded: 5 ms; at most a quarter of a piece."""

SHORTEST_PIECE_S = 0.001
"""Seconds of the shortest piece: enough for its fades."""

SILENT = 1e-3
"""Peak below which a piece is left out: -60 dBFS."""


def files_of(folder: Path) -> list[Path]:
    """Sound files in `folder` and below it, sorted.

    Raises:
        CorpusError: `folder` is no folder, or holds no sound file.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder} is no folder: name a folder of sound files.")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS]
    if not files:
        raise CorpusError(f"{folder} holds no sound file ({', '.join(sorted(ENDINGS))}).")
    return files


def read_mono(path: Path) -> np.ndarray:
    """The sound at `path` in mono, `[N]` at 48 kHz.

    Channels are averaged before resampling with soxr's default quality; the level stays.

    Raises:
        AudioError: The file cannot be read.
    """
    try:
        sound, rate = sf.read(path, always_2d=True)
    except sf.LibsndfileError as error:
        raise AudioError(f"{path} cannot be read as sound: {error.error_string}") from error
    mono = sound.mean(1)
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE)


def read_folder(folder: Path) -> list[np.ndarray]:
    """All sounds of `folder` in mono, each `[N]`, in the order of `files_of`.

    Raises:
        AudioError: A file cannot be read.
        CorpusError: `folder` is no folder, or holds no sound file.
    """
    return [read_mono(path) for path in files_of(folder)]


class String(NamedTuple):
    """Recordings one after the other.

    Attributes:
        sound: All of it, `[N]`.
        first: Index of the recording that it begins with.
        begins_s: Seconds at which each recording begins.
    """

    sound: np.ndarray
    first: int
    begins_s: tuple[float, ...]


def strings(
    recordings: Sequence[np.ndarray],
    rng: np.random.Generator,
    seconds: float = STRING_S,
    count: int = STRINGS,
) -> Iterator[String]:
    """Recordings in random order, cut to one length.

    Of a recording beyond 6 s a random 6 s are taken.

    Args:
        recordings: Sounds `[N]`.
        rng: Draws the order.
        seconds: Seconds of each string.
        count: Number of strings.
    """
    turn = LONGEST_TURN_S * SAMPLE_RATE
    length = int(seconds * SAMPLE_RATE)
    for _ in range(count):
        parts: list[np.ndarray] = []
        indices: list[int] = []
        while sum(map(len, parts)) < length:
            index = int(rng.integers(len(recordings)))
            part = recordings[index]
            if len(part) > turn:
                start = int(rng.integers(len(part) - turn))
                part = part[start : start + turn]
            parts.append(part)
            indices.append(index)
        begins = np.cumsum([0, *map(len, parts[:-1])]) / SAMPLE_RATE
        yield String(
            sound=np.concatenate(parts)[:length], first=indices[0], begins_s=tuple(begins.tolist())
        )


def joined_pieces(
    recordings: Sequence[np.ndarray],
    piece_s: float,
    rng: np.random.Generator,
    seconds: float = STRING_S,
) -> np.ndarray:
    """Random pieces of recordings, crossfaded, `[N]`.

    Args:
        recordings: Sounds `[N]`.
        piece_s: Seconds of each piece.
        rng: Draws recordings and places.
        seconds: Seconds of the result.

    Raises:
        CorpusError: No recording is longer than a piece, or all of them are silent.
        UsageError: `piece_s` is below 1 ms.
    """
    if piece_s < SHORTEST_PIECE_S:
        raise UsageError(f"Pieces of {piece_s:g} s are too short: ask for 0.001 s or more.")
    piece = int(piece_s * SAMPLE_RATE)
    fade = min(CROSSFADE, piece // 4)
    ramp = np.linspace(0, 1, fade)
    length = int(seconds * SAMPLE_RATE)
    long_enough = [sound for sound in recordings if len(sound) > piece + fade + 1]
    if not any(np.abs(sound).max() >= SILENT for sound in long_enough):
        raise CorpusError(
            f"No recording has more than {piece_s:g} s of sound: ask for shorter pieces."
        )
    whole = np.zeros(length + piece + fade)
    place = 0
    while place < length:
        sound = long_enough[int(rng.integers(len(long_enough)))]
        start = int(rng.integers(len(sound) - piece - fade))
        part = sound[start : start + piece + fade].copy()
        if np.abs(part).max() < SILENT:
            continue
        part[:fade] *= ramp
        part[-fade:] *= ramp[::-1]
        whole[place : place + piece + fade] += part
        place += piece
    return whole[:length]
