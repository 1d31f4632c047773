"""Chunks of WAV, AIFF and CAF files, and the end of a sound whose chunk states a wrong length.

A chunk has a name of four letters and a size before it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple

from distill.audio.parts import STRAY_SHARE, PartFile, has_nonzero

# Chunks that are followed, and places of each name that are looked at: bounds on the time that a
# damaged file takes.
_MOST_CHUNKS = 1_000
_MOST_PLACES = 16

# Bytes at the end of a file in which chunks after the sound are looked for.
_LARGEST_TAIL = 1 << 18

_CAF_MARK = b"caff"

ChunkFile = BinaryIO | PartFile
"""An open file, or a part of one."""


@dataclass(frozen=True)
class ChunkFormat:
    """How a format writes its chunks.

    Attributes:
        head: Name and size before a chunk.
        is_padded: Whether chunks are padded to an even size.
        following: Names of chunks that commonly follow the sound.
    """

    head: struct.Struct
    is_padded: bool
    following: tuple[bytes, ...]


WAV = ChunkFormat(
    head=struct.Struct("<4sI"),
    is_padded=True,
    following=(b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"cue ", b"smpl", b"acid"),
)
"""Chunks of RIFF, RF64 and BW64."""

RIFX = replace(WAV, head=struct.Struct(">4sI"))
"""Chunks of WAV files with the most significant byte first."""

AIFF = ChunkFormat(
    head=struct.Struct(">4sI"),
    is_padded=True,
    following=(
        *(b"NAME", b"AUTH", b"ANNO", b"MARK", b"INST", b"APPL"),
        *(b"ID3 ", b"CHAN", b"PEAK"),
    ),
)
"""Chunks of AIFF and AIFF-C."""

CAF = ChunkFormat(
    head=struct.Struct(">4sq"),
    is_padded=False,
    following=(
        *(b"info", b"mark", b"strg", b"regn", b"midi", b"umid"),
        *(b"uuid", b"free", b"peak"),
    ),
)
"""Chunks of CAF; the size -1 says that one goes to the end of the file."""


class StatedChunk(NamedTuple):
    """A chunk: its name, its first byte, and the size that is stated, whatever the file holds."""

    name: bytes
    start: int
    n_bytes: int


def chunks(file: ChunkFile, position: int, size: int, form: ChunkFormat) -> Iterator[StatedChunk]:
    """Find the chunks from `position` on, one after the other.

    Args:
        file: An open file.
        position: First byte of the first head.
        size: Bytes of the file: no place beyond is looked at, whatever sizes are stated.
        form: How chunks are written.
    """
    for _ in range(_MOST_CHUNKS):
        if position + form.head.size > size:
            return
        file.seek(position)
        head = file.read(form.head.size)
        if len(head) < form.head.size:
            return
        name, n_bytes = form.head.unpack(head)
        start = position + form.head.size
        yield StatedChunk(name=name, start=start, n_bytes=n_bytes)
        if n_bytes < 0:
            return
        position = start + n_bytes + (n_bytes % 2 if form.is_padded else 0)


def is_lost_sound(
    file: BinaryIO,
    position: int,
    size: int,
    n_bytes: int,
    form: ChunkFormat | None = None,
    prefix: int = 0,
) -> bool:
    """Whether the bytes from `position` on are sound: much, no chunks, and not only padding.

    Args:
        file: An open file.
        position: Byte after the sound, as its chunk states.
        size: Bytes of the file.
        n_bytes: Bytes of the sound, as its chunk states.
        form: How chunks are written; None for formats without.
        prefix: Bytes of its chunk that are no samples.
    """
    if size - position <= STRAY_SHARE * n_bytes:
        return False
    # A pad byte may be missing.
    places = (position, position + n_bytes % 2)
    if form and any(_is_chunk(file, place, size, form) for place in places):
        return False
    # Recorders fill their last sector with zeros. After nothing at all, zeros may be the pause
    # before the sound.
    return n_bytes <= prefix or has_nonzero(file, position)


def end_of_sound(file: BinaryIO, start: int, size: int, form: ChunkFormat) -> int:
    """The byte at which a sound from `start` on ends: that of the file, but for chunks after it."""
    tail = max(start, size - _LARGEST_TAIL)
    file.seek(tail)
    content = file.read(_LARGEST_TAIL)
    ends = [size]
    for name in form.following:
        place = -1
        for _ in range(_MOST_PLACES):
            place = content.find(name, place + 1)
            if place < 0:
                break
            if _reaches_end(file, tail + place, size, form):
                ends.append(tail + place)
    return min(ends)


def _reaches_end(file: BinaryIO, position: int, size: int, form: ChunkFormat) -> bool:
    """Whether nothing but chunks lies from `position` to the end of the file."""
    stop = position
    for chunk in chunks(file, position, size, form):
        stop = chunk.start + chunk.n_bytes
    return stop <= size <= stop + 1


def _is_chunk(file: BinaryIO, position: int, size: int, form: ChunkFormat) -> bool:
    """Whether a chunk with a plausible name and size begins at `position`."""
    chunk = next(chunks(file, position, size, form), None)
    if chunk is None:
        return False
    name, start, n_bytes = chunk
    if name == _CAF_MARK:
        # Another file: what follows is no size.
        return True
    is_name = all(chr(byte).isascii() and (chr(byte).isalnum() or byte in b" _") for byte in name)
    return is_name and bool(name.strip()) and (n_bytes == -1 or start + n_bytes <= size + 1)
