"""Sound files, read as streams of float32 blocks `[C, n]` at one rate; `write.py` writes them.

`C` channels, `n` samples in a block. Reading is by libsndfile, resampling by soxr.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import numpy as np
import soundfile as sf

from distill.audio.channel_headers import read_layout
from distill.audio.channels import ChannelLayout, FoldMeter, fold_blocks
from distill.audio.containers import find_contents
from distill.audio.decoder_words import decoder_words_dropped
from distill.audio.parts import Contents, Part, PartFile
from distill.audio.resampling import resample_blocks
from distill.cancellation import check_cancellation
from distill.errors import AudioError
from distill.files import FilePath, open_regular
from distill.settings import SAMPLE_RATE

_PCM_ENDINGS = (".wav", ".wave", ".w64", ".rf64", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd")
_CODEC_ENDINGS = (".flac", ".ogg", ".oga", ".opus", ".mp3")
AUDIO_EXTENSIONS = frozenset((*_PCM_ENDINGS, *_CODEC_ENDINGS))
"""Lower-case endings of the files that count as sounds."""

# Sample rates in Hz that are believed. Others are damage: resampling from a far higher one could
# fill the disk.
_LOWEST_RATE = 1_000
_HIGHEST_RATE = 1_000_000

# Largest sample that is believed: 120 dB above full scale. Damaged floats lie far beyond.
_LARGEST_SAMPLE = 1e6

# Formats that are refused: of damage in a Sample Dump, libsndfile tells on stdout, amid of JSON.
_NO_FORMATS = ("SDS",)

_CONVERT = "convert it to WAV, AIFF, FLAC, Ogg or MP3"

# Numbers in one block, all channels together: bounds memory whatever a header claims (8 MiB).
_LARGEST_BLOCK = 1 << 21

# Numbers of a sound that `block_source` keeps in memory: 64 MiB.
_LARGEST_IN_MEMORY = 1 << 24


class AudioInfo(NamedTuple):
    """The header of a sound file.

    Attributes:
        sample_rate: In Hz.
        channels: `C`.
        frames: Samples per channel; an estimate in MP3 and in damaged files.
        format: Container, as soundfile names it, such as "WAV".
        subtype: Encoding of the samples, such as "PCM_24".
        layout: Loudspeakers of the channels.
        remark: A few words for people on an unusual container; mostly empty.
    """

    sample_rate: int
    channels: int
    frames: int
    format: str
    subtype: str
    layout: ChannelLayout
    remark: str = ""


class UnreadableAudioError(AudioError):
    """A sound file cannot be used; `reason` says why in a few words, without the path."""

    def __init__(self, path: FilePath, reason: str, advice: str = "") -> None:
        hint = f"; {advice}" if advice else ""
        super().__init__(f"Cannot read {path}: {reason}{hint}.")
        self.reason = reason


def probe(path: FilePath) -> AudioInfo:
    """Read the header of a sound file.

    Raises:
        UnreadableAudioError: If the file cannot be opened or is not audio.
    """
    contents = _find_contents(path)
    first, *others = contents.parts or (None,)
    with _open(path, first) as file:
        info = AudioInfo(
            sample_rate=file.samplerate,
            channels=file.channels,
            frames=file.frames,
            format=file.format,
            subtype=file.subtype,
            layout=_read_layout(path, first, file.channels),
            remark=contents.remark,
        )
    frames = info.frames
    for part in others:
        with _open(path, part) as file:
            frames += round(file.frames * info.sample_rate / file.samplerate)
    return info._replace(frames=frames)


def read_blocks(path: FilePath, block_s: float = 2.0) -> Iterator[np.ndarray]:
    """Stream a file at its own rate as float32 blocks `[C, n]` of `block_s` seconds at most.

    All its channels are there; `stream_audio` folds them.

    Raises:
        UnreadableAudioError: If the file cannot be opened, is not audio, is empty, is damaged
            on the way, or holds samples that are not numbers.
    """
    info = probe(path)
    empty = True
    for part in _find_contents(path).parts or (None,):
        with _open(path, part) as file:
            layout = _read_layout(path, part, file.channels)
            blocks = _part_blocks(file, path, block_s)
            # Streams of a chain may differ: all follow the first.
            for block in resample_blocks(blocks, file.samplerate, info.sample_rate):
                empty = False
                yield info.layout.convert(block, layout)
    if empty:
        raise UnreadableAudioError(path, "empty")


def fold_gain(path: FilePath, info: AudioInfo) -> float:
    """Linear gain under which the channels of a file fold without leaving full scale.

    It is 1 for mono and stereo. More channels take a pass over the file.

    Args:
        path: The file.
        info: Its header.

    Raises:
        UnreadableAudioError: As `read_blocks` does, and if nothing is left once folded.
    """
    if info.channels <= 2:
        return 1.0
    meter = FoldMeter(info.layout)
    for block in read_blocks(path):
        meter.add(block)
    if meter.loss:
        raise UnreadableAudioError(path, meter.loss)
    return meter.gain


def _part_blocks(file: sf.SoundFile, path: FilePath, block_s: float) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` of `block_s` seconds at most of an open file."""
    largest = _LARGEST_BLOCK // file.channels
    size = max(1, min(int(block_s * file.samplerate), largest))
    while (block := _read(file, path, size)).size:
        check_cancellation()
        yield block


