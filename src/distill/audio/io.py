"""Reading any sound file as a stream of float blocks at one rate, and writing WAV, FLAC and Ogg
files."""

import errno
import math
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile as sf
import soxr

from distill.errors import AudioError
from distill.files import replace_atomically
from distill.settings import SAMPLE_RATE

_PLAIN = (".wav", ".wave", ".w64", ".rf64", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd")
_PACKED = (".flac", ".ogg", ".oga", ".opus", ".mp3")
AUDIO_EXTENSIONS = frozenset((*_PLAIN, *_PACKED))
"""Lower-case endings of the files that count as sounds."""

FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}
"""What sounds are written as, by the ending of their name: format and subtype, as soundfile calls
them."""

# Outside of these a rate is a damaged header, and resampling from it could fill the disk.
_LOWEST_RATE, _HIGHEST_RATE = 1_000, 1_000_000
# Bounds the memory of one block whatever rate and channel count a header claims.
_LARGEST_BLOCK = 1 << 21
# Samples, 64 MB.
_LARGEST_HELD = 1 << 24
# Sizes in a WAV file are numbers of 32 bits.
_LARGEST_WAV = (1 << 32) - 1


class AudioInfo(NamedTuple):
    """What a file's header says; `frames` can be an estimate in MP3 and in damaged files."""

    sample_rate: int
    channels: int
    frames: int
    format: str
    subtype: str


class UnreadableAudioError(AudioError):
    """A sound file cannot be used; `reason` says why in a few words, without the path."""

    def __init__(self, path: str | os.PathLike[str], reason: str, advice: str = "") -> None:
        super().__init__(f"Cannot read {path}: {reason}{f'; {advice}' if advice else ''}.")
        self.reason = reason


def probe(path: str | os.PathLike[str]) -> AudioInfo:
    """Read the header only. Raises UnreadableAudioError (an AudioError) for what is not audio."""
    with _open(path) as file:
        return AudioInfo(file.samplerate, file.channels, file.frames, file.format, file.subtype)


