"""AU, CAF and AIFF files whose headers state no length or too small a one, and such files joined.

A recorder that lost power leaves them. CAF may also say -1: the sound goes to the end of the file,
which libsndfile refuses.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from distill.audio.parts import CHAINED, STRAY_SHARE, WRONG_LENGTH, Contents, Part, has_nonzero

# Byte order of AU files by the mark that they begin with, bytes of the header that libsndfile
# reads, and the length of sounds that go to the end of the file.
_AU_ORDERS = {b".snd": ">", b"dns.": "<"}
_AU_HEADER_BYTES = 24
_AU_OPEN_ENDED = 0xFFFFFFFF

# Heads of chunks: name and size.
_CAF_HEAD = struct.Struct(">4sq")
_AIFF_HEAD = struct.Struct(">4sI")

_CAF_MARK = b"caff"

# Bytes before the first chunk.
_CAF_HEADER_BYTES = 8
_AIFF_HEADER_BYTES = 12

# Bytes before the samples in their chunk: an edit count; offset and block size.
_CAF_PREFIX = 4
_AIFF_PREFIX = 8

# Encodings of CAF whose bytes are samples; others have a table of packets.
_CAF_SAMPLES = (b"lpcm", b"ulaw", b"alaw")

_AIFF_KINDS = (b"AIFF", b"AIFC")

# Chunks that commonly follow the sound, and the bytes at the end in which they are looked for.
_CAF_FOLLOWING = (b"info", b"mark", b"strg", b"regn", b"midi", b"umid", b"uuid", b"free", b"peak")
_AIFF_FOLLOWING = (b"NAME", b"AUTH", b"ANNO", b"MARK", b"INST", b"APPL", b"ID3 ", b"CHAN", b"PEAK")
_LARGEST_TAIL = 1 << 18

# Files and chunks that are followed, places that are looked at, and bytes of a chunk that are kept:
# bounds on what a damaged file takes.
_MOST_CHUNKS = 1_000
_MOST_PLACES = 16
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
    while begin is not None and len(parts) < _MOST_CHUNKS:
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
    return Contents(tuple(parts), CHAINED) if len(parts) > 1 else Contents()


def _remark(parts: list[Part]) -> str:
    return CHAINED if len(parts) > 1 else ""


def _read_au(file: BinaryIO, begin: int, size: int) -> _Sound | None:
    """The AU file that begins at byte `begin`."""
    file.seek(begin)
    head = file.read(_AU_HEADER_BYTES)
    order = _AU_ORDERS.get(head[:4])
    if order is None or len(head) < _AU_HEADER_BYTES:
        return None
    offset, stated = struct.unpack(f"{order}II", head[4:12])
    start = begin + offset
    stop = size if stated == _AU_OPEN_ENDED else start + stated
    file.seek(stop)
    is_joined = file.read(4) in _AU_ORDERS
    is_lost = not is_joined and _is_lost(file, stop, size, stated)
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
    chunks = _chunks(file, begin + _CAF_HEADER_BYTES, size, _CAF_HEAD)
    encoding = b""
    for name, start, stated in chunks:
        if name in (b"desc", b"chan"):
            content = _content(file, start, stated)
            encoding = encoding or content[8:12]
            before += _CAF_HEAD.pack(name, len(content)) + content
        elif name == b"data":
            break
    else:
        return None
    if encoding not in _CAF_SAMPLES:
        return None
    is_open_ended = stated < 0
    is_lost = not is_open_ended and _is_lost(
        file, start + stated, size, stated, _CAF_HEAD, _CAF_PREFIX
    )
    stop = None
    if is_lost or is_open_ended:
        stop = _end_of_sound(file, start, size, _CAF_HEAD, _CAF_FOLLOWING)
    return _Sound(
        start=start,
        stop=stop,
        following=_next_file(chunks, _CAF_HEAD, (_CAF_MARK,)),
        header=lambda n_bytes: before + _CAF_HEAD.pack(b"data", n_bytes),
        is_wrong=is_lost,
    )


def _read_aiff(file: BinaryIO, begin: int, size: int) -> _Sound | None:
    """The AIFF file that begins at byte `begin`; None where the samples come first in it."""
    file.seek(begin)
    form = file.read(_AIFF_HEADER_BYTES)
    if form[8:] not in _AIFF_KINDS:
        return None
    before = b""
    chunks = _chunks(file, begin + _AIFF_HEADER_BYTES, size, _AIFF_HEAD)
    for name, start, stated in chunks:
        if name in (b"COMM", b"CHAN", b"FVER"):
            content = _content(file, start, stated)
            before += _AIFF_HEAD.pack(name, stated) + content + b"\0" * (stated % 2)
        elif name == b"SSND":
            break
    else:
        return None
    if b"COMM" not in before:
        return None
    is_lost = _is_lost(file, start + stated, size, stated, _AIFF_HEAD, _AIFF_PREFIX)

    def header(n_bytes: int) -> bytes:
        # The size of the whole counts the kind and the head of the last chunk.
        whole = min(4 + len(before) + _AIFF_HEAD.size + n_bytes, _LARGEST_SIZE)
        last = _AIFF_HEAD.pack(b"SSND", min(n_bytes, _LARGEST_SIZE))
        return _AIFF_HEAD.pack(b"FORM", whole) + form[8:] + before + last

    return _Sound(
        start=start,
        stop=_end_of_sound(file, start, size, _AIFF_HEAD, _AIFF_FOLLOWING) if is_lost else None,
        following=_next_file(chunks, _AIFF_HEAD, (b"FORM",)),
        header=header,
    )


def _chunks(
    file: BinaryIO, position: int, size: int, head: struct.Struct
) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and stated size of the chunks from `position` on."""
    for _ in range(_MOST_CHUNKS):
        if position + head.size > size:
            return
        file.seek(position)
        content = file.read(head.size)
        if len(content) < head.size:
            return
        name, stated = head.unpack(content)
        start = position + head.size
        yield name, start, stated
        if stated < 0:
            return
        position = start + stated
        # Chunks of AIFF are padded to an even size.
        if head is _AIFF_HEAD:
            position += stated % 2


