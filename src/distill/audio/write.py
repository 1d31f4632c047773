"""Sound files, written as WAV, FLAC or Ogg.

`C` channels, `n` samples in a block.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile as sf

from distill.audio.riff import append_chunks
from distill.audio.timing import Timing, timing_chunks
from distill.audio.virtual_file import VirtualFile, signals_held
from distill.cancellation import check_each
from distill.errors import AudioError
from distill.files import FilePath, replace_atomically
from distill.settings import SAMPLE_RATE

FORMATS = {
    ".wav": ("WAV", "PCM_24"),
    ".flac": ("FLAC", "PCM_24"),
    ".ogg": ("OGG", "VORBIS"),
}
"""Formats that Distill writes, by the ending of the name: soundfile's format and subtype."""

# Bytes in a WAV file: its sizes are numbers of 32 bits.
_LARGEST_WAV = (1 << 32) - 1

# Bytes that the chunks with the timing take at most: 24 and 60, their headers, and padding.
_TIMING_BYTES = 128


def write_sound(
    path: FilePath,
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    subtype: str | None = None,
    tags: dict[str, str] | None = None,
    timing: Timing | None = None,
) -> Path:
    """Write a sound, whole or not at all, in the format that the name ends in (`FORMATS`).

    Args:
        path: File to write; an earlier one is replaced.
        audio: Samples `[C, N]`, or `[N]` for mono. Integer formats clip at full scale.
        sample_rate: In Hz.
        subtype: Encoding of the samples; None for that of `FORMATS`.
        tags: Texts to store with the sound, named as in soundfile (`comment`, `software`, …);
            `read_tags` reads them.
        timing: Tempo and beats for other programs, in chunks of WAV files; other formats have no
            place for them. `read_timing` reads them.

    Raises:
        AudioError: If samples are not numbers, or the format cannot hold this sound.
        OutputError: If the file cannot be written; an earlier one then stays as it was.
    """
    audio = np.atleast_2d(audio)
    starts = range(0, audio.shape[1], sample_rate)
    blocks = (audio[:, start : start + sample_rate] for start in starts)
    return write_sound_blocks(path, blocks, len(audio), sample_rate, subtype, tags, timing)


def write_sound_blocks(
    path: FilePath,
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int = SAMPLE_RATE,
    subtype: str | None = None,
    tags: dict[str, str] | None = None,
    timing: Timing | None = None,
) -> Path:
    """`write_sound` of a stream of blocks `[C, n]`, each written as soon as it is there.

    Args:
        path: File to write; an earlier one is replaced.
        blocks: The sound.
        channels: `C`.
        sample_rate: In Hz.
        subtype: Encoding of the samples; None for that of `FORMATS`.
        tags: Texts to store with the sound.
        timing: Tempo and beats for other programs.
    """
    ending = Path(path).suffix.lower()
    kind, default_subtype = FORMATS.get(ending, FORMATS[".wav"])
    subtype = subtype or default_subtype
    # Integer formats would wrap around instead of clipping.
    clips = subtype not in ("FLOAT", "DOUBLE")
    n_frames = 0
    with replace_atomically(path) as file:
        room = _TIMING_BYTES if timing is not None else 0
        target = VirtualFile(file, _LARGEST_WAV - room)
        try:
            with _create(target, sample_rate, channels, subtype, kind) as sound:
                for name, text in (tags or {}).items():
                    setattr(sound, name, text)
                for block in check_each(blocks):
                    _check_finite(block, path)
                    samples = block.T
                    with signals_held():
                        sound.write(np.clip(samples, -1.0, 1.0) if clips else samples)
                    target.check()
                    n_frames += block.shape[1]
        except (sf.SoundFileError, ValueError, TypeError) as error:
            problem = f"{kind} cannot hold this sound as {subtype} ({error})"
            raise AudioError(f"Cannot write {path}: {problem}.") from error
        target.check()
        if timing is not None and kind == "WAV":
            append_chunks(file, timing_chunks(timing, n_frames, sample_rate))
    return Path(path)


@contextmanager
def _create(
    target: VirtualFile, sample_rate: int, channels: int, subtype: str, kind: str
) -> Iterator[sf.SoundFile]:
    """A sound file of a `kind` such as "WAV", open for writing to `target`."""
    sound = None
    try:
        with signals_held():
            sound = sf.SoundFile(target, "w", sample_rate, channels, subtype, format=kind)
        yield sound
    finally:
        # That writes too. After it, `target` may be closed.
        if sound is not None:
            with signals_held():
                sound.close()


def _check_finite(block: np.ndarray, path: FilePath) -> None:
    if not np.isfinite(block).all():
        raise AudioError(f"Cannot write {path}: the sound holds samples that are not numbers.")
