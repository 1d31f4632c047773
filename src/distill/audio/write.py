"""Sound files, written in the formats of `formats.py`.

`C` channels, `n` samples in a block.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile as sf

from distill.audio.encoding import (
    check_writable,
    compression,
    encoder_gain,
    quantise_blocks,
    subtype_of,
    vorbis_compression,
)
from distill.audio.formats import FORMATS, USUAL, Encoding, SoundFormat, check_encoding
from distill.audio.id3 import CHUNK, LONGEST_ANNOTATION, id3_tag
from distill.audio.marks import UNITY_NOTE, Marks, mark_chunks, size_of
from distill.audio.riff import append_chunks
from distill.audio.timing import Timing, tempo_chunk
from distill.audio.virtual_file import VirtualFile, signals_held
from distill.cancellation import check_each
from distill.errors import AudioError
from distill.files import FilePath, replace_atomically
from distill.settings import SAMPLE_RATE

# Bytes in a WAV file: its sizes are numbers of 32 bits.
_LARGEST_WAV = (1 << 32) - 1

# Bytes of a comment up to which libsndfile opens an Opus file (1.2.2: 51,200 for all texts).
_LONGEST_OPUS_TEXT = 50_000

# Bytes that the chunks of tempo and loop take at most: 24 and 60, their headers, and padding.
_TIMING_BYTES = 128


def write_sound(
    path: FilePath,
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    encoding: Encoding = USUAL,
    tags: dict[str, str] | None = None,
    timing: Timing | None = None,
    marks: Marks | None = None,
) -> Path:
    """Write a sound, whole or not at all, in the format that the name ends in (`FORMATS`).

    Args:
        path: File to write; an earlier one is replaced.
        audio: Samples `[C, N]`, or `[N]` for mono. Integer formats clip at full scale.
        sample_rate: In Hz.
        encoding: Bits or bitrate.
        tags: Texts to store with the sound, named as in soundfile (`comment`, `software`, …);
            `read_tags` reads them.
        timing: Tempo and beats for other programs, in chunks of WAV files; other formats have no
            place for them. `read_timing` reads them.
        marks: Root note, loop and onsets for samplers, in chunks of WAV files. Default: the loop of
            `timing`.

    Raises:
        AudioError: If samples are not numbers, or the format cannot hold this sound.
        UsageError: If the format does not have these bits, bitrate or sample rate.
        OutputError: If the file cannot be written; an earlier one then stays as it was.
    """
    audio = np.atleast_2d(audio)
    starts = range(0, audio.shape[1], sample_rate)
    blocks = (audio[:, start : start + sample_rate] for start in starts)
    return write_sound_blocks(path, blocks, len(audio), sample_rate, encoding, tags, timing, marks)


def write_sound_blocks(
    path: FilePath,
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int = SAMPLE_RATE,
    encoding: Encoding = USUAL,
    tags: dict[str, str] | None = None,
    timing: Timing | None = None,
    marks: Marks | None = None,
) -> Path:
    """`write_sound` of a stream of blocks `[C, n]`, each written as soon as it is there.

    A bitrate in Ogg Vorbis is found by trials, for which all of the sound is kept in memory.

    Args:
        path: File to write; an earlier one is replaced.
        blocks: The sound.
        channels: `C`.
        sample_rate: In Hz.
        encoding: Bits or bitrate.
        tags: Texts to store with the sound.
        timing: Tempo and beats for other programs.
        marks: Root note, loop and onsets for samplers.
    """
    ending = Path(path).suffix.lower()
    ending = ending if ending in FORMATS else ".wav"
    check_encoding(ending, encoding, sample_rate)
    check_writable(f"sound{ending}", encoding)
    format_ = FORMATS[ending]
    form = _Form(
        format=format_,
        subtype=subtype_of(format_, encoding),
        sample_rate=sample_rate,
        channels=channels,
        gain=encoder_gain(format_, encoding.bitrate),
    )
    blocks = _finite(blocks, path)
    if format_.name == "Ogg Vorbis" and encoding.bitrate is not None:
        blocks = list(blocks)
        options = form.vorbis_options(blocks, encoding.bitrate)
    else:
        options = compression(format_, encoding.bitrate, sample_rate, channels)
    before, texts, after = _place_texts(format_, dict(tags or {}))
    with replace_atomically(path) as file:
        file.write(before)
        room = _TIMING_BYTES + size_of(marks)
        target = VirtualFile(file, _LARGEST_WAV - room, start=len(before))
        try:
            n_frames = form.write(target, blocks, options, texts)
        except (sf.SoundFileError, ValueError, TypeError) as error:
            problem = f"{format_.name} cannot hold this sound as {form.subtype} ({error})"
            raise AudioError(f"Cannot write {path}: {problem}.") from error
        target.check()
        if format_.name == "WAV":
            append_chunks(file, _sampler_chunks(timing, marks, n_frames, sample_rate))
        if after:
            append_chunks(file, [(CHUNK, after)], order=">")
    return Path(path)


def _sampler_chunks(
    timing: Timing | None, marks: Marks | None, n_frames: int, sample_rate: int
) -> list[tuple[bytes, bytes]]:
    """Names and contents of the chunks that samplers read; none for a sound that says nothing."""
    if marks is None and timing is not None and timing.is_loop:
        marks = Marks(is_loop=True)
    chunks = [tempo_chunk(timing, marks.root if marks else UNITY_NOTE)] if timing else []
    if marks is not None and (n_frames or not marks.is_loop):
        chunks += mark_chunks(marks, n_frames, sample_rate)
    return chunks


class _PlacedTexts(NamedTuple):
    """Texts of a file by where they go: a tag before the sound, those that libsndfile writes, and a
    tag after the sound."""

    before: bytes
    texts: dict[str, str]
    after: bytes


def _place_texts(format_: SoundFormat, texts: dict[str, str]) -> _PlacedTexts:
    """Where the texts of a file go. `AudioError` for a comment that the format cannot hold."""
    n_bytes = len(texts.get("comment", "").encode())
    if format_.name == "MP3" and texts:
        return _PlacedTexts(before=id3_tag(texts), texts={}, after=b"")
    if format_.name == "AIFF" and n_bytes > LONGEST_ANNOTATION:
        comment = texts.pop("comment")
        return _PlacedTexts(before=b"", texts=texts, after=id3_tag({"comment": comment}))
    if format_.name == "Opus" and n_bytes > _LONGEST_OPUS_TEXT:
        raise AudioError(
            f"Opus cannot hold the recipe of this sound, a text of {n_bytes:,} bytes: write "
            "another format."
        )
    return _PlacedTexts(before=b"", texts=texts, after=b"")


class _Form(NamedTuple):
    """The part that all writing of one sound shares."""

    format: SoundFormat
    subtype: str
    sample_rate: int
    channels: int
    gain: float

    def write(
        self,
        target: VirtualFile,
        blocks: Iterable[np.ndarray],
        options: dict[str, Any],
        tags: dict[str, str] | None = None,
    ) -> int:
        """Write `blocks` `[C, n]` to `target`, and return the samples of a channel.

        Args:
            target: A file.
            blocks: The sound.
            options: Arguments of `soundfile.SoundFile` for a bitrate.
            tags: Texts to store with the sound.
        """
        n_frames = 0
        with self._open(target, options) as sound:
            for name, text in (tags or {}).items():
                setattr(sound, name, text)
            for samples in quantise_blocks(check_each(blocks), self.subtype, self.gain):
                with signals_held():
                    sound.write(samples)
                target.check()
                n_frames += len(samples)
        return n_frames

    def vorbis_options(self, blocks: Sequence[np.ndarray], bitrate: int) -> dict[str, Any]:
        """The options that give a sound a bitrate, in kb/s."""
        seconds = sum(block.shape[1] for block in blocks) / self.sample_rate

        def measure(level: float) -> float:
            options = {"compression_level": level}
            # Headers are not sound, and differ in size from level to level.
            n_bytes = self._size(blocks, options) - self._size([], options)
            return n_bytes * 8 / 1000 / seconds

        return vorbis_compression(measure, bitrate) if seconds else {}

    def _size(self, blocks: Iterable[np.ndarray], options: dict[str, Any]) -> int:
        """Bytes that a sound takes."""
        file = io.BytesIO()
        self.write(VirtualFile(file, _LARGEST_WAV), blocks, options)
        return len(file.getvalue())

    @contextmanager
    def _open(self, target: VirtualFile, options: dict[str, Any]) -> Iterator[sf.SoundFile]:
        """A sound file, open for writing to `target`."""
        sound = None
        try:
            with signals_held():
                sound = sf.SoundFile(
                    target,
                    "w",
                    self.sample_rate,
                    self.channels,
                    self.subtype,
                    format=self.format.container,
                    **options,
                )
            yield sound
        finally:
            # That writes too. After it, `target` may be closed.
            if sound is not None:
                with signals_held():
                    sound.close()


def _finite(blocks: Iterable[np.ndarray], path: FilePath) -> Iterator[np.ndarray]:
    """`blocks` as they are, all of which must be numbers."""
    for block in blocks:
        if not np.isfinite(block).all():
            raise AudioError(f"Cannot write {path}: the sound holds samples that are not numbers.")
        yield block