def _content(file: BinaryIO, start: int, stated: int) -> bytes:
    file.seek(start)
    return file.read(max(0, min(stated, _LARGEST_CHUNK)))


def _next_file(
    chunks: Iterator[tuple[bytes, int, int]], head: struct.Struct, marks: tuple[bytes, ...]
) -> int | None:
    """The first byte of a file that begins with one of the `marks`, among the `chunks` left."""
    for name, start, _ in chunks:
        if name in marks:
            return start - head.size
    return None


def _is_lost(
    file: BinaryIO,
    position: int,
    size: int,
    stated: int,
    head: struct.Struct | None = None,
    prefix: int = 0,
) -> bool:
    """Whether the bytes from `position` on are sound: much, no chunks, and not only padding."""
    if size - position <= STRAY_SHARE * stated:
        return False
    # A pad byte may be missing.
    places = (position, position + stated % 2)
    if head and any(_is_chunk(file, place, size, head) for place in places):
        return False
    # After nothing at all, zeros may be the pause before the sound.
    return stated <= prefix or has_nonzero(file, position)


def _is_chunk(file: BinaryIO, position: int, size: int, head: struct.Struct) -> bool:
    """Whether a chunk with a plausible name and size begins at `position`."""
    file.seek(position)
    content = file.read(head.size)
    if len(content) < head.size:
        return False
    name, stated = head.unpack(content)
    if name == _CAF_MARK:
        # Another file: what follows is no size.
        return True
    is_name = all(chr(byte).isascii() and (chr(byte).isalnum() or byte in b" _") for byte in name)
    is_size = stated == -1 or position + head.size + stated <= size + 1
    return is_name and bool(name.strip()) and is_size


def _end_of_sound(
    file: BinaryIO, start: int, size: int, head: struct.Struct, names: tuple[bytes, ...]
) -> int:
    """The byte at which a file ends but for chunks with these `names` that follow its sound."""
    tail = max(start, size - _LARGEST_TAIL)
    file.seek(tail)
    content = file.read(_LARGEST_TAIL)
    ends = [size]
    for name in names:
        place = -1
        for _ in range(_MOST_PLACES):
            place = content.find(name, place + 1)
            if place < 0:
                break
            stops = [begin + stated for _, begin, stated in _chunks(file, tail + place, size, head)]
            if stops and stops[-1] <= size <= stops[-1] + 1:
                ends.append(tail + place)
    return min(ends)