def stream_audio(
    path: FilePath, sample_rate: float = SAMPLE_RATE, block_s: float = 2.0
) -> Iterator[np.ndarray]:
    """Stream a file as float32 blocks `[C, n]` at `sample_rate` Hz, in memory that does not grow.

    `C` is 1 or 2: more channels are folded to stereo by their loudspeakers (`ChannelLayout`), and
    lowered as a whole where that would leave full scale.

    Raises:
        UnreadableAudioError: As `fold_gain` does.
    """
    info = probe(path)
    gain = fold_gain(path, info)
    stereo = fold_blocks(read_blocks(path, block_s), info.layout, gain)
    return resample_blocks(stereo, info.sample_rate, sample_rate)


def block_source(
    path: FilePath, sample_rate: float = SAMPLE_RATE
) -> Callable[[], Iterable[np.ndarray]]:
    """Make a function that streams a file from its beginning at each call, like `stream_audio`.

    It gives blocks `[C, n]`. A short sound is read once and kept in memory; a long one is read
    again at each call.
    """
    blocks = []
    size = 0
    for block in stream_audio(path, sample_rate):
        blocks.append(block)
        size += block.size
        if size > _LARGEST_IN_MEMORY:
            return lambda: stream_audio(path, sample_rate)
    return lambda: blocks


def read_audio(
    path: FilePath,
    sample_rate: float = SAMPLE_RATE,
    mono: bool = False,
) -> np.ndarray:
    """Read a whole file as float32 `[C, N]` at `sample_rate` Hz.

    `C` is 1 or 2, as in `stream_audio`. With `mono` it is 1: the mean of left and right.

    Raises:
        UnreadableAudioError: As `stream_audio` does.

    Example:
        audio = read_audio("drum.wav", sample_rate=48_000)
    """
    blocks = stream_audio(path, sample_rate)
    if mono:
        blocks = (block.mean(axis=0, keepdims=True) for block in blocks)
    audio = np.concatenate(list(blocks), axis=1)
    return np.ascontiguousarray(audio)


def system_name(path: FilePath) -> str | bytes:
    """The name of a file for libsndfile.

    Bytes keep names that are not valid Unicode; Windows has a call of its own for Unicode names.
    """
    return os.fspath(path) if os.name == "nt" else os.fsencode(path)


def _find_contents(path: FilePath) -> Contents:
    """The sounds in a file; `UnreadableAudioError` if it cannot be read."""
    try:
        contents = find_contents(path)
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error
    # A damaged recording after the first is no reason to lose the others.
    parts = (*contents.parts[:1], *(part for part in contents.parts[1:] if _is_sound(path, part)))
    if len(parts) == len(contents.parts):
        return contents
    return Contents(parts, f"{contents.remark}, not all of which can be read")


def _read_layout(path: FilePath, part: Part | None, channels: int) -> ChannelLayout:
    """The channel layout of a file, or of a part of it."""
    try:
        with open_regular(path) as file:
            return read_layout(PartFile(file, part) if part else file, channels)
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error


def _is_sound(path: FilePath, part: Part) -> bool:
    try:
        with _open(path, part):
            return True
    except UnreadableAudioError:
        return False


@contextmanager
def _open(path: FilePath, part: Part | None = None) -> Iterator[sf.SoundFile]:
    """A sound file, or one part of it, open for reading."""
    try:
        source = open_regular(path)
    except OSError as error:
        raise UnreadableAudioError(path, f"cannot be opened ({error.strerror})") from error
    with source:
        if not source.read(1):
            raise UnreadableAudioError(path, "empty")
        try:
            with decoder_words_dropped():
                file = sf.SoundFile(PartFile(source, part) if part else system_name(path))
        except (sf.SoundFileError, TypeError) as error:
            # TypeError: a `.raw` file, which has no header.
            reason = "not audio that Distill can read"
            raise UnreadableAudioError(path, reason, _CONVERT) from error
        with file:
            if file.format in _NO_FORMATS:
                raise UnreadableAudioError(path, f"of the format {file.format}", _CONVERT)
            if not _LOWEST_RATE <= file.samplerate <= _HIGHEST_RATE:
                reason = f"its header claims a sample rate of {file.samplerate} Hz"
                raise UnreadableAudioError(path, reason)
            yield file


def _read(file: sf.SoundFile, path: FilePath, size: int) -> np.ndarray:
    try:
        with decoder_words_dropped() if file.format == "MP3" else nullcontext():
            block = file.read(size, dtype="float32", always_2d=True).T
    except sf.SoundFileError as error:
        raise UnreadableAudioError(path, "damaged", "replace it by a sound copy") from error
    # NaN is neither above nor below anything, and goes through both.
    peak = max(block.max(initial=0.0), -block.min(initial=0.0))
    if not np.isfinite(peak):
        reason = "holds samples that are not numbers (NaN or infinity)"
        raise UnreadableAudioError(path, reason, "export it again from your editor")
    if peak > _LARGEST_SAMPLE:
        reason = f"holds samples {20 * math.log10(peak):.0f} dB above full scale"
        raise UnreadableAudioError(path, reason, "export it again from your editor")
    return block
