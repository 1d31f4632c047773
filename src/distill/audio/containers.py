"""Sounds inside of files whose containers mislead libsndfile: the whole sound, not its first part.

Here are WAV headers that state no length or too small a one (a recorder that lost power, more than
4 GB), chained Ogg streams (RFC 3533, section 4), and WAV files one after the other. Other formats
have files of their own.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from distill.audio.chunks import WAV, chunks, end_of_sound, is_lost_sound
from distill.audio.joined import flac_contents, mp3_contents
from distill.audio.lengths import aiff_contents, au_contents, caf_contents
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH, Contents, Part
from distill.files import FilePath, open_regular

_RIFF_NAMES = (b"RIFF", b"RF64", b"BW64")

# Size of 32 bits that refers to the `ds64` chunk of RF64 and BW64 (EBU Tech 3306).
_SIZE_IN_DS64 = 0xFFFFFFFF

# Most bytes of a `fmt ` chunk: the extensible one has 40.
_LARGEST_FMT = 1 << 10

# Fixed part of an Ogg page, and the most that its table of segments takes.
_PAGE_BYTES = 27
_MOST_SEGMENTS = 255

# Flag of the first page of a stream.
_FIRST_PAGE = 0x02

# Bytes that are searched at a time for the next page.
_SEARCH_BYTES = 1 << 16


def find_contents(path: FilePath) -> Contents:
    """Find the sounds in a file. `OSError` if it cannot be read."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        magic = file.read(4)
        if magic in _RIFF_NAMES:
            return _wav_contents(file, size)
        if magic == b"OggS":
            return _ogg_contents(file, size)
        if magic in (b".snd", b"dns."):
            return au_contents(file, size)
        if magic == b"caff":
            return caf_contents(file, size)
        if magic == b"FORM":
            return aiff_contents(file, size)
        # A tag may stand before either.
        is_tagged = magic[:3] == b"ID3"
        if (is_tagged or magic == b"fLaC") and (contents := flac_contents(file, size)).parts:
            return contents
        if is_tagged or magic[:1] == b"\xff":
            contents = mp3_contents(file, size)
            if not contents.parts and _has_resource_fork(path):
                return Contents((Part(0, size),))
            return contents
    return Contents()


def _has_resource_fork(path: FilePath) -> bool:
    """Whether macOS has put a file of its own beside this one: libsndfile reads that instead.

    It finds it by the name, which a part of a file, even all of it, has not.
    """
    folder, name = os.path.split(os.fsencode(path))
    forks = (os.path.join(folder, b"._" + name), os.path.join(folder, b".AppleDouble", name))
    return any(os.path.exists(fork) for fork in forks)


# --- WAV ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wav:
    """Places in a WAV file: its `fmt ` chunk, and the bytes of its data as the header has them."""

    fmt: bytes
    start: int
    n_bytes: int


def _wav_contents(file: BinaryIO, size: int) -> Contents:
    parts = []
    begin = 0
    remark = ""
    while (wav := _read_wav(file, begin, size)) is not None:
        stop = wav.start + wav.n_bytes
        if not is_lost_sound(file, stop, size, wav.n_bytes, WAV):
            next_begin = _next_wav(file, stop + wav.n_bytes % 2, size)
            parts.append(Part(begin, next_begin or size))
            if next_begin is None:
                break
            remark = SEVERAL_RECORDINGS
            begin = next_begin
            continue
        remark = WRONG_LENGTH
        end = end_of_sound(file, wav.start, size, WAV)
        parts.append(Part(wav.start, end, _open_ended_header(wav.fmt)))
        break
    return Contents(tuple(parts), remark) if remark else Contents()


def _read_wav(file: BinaryIO, begin: int, size: int) -> _Wav | None:
    """The WAV file that begins at byte `begin`; None if it has no `fmt ` and `data`."""
    fmt = b""
    # Only files that have it refer to it.
    long_size = _SIZE_IN_DS64
    for name, start, n_bytes in chunks(file, begin + 12, size, WAV):
        file.seek(start)
        if name == b"fmt ":
            fmt = file.read(min(n_bytes, _LARGEST_FMT))
        elif name == b"ds64":
            # Size of the RIFF chunk, then that of the data.
            content = file.read(16)
            long_size = struct.unpack("<QQ", content.ljust(16, b"\0"))[1]
        elif name == b"data":
            if n_bytes == _SIZE_IN_DS64:
                n_bytes = long_size
            return _Wav(fmt, start, n_bytes) if fmt else None
    return None


def _next_wav(file: BinaryIO, position: int, size: int) -> int | None:
    """The first byte of another WAV file among the chunks from `position` on."""
    for name, start, _ in chunks(file, position, size, WAV):
        file.seek(start)
        if name in _RIFF_NAMES and file.read(4) == b"WAVE":
            return start - 8
    return None


def _open_ended_header(fmt: bytes) -> bytes:
    """A WAV header of which libsndfile reads the data to the end of the file.

    It takes the sizes 8 and 0 for a file that was never closed. That holds beyond 4 GB as well.
    """
    fmt_chunk = struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + b"\0" * (len(fmt) % 2)
    return b"RIFF" + struct.pack("<I", 8) + b"WAVE" + fmt_chunk + struct.pack("<4sI", b"data", 0)


# --- Ogg ------------------------------------------------------------------------------------------


def _ogg_contents(file: BinaryIO, size: int) -> Contents:
    starts = []
    was_first = False
    for position, is_first in _pages(file):
        # Streams side by side have their first pages together: one link of the chain.
        if is_first and not was_first:
            starts.append(position)
        was_first = is_first
    if len(starts) < 2:
        return Contents()
    stops = [*starts[1:], size]
    parts = tuple(Part(start, stop) for start, stop in zip(starts, stops, strict=True))
    return Contents(parts, SEVERAL_RECORDINGS)


def ogg_contents(file: BinaryIO) -> Iterator[bytes]:
    """Contents of the pages of an Ogg file, in order: texts of many pages come in one piece."""
    for position, _ in _pages(file):
        file.seek(position)
        header = file.read(_PAGE_BYTES)
        segments = file.read(header[_PAGE_BYTES - 1])
        yield file.read(sum(segments))


def _pages(file: BinaryIO) -> Iterator[tuple[int, bool]]:
    """Position of every page, and whether it begins a stream."""
    position = 0
    while True:
        file.seek(position)
        page = file.read(_PAGE_BYTES + _MOST_SEGMENTS)
        if len(page) < _PAGE_BYTES:
            return
        if page[:4] != b"OggS":
            following = _find_page(file, position + 1)
            if following is None:
                return
            position = following
            continue
        # The first page has its flag, and no sound before its end.
        yield position, bool(page[5] & _FIRST_PAGE) and page[6:14] == bytes(8)
        n_segments = page[_PAGE_BYTES - 1]
        position += _PAGE_BYTES + n_segments + sum(page[_PAGE_BYTES : _PAGE_BYTES + n_segments])


def _find_page(file: BinaryIO, position: int) -> int | None:
    """The next page from `position` on, past bytes that belong to none."""
    while True:
        file.seek(position)
        content = file.read(_SEARCH_BYTES)
        place = content.find(b"OggS")
        if place >= 0:
            return position + place
        if len(content) < _SEARCH_BYTES:
            return None
        # The mark may lie across the border.
        position += len(content) - 3
