"""FLAC and MP3 files one after the other in one file: libsndfile stops after the first.

Each FLAC file begins with a mark. Each MP3 file mostly begins with a frame that holds its length
(`Xing`, `Info` or `VBRI`): a file that goes on beyond the stated length has another one there.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from distill.audio.flac_length import with_length
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH, Contents, Part

# Mark of a FLAC file, and the head of its first block: its number, with a bit for the last block,
# and its size.
_FLAC_STARTS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")

# Names in the first frame of an MP3 file.
_MP3_NAMES = (b"Xing", b"Info", b"VBRI")
_VBRI_OFFSET = 36

# Bytes from the start of a frame to the name, by version (MPEG 1 or not) and mono or not.
_XING_OFFSETS = {(True, False): 36, (True, True): 21, (False, False): 21, (False, True): 13}

# Flags of a Xing frame: it holds a number of frames; of bytes.
_HAS_FRAMES = 1
_HAS_BYTES = 2

# Share of an MP3 file beyond its stated length that is no other file: tags.
_STRAY_SHARE = 0.01

_ID3_BYTES = 10
_ID3V1_BYTES = 128

# Bytes that are searched at a time, and parts that are found: bounds for damaged files.
_SEARCH_BYTES = 1 << 20
_MOST_PARTS = 1_000


def flac_contents(file: BinaryIO, size: int) -> Contents:
    """Find the sounds in a FLAC file of `size` bytes."""
    marks = sorted(_find(file, _FLAC_STARTS))
    contents = _split(marks, size)
    if not marks or len(marks) > _MOST_PARTS:
        return contents
    wholes = contents.parts or (Part(0, size),)
    corrections = [with_length(file, part, mark) for part, mark in zip(wholes, marks, strict=True)]
    if not any(corrections):
        return contents
    parts = tuple(new.part if new else old for new, old in zip(corrections, wholes, strict=True))
    is_wrong = any(new is not None and new.was_wrong for new in corrections)
    return Contents(parts, WRONG_LENGTH if is_wrong else contents.remark)


def mp3_contents(file: BinaryIO, size: int) -> Contents:
    """Find the sounds in an MP3 file of `size` bytes."""
    starts = set()
    for position in _find(file, _MP3_NAMES):
        start = _frame_before(file, position)
        if start is not None:
            starts.add(start)
            following = _file_after(file, start, position, size)
            if following is not None:
                starts.add(following)
    # A first file without such a frame begins with the file.
    if starts and _is_frame(file, _skip_id3(file, 0)):
        starts.add(_skip_id3(file, 0))
    return _split(sorted(starts), size)


def _split(starts: list[int], size: int) -> Contents:
    """The parts of a file at whose `starts` a sound begins."""
    if not 2 <= len(starts) <= _MOST_PARTS:
        return Contents()
    # Tags before the first sound are its own.
    begins = [0, *starts[1:]]
    stops = [*starts[1:], size]
    parts = tuple(Part(begin, stop) for begin, stop in zip(begins, stops, strict=True))
    return Contents(parts, SEVERAL_RECORDINGS)


def _find(file: BinaryIO, marks: tuple[bytes, ...]) -> Iterator[int]:
    """Every place of one of the `marks` in a file."""
    longest = max(len(mark) for mark in marks)
    position = 0
    while True:
        file.seek(position)
        content = file.read(_SEARCH_BYTES)
        for mark in marks:
            place = content.find(mark)
            while place >= 0:
                yield position + place
                place = content.find(mark, place + 1)
        if len(content) < _SEARCH_BYTES:
            return
        # A mark may lie across the border; none is found twice.
        position += len(content) - longest + 1


def _is_frame(file: BinaryIO, position: int) -> bool:
    """Whether a frame of MPEG audio, layer III, begins at `position`."""
    file.seek(position)
    head = file.read(4)
    if len(head) < 4:
        return False
    (bits,) = struct.unpack(">I", head)
    is_sync = bits >> 21 == 0x7FF
    is_version = bits >> 19 & 3 != 1
    is_layer_3 = bits >> 17 & 3 == 1
    has_rates = bits >> 12 & 15 not in (0, 15) and bits >> 10 & 3 != 3
    return is_sync and is_version and is_layer_3 and has_rates


def _frame_before(file: BinaryIO, position: int) -> int | None:
    """The start of the frame whose name, such as `Xing`, stands at `position`."""
    file.seek(position)
    is_vbri = file.read(4) == b"VBRI"
    for offset in (_VBRI_OFFSET,) if is_vbri else sorted(set(_XING_OFFSETS.values())):
        start = position - offset
        if start < 0 or not _is_frame(file, start):
            continue
        file.seek(start)
        head = file.read(4)
        is_mpeg_1 = head[1] >> 3 & 3 == 3
        is_mono = head[3] >> 6 == 3
        if is_vbri or _XING_OFFSETS[is_mpeg_1, is_mono] == offset:
            return start
    return None


def _file_after(file: BinaryIO, start: int, position: int, size: int) -> int | None:
    """The start of another file after the one at `start`, whose name stands at `position`."""
    file.seek(position)
    name, flags, frames, n_bytes = struct.unpack(">4sIII", file.read(16).ljust(16, b"\0"))
    if name == b"VBRI" or not flags & _HAS_BYTES:
        return None
    if not flags & _HAS_FRAMES:
        # The number of bytes comes first.
        n_bytes = frames
    stop = start + n_bytes
    if not n_bytes or size - stop <= _STRAY_SHARE * n_bytes:
        return None
    file.seek(stop)
    if file.read(3) == b"TAG":
        stop += _ID3V1_BYTES
    stop = _skip_id3(file, stop)
    return stop if _is_frame(file, stop) else None


def _skip_id3(file: BinaryIO, position: int) -> int:
    """The byte after the ID3 tag at `position`, if there is one."""
    file.seek(position)
    head = file.read(_ID3_BYTES)
    if head[:3] != b"ID3" or len(head) < _ID3_BYTES:
        return position
    # Seven bits of the size in each byte.
    a, b, c, d = head[6:]
    return position + _ID3_BYTES + (a << 21 | b << 14 | c << 7 | d)