def read_blocks(path: str | os.PathLike[str], block_s: float = 2.0) -> Iterator[np.ndarray]:
    """Stream a file at its own rate as float32 blocks `[C, n]`, full scale at 1.0.

    Raises UnreadableAudioError when the file cannot be opened, is not audio, is empty, is damaged
    on the way, or holds samples that are not numbers.
    """
    with _open(path) as file:
        size = max(1, min(int(block_s * file.samplerate), _LARGEST_BLOCK // file.channels))
        empty = True
        while (block := _read(file, path, size)).size:
            empty = False
            yield block
    if empty:
        raise UnreadableAudioError(path, "empty")


def resample_blocks(
    blocks: Iterable[np.ndarray], source_rate: float, sample_rate: float = SAMPLE_RATE
) -> Iterator[np.ndarray]:
    """Resample a stream of blocks `[C, n]` (soxr, very high quality), without delay.

    `N` samples become `round(N * sample_rate / source_rate)`, but never less than one.
    """
    if source_rate == sample_rate:
        yield from blocks
        return
    stream = None
    received = emitted = channels = 0
    for block in blocks:
        if stream is None:
            channels = len(block)
            stream = soxr.ResampleStream(source_rate, sample_rate, channels, "float32", "VHQ")
        received += block.shape[1]
        resampled = stream.resample_chunk(np.ascontiguousarray(block.T)).T
        emitted += resampled.shape[1]
        if resampled.size:
            yield resampled
    if stream is None:
        return
    # Silence behind the end, since soxr rounds down: one sample at a high rate would become none.
    silence = np.zeros((2 + math.ceil(2 * source_rate / sample_rate), channels), np.float32)
    wanted = max(1, round(received * sample_rate / source_rate))
    yield stream.resample_chunk(silence, last=True).T[:, : wanted - emitted]


def stream_audio(
    path: str | os.PathLike[str], sample_rate: float = SAMPLE_RATE, block_s: float = 2.0
) -> Iterator[np.ndarray]:
    """Stream a file as float32 blocks `[C, n]` at `sample_rate` Hz, in memory that does not grow.

    Raises UnreadableAudioError as `read_blocks` does.
    """
    return resample_blocks(read_blocks(path, block_s), probe(path).sample_rate, sample_rate)


def block_source(
    path: str | os.PathLike[str], sample_rate: float = SAMPLE_RATE
) -> Callable[[], Iterable[np.ndarray]]:
    """`stream_audio` of a file as often as one calls the result: what is short is read once and
    held in memory."""
    held, size = [], 0
    for block in stream_audio(path, sample_rate):
        held.append(block)
        size += block.size
        if size > _LARGEST_HELD:
            return lambda: stream_audio(path, sample_rate)
    return lambda: held


def read_audio(
    path: str | os.PathLike[str], sample_rate: float = SAMPLE_RATE, mono: bool = False
) -> np.ndarray:
    """Read a whole file as float32 `[C, N]` at `sample_rate` Hz; `mono` takes the mean over
    channels.

    Raises UnreadableAudioError as `read_blocks` does.
    """
    blocks = stream_audio(path, sample_rate)
    parts = [block.mean(axis=0, keepdims=True) if mono else block for block in blocks]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def write_sound(
    path: str | os.PathLike[str],
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    subtype: str | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """Write `[C, N]` (or `[N]`, mono) in the format that the name ends in, whole or not at all.

    Formats and their default subtypes are those of `FORMATS`; integer formats clip at full scale.
    `tags` are texts that go with the sound, named as in soundfile (`comment`, `software`, …);
    `read_tags` reads them.

    Raises AudioError for samples that are not numbers or an impossible format, OutputError when the
    file cannot be written; an earlier file then stays as it was.
    """
    audio = np.atleast_2d(audio)
    blocks = (
        audio[:, start : start + sample_rate] for start in range(0, audio.shape[1], sample_rate)
    )
    return write_sound_blocks(path, blocks, len(audio), sample_rate, subtype, tags)


def write_sound_blocks(
    path: str | os.PathLike[str],
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int = SAMPLE_RATE,
    subtype: str | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """`write_sound` of a sound that comes in blocks `[C, n]`, each written as soon as it is
    there."""
    kind, usual = FORMATS.get(Path(path).suffix.lower(), FORMATS[".wav"])
    subtype = subtype or usual
    with replace_atomically(path) as file:
        target = _Target(file)
        try:
            with sf.SoundFile(target, "w", sample_rate, channels, subtype, format=kind) as sound:
                for name, text in (tags or {}).items():
                    setattr(sound, name, text)
                for block in blocks:
                    if not np.isfinite(block).all():
                        raise AudioError(
                            f"Cannot write {path}: the sound holds samples that are not numbers."
                        )
                    sound.write(
                        block.T if subtype in ("FLOAT", "DOUBLE") else np.clip(block.T, -1.0, 1.0)
                    )
                    target.check()
        except (sf.SoundFileError, ValueError, TypeError) as error:
            problem = f"{kind} cannot hold this sound as {subtype} ({error})"
            raise AudioError(f"Cannot write {path}: {problem}.") from error
        target.check()
    return Path(path)


class _Target:
    """A file for libsndfile to write to, which takes no exceptions: `check` raises those that there
    were."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.read = file.seek, file.tell, file.read
        self._file = file
        self._error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            if self._file.tell() + len(content) > _LARGEST_WAV:
                raise OSError(
                    errno.EFBIG, "longer than a WAV file can be, about 4 GB: write it in parts"
                )
            self._file.write(content)
        except OSError as error:
            self._error = self._error or error
        return len(content)

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def _open(path: str | os.PathLike[str]) -> sf.SoundFile:
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error
    if empty:
        raise UnreadableAudioError(path, "empty")
    try:
        # Bytes keep names that are not valid Unicode; Windows has a call of its own for Unicode
        # names.
        file = sf.SoundFile(os.fspath(path) if os.name == "nt" else os.fsencode(path))
    except (sf.SoundFileError, TypeError) as error:  # TypeError: a `.raw` file, which has no header
        reason = "not audio that Distill can read"
        raise UnreadableAudioError(
            path, reason, "convert it to WAV, AIFF, FLAC, Ogg or MP3"
        ) from error
    if not _LOWEST_RATE <= file.samplerate <= _HIGHEST_RATE:
        file.close()
        raise UnreadableAudioError(path, f"its header claims a sample rate of {file.samplerate} Hz")
    return file


def _read(file: sf.SoundFile, path: str | os.PathLike[str], size: int) -> np.ndarray:
    try:
        block = file.read(size, dtype="float32", always_2d=True).T
    except sf.SoundFileError as error:
        raise UnreadableAudioError(path, "damaged", "replace it by a sound copy") from error
    if not np.isfinite(block).all():
        advice = "export it again from your editor"
        raise UnreadableAudioError(
            path, "holds samples that are not numbers (NaN or infinity)", advice
        )
    return block
