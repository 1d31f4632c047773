"""Lengths of FLAC files, by their last frames: streams state none, which libsndfile calls damage.

Frame headers are those of RFC 9639, section 9.1. Each holds its number and a checksum.
"""

from dataclasses import dataclass
from typing import BinaryIO

from distill.audio.parts import Part

# Bytes of a file up to its number of samples, and the place of the 8 bytes that end in it.
_HEADER_BYTES = 26
_NUMBERS_BYTE = 18
_SAMPLES_BITS = 36

# Bytes at the end in which the last two frames are looked for.
_LARGEST_TAIL = 1 << 20

# Longest frame header, and the generator of its checksum.
_LONGEST_HEADER = 16
_CRC_8 = 0x07

_SYNCS = (b"\xff\xf8", b"\xff\xf9")


@dataclass(frozen=True)
class _Frame:
    """A frame: its first sample, and the one after its last."""

    start: int
    stop: int


@dataclass(frozen=True)
class MendedPart:
    """A part with its true length in the header, and whether a wrong one was stated before."""

    part: Part
    was_wrong: bool


def with_length(file: BinaryIO, part: Part, mark: int) -> MendedPart | None:
    """Put the true length of a `part` into its header; None where that is right.

    Args:
        file: The file.
        part: A FLAC file in it.
        mark: Byte at which that begins, after any tag.
    """
    file.seek(mark)
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    numbers = int.from_bytes(header[_NUMBERS_BYTE:], "big")
    count = numbers & ((1 << _SAMPLES_BITS) - 1)
    file.seek(max(mark, part.stop - _LARGEST_TAIL))
    tail = file.read(part.stop - file.tell())
    n_samples = _last_sample(tail, int.from_bytes(header[10:12], "big"))
    if n_samples <= count or n_samples >> _SAMPLES_BITS:
        return None
    correction = (numbers - count + n_samples).to_bytes(8, "big")
    whole = Part(mark + _HEADER_BYTES, part.stop, header[:_NUMBERS_BYTE] + correction)
    # Streams state 0: they did not know their end.
    return MendedPart(whole, was_wrong=count > 0)


def _last_sample(tail: bytes, block_size: int) -> int:
    """The sample after the last frame in the `tail` of a file; 0 if there is none."""
    places = []
    for sync in _SYNCS:
        place = tail.find(sync)
        while place >= 0:
            places.append(place)
            place = tail.find(sync, place + 1)
    frames: list[_Frame] = []
    for place in sorted(places):
        frame = _read_frame(tail[place : place + _LONGEST_HEADER], block_size)
        if frame is not None:
            frames.append(frame)
    # Samples may look like a header, but not like that of the next frame.
    starts = {frame.stop for frame in frames}
    stops = [frame.stop for frame in frames if frame.start in starts or not frame.start]
    return max(stops, default=0)


def _read_frame(header: bytes, block_size: int) -> _Frame | None:
    """The frame with this header; None if it is none.

    Args:
        header: Its first bytes.
        block_size: Samples in each frame but the last, where all are alike.
    """
    if len(header) < 6 or header[3] & 1 or header[3] >> 4 > 10:
        return None
    size_code = header[2] >> 4
    rate_code = header[2] & 15
    number_bytes = _number_bytes(header[4])
    end = 4 + number_bytes
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    stop = end + size_bytes + rate_bytes
    if not number_bytes or not size_code or rate_code == 15 or len(header) <= stop:
        return None
    if _crc_8(header[:stop]) != header[stop]:
        return None
    number = header[4] & (0xFF >> (number_bytes + 1) if number_bytes > 1 else 0x7F)
    for byte in header[5:end]:
        number = number << 6 | byte & 0x3F
    if size_bytes:
        samples = 1 + int.from_bytes(header[end : end + size_bytes], "big")
    else:
        samples = {1: 192}.get(size_code) or (144 << size_code if size_code < 6 else 1 << size_code)
    # The number counts samples where sizes vary, else frames.
    start = number if header[1] & 1 else number * block_size
    return _Frame(start, start + samples)


def _number_bytes(first: int) -> int:
    """Bytes of a number in the manner of UTF-8, by its first one; 0 if that is none."""
    ones = 8 - (first ^ 0xFF).bit_length()
    if ones == 0:
        return 1
    return ones if 2 <= ones <= 7 else 0


def _crc_8(content: bytes) -> int:
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value << 1 ^ (_CRC_8 if value & 0x80 else 0)
            value &= 0xFF
    return value
