"""Chunks of RIFF files (WAV, RF64, BW64, RIFX), found where programs wrote them loosely too.

Chunks are padded to an even size: some programs forget that, or state sizes beyond the end.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

LARGEST_TEXT = 1 << 18
"""Bytes that are read of a text: a damaged size must not fill memory."""

# Byte order of the sizes, for each mark that a file may begin with.
_BYTE_ORDERS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">"}

# Size of 32 bits that refers to the `ds64` chunk of RF64 and BW64 (EBU Tech 3306).
_SIZE_IN_DS64 = 0xFFFFFFFF

# Bytes before the first chunk: `RIFF`, size, `WAVE`.
_HEADER_BYTES = 12

# Chunks that are followed in one file or list: bounds the time that a damaged file takes.
_MOST_CHUNKS = 1_000


class Chunk(NamedTuple):
    """A chunk: its four letters, its first byte in the file, and its size inside of the file."""

    name: bytes
    start: int
    size: int


def find_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Find the chunks of an open file; there are none unless it begins as RIFF files do."""
    order = byte_order(file)
    if order:
        yield from _walk(file, _HEADER_BYTES, file.seek(0, os.SEEK_END), order)


def find_info(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Find the texts in all INFO lists of an open file, with their names, such as `ICMT`."""
    order = byte_order(file)
    for chunk in find_chunks(file):
        if chunk.name != b"LIST":
            continue
        file.seek(chunk.start)
        if file.read(4) != b"INFO":
            continue
        for entry in _walk(file, chunk.start + 4, chunk.start + chunk.size, order):
            file.seek(entry.start)
            yield entry.name, file.read(min(entry.size, LARGEST_TEXT)).rstrip(b"\0")


def byte_order(file: BinaryIO) -> str:
    """Order of bytes in a RIFF file, as `struct` names it; empty for other files."""
    file.seek(0)
    return _BYTE_ORDERS.get(file.read(4), "")


def append_chunks(file: BinaryIO, chunks: Iterable[tuple[bytes, bytes]], order: str = "<") -> None:
    """Append chunks to a whole WAV or AIFF file.

    Args:
        file: The file, open for reading and writing.
        chunks: Names and contents.
        order: Order of bytes in sizes: `<` in WAV, `>` in AIFF.
    """
    position = file.seek(0, os.SEEK_END)
    file.write(b"\0" * (position % 2))
    for name, content in chunks:
        header = struct.pack(f"{order}4sI", name, len(content))
        file.write(header + content + b"\0" * (len(content) % 2))
    size = file.tell()
    # All but the mark and this number itself.
    file.seek(4)
    file.write(struct.pack(f"{order}I", size - 8))
    file.seek(size)


def _walk(file: BinaryIO, position: int, stop: int, order: str) -> Iterator[Chunk]:
    """The chunks that lie one after the other from `position` to `stop`."""
    data_size = _SIZE_IN_DS64
    for _ in range(_MOST_CHUNKS):
        name, size = _read_header(file, position, stop, order)
        if not name:
            return
        if name == b"ds64":
            # Size of the RIFF chunk, then that of the data.
            data_size = struct.unpack("<QQ", file.read(16).ljust(16, b"\0"))[1]
        elif name == b"data" and size == _SIZE_IN_DS64:
            size = data_size
        size = min(size, stop - position - 8)
        yield Chunk(name=name, start=position + 8, size=size)
        position += 8 + size
        if size % 2 and _is_padded(file, position, stop, order):
            position += 1


def _read_header(file: BinaryIO, position: int, stop: int, order: str) -> tuple[bytes, int]:
    """Name and stated size of the chunk at `position`; an empty name if none begins there."""
    file.seek(position)
    header = file.read(8)
    if position + 8 > stop or len(header) < 8:
        return b"", 0
    name, size = struct.unpack(f"{order}4sI", header)
    is_printable = all(0x20 <= byte < 0x7F for byte in name)
    return (name, size) if is_printable else (b"", 0)


def _is_padded(file: BinaryIO, position: int, stop: int, order: str) -> bool:
    """Whether the byte at `position`, after a chunk of odd size, is padding."""
    file.seek(position)
    if file.read(1) in (b"\0", b""):
        return True
    # Padding of another value makes a name that no chunk of a plausible size has.
    name, size = _read_header(file, position, stop, order)
    return not name or position + 8 + size > stop
