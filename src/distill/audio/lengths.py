"""AU, CAF and AIFF files whose headers state no length or too small a one, and such files joined.

A recorder that lost power leaves them. CAF may also say -1: the sound goes to the end of the file,
which libsndfile refuses.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from distill.audio.chunks import (
    AIFF,
    CAF,
    ChunkFormat,
    StatedChunk,
    chunks,
    end_of_sound,
    is_lost_sound,
)
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH, Contents, Part

# Byte order of AU files by the mark that they begin with, bytes of the header that libsndfile
# reads, and the length of sounds that go to the end of the file.
_AU_ORDERS = {b".snd": ">", b"dns.": "<"}
_AU_HEADER_BYTES = 24
_AU_OPEN_ENDED = 0xFFFFFFFF

_CAF_MARK = b"caff"

# Bytes before the first chunk.
_CAF_HEADER_BYTES = 8
_AIFF_HEADER_BYTES = 12

# Bytes before the samples in their chunk: an edit count; offset and block size.
_CAF_PREFIX = 4
_AIFF_PREFIX = 8

# Encodings of CAF whose bytes are samples; others have a table of packets.
_CAF_SAMPLES = (b"lpcm", b"ulaw", b"alaw")

_AIFF_MARK = b"FORM"
_AIFF_KINDS = (b"AIFF", b"AIFC")

# Files that are followed, and bytes of a chunk that are kept: bounds on what a damaged file takes.
_MOST_FILES = 1_000
_LARGEST_CHUNK = 1 << 12
_LARGEST_SIZE = 0xFFFFFFFF


@dataclass(frozen=True)
class _Sound:
    """One sound in a file.

    Attributes:
        start: First byte of the chunk with the samples.
        stop: Byte after the sound where the header is wrong or says -1; None where it is right.
        following: First byte of the next file of the same kind, if there is one.
        header: Gives a header for so many bytes from `start` on.
        is_wrong: Whether the header states too small a length.
    """

    start: int
    stop: int | None
    following: int | None
    header: Callable[[int], bytes]
    is_wrong: bool = True


def au_contents(file: BinaryIO, size: int) -> Contents:
    """Find the sounds in an AU file of `size` bytes."""
    return _contents(_read_au, file, size)


def caf_contents(file: BinaryIO, size: int) -> Contents:
    """Find the sounds in a CAF file of `size` bytes."""
    return _contents(_read_caf, file, size)


def aiff_contents(file: BinaryIO, size: int) -> Contents:
    """Find the sounds in an AIFF or AIFF-C file of `size` bytes."""
    return _contents(_read_aiff, file, size)


def _contents(
    read: Callable[[BinaryIO, int, int], _Sound | None], file: BinaryIO, size: int
) -> Contents:
    parts: list[Part] = []
    begin: int | None = 0
    while begin is not None and len(parts) < _MOST_FILES:
        sound = read(file, begin, size)
        if sound is None:
            break
        if sound.stop is not None:
            header = sound.header(sound.stop - sound.start)
            parts.append(Part(sound.start, sound.stop, header))
            return Contents(tuple(parts), WRONG_LENGTH if sound.is_wrong else _remark(parts))
        parts.append(Part(begin, sound.following or size))
        begin = sound.following
    # A single file is whole as it is.
    return Contents(tuple(parts), SEVERAL_RECORDINGS) if len(parts) > 1 else Contents()


def _remark(parts: list[Part]) -> str:
    return SEVERAL_RECORDINGS if len(parts) > 1 else ""


def _read_au(file: BinaryIO, begin: int, size: int) -> _Sound | None:
    """The AU file that begins at byte `begin`."""
    file.seek(begin)
    head = file.read(_AU_HEADER_BYTES)
    order = _AU_ORDERS.get(head[:4])
    if order is None or len(head) < _AU_HEADER_BYTES:
        return None
    offset, n_bytes = struct.unpack(f"{order}II", head[4:12])
    start = begin + offset
    stop = size if n_bytes == _AU_OPEN_ENDED else start + n_bytes
    file.seek(stop)
    is_joined = file.read(4) in _AU_ORDERS
    is_lost = not is_joined and is_lost_sound(file, stop, size, n_bytes)
    sizes = struct.pack(f"{order}II", _AU_HEADER_BYTES, _AU_OPEN_ENDED)
    return _Sound(
        start=start,
        stop=size if is_lost else None,
        following=stop if is_joined else None,
        header=lambda _: head[:4] + sizes + head[12:],
    )


def _read_caf(file: BinaryIO, begin: int, size: int) -> _Sound | None:
    """The CAF file that begins at byte `begin`; None where its bytes are no samples."""
    before = b"caff\0\1\0\0"
    places = chunks(file, begin + _CAF_HEADER_BYTES, size, CAF)
    encoding = b""
    for name, start, n_sound in places:
        if name in (b"desc", b"chan"):
            content = _content(file, start, n_sound)
            encoding = encoding or content[8:12]
            before += CAF.head.pack(name, len(content)) + content
        elif name == b"data":
            break
    else:
        return None
    if encoding not in _CAF_SAMPLES:
        return None
    is_open_ended = n_sound < 0
    is_lost = not is_open_ended and is_lost_sound(
        file, start + n_sound, size, n_sound, CAF, _CAF_PREFIX
    )
    stop = None
    if is_lost or is_open_ended:
        stop = end_of_sound(file, start, size, CAF)
    return _Sound(
        start=start,
        stop=stop,
        following=_next_file(places, CAF, _CAF_MARK),
        header=lambda n_bytes: before + CAF.head.pack(b"data", n_bytes),
        is_wrong=is_lost,
    )


def _read_aiff(file: BinaryIO, begin: int, size: int) -> _Sound | None:
    """The AIFF file that begins at byte `begin`; None where the samples come first in it."""
    file.seek(begin)
    form = file.read(_AIFF_HEADER_BYTES)
    if form[8:] not in _AIFF_KINDS:
        return None
    before = b""
    places = chunks(file, begin + _AIFF_HEADER_BYTES, size, AIFF)
    for name, start, n_chunk in places:
        if name in (b"COMM", b"CHAN", b"FVER"):
            content = _content(file, start, n_chunk)
            before += AIFF.head.pack(name, n_chunk) + content + b"\0" * (n_chunk % 2)
        elif name == b"SSND":
            break
    else:
        return None
    if b"COMM" not in before:
        return None
    is_lost = is_lost_sound(file, start + n_chunk, size, n_chunk, AIFF, _AIFF_PREFIX)

    def header(n_bytes: int) -> bytes:
        # The size of the whole counts the kind and the head of the last chunk.
        whole = min(4 + len(before) + AIFF.head.size + n_bytes, _LARGEST_SIZE)
        last = AIFF.head.pack(b"SSND", min(n_bytes, _LARGEST_SIZE))
        return AIFF.head.pack(b"FORM", whole) + form[8:] + before + last

    return _Sound(
        start=start,
        stop=end_of_sound(file, start, size, AIFF) if is_lost else None,
        following=_next_file(places, AIFF, _AIFF_MARK),
        header=header,
    )


def _content(file: BinaryIO, start: int, n_bytes: int) -> bytes:
    file.seek(start)
    return file.read(max(0, min(n_bytes, _LARGEST_CHUNK)))


def _next_file(later: Iterator[StatedChunk], form: ChunkFormat, mark: bytes) -> int | None:
    """The first byte of a file that begins with `mark`, among the `later` chunks."""
    for name, start, _ in later:
        if name == mark:
            return start - form.head.size
    return None
