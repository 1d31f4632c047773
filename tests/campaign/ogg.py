"""Checksums of Ogg pages, so that mutated ones pass the first check (RFC 3533, section 6)."""

import numpy as np

MARK = b"OggS"

_POLYNOMIAL = 0x04C11DB7
_CHECKSUM_AT = 22
_SEGMENTS_AT = 26
_HEADER_BYTES = 27


def _table() -> list[int]:
    table = []
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ (_POLYNOMIAL if rest & 0x80000000 else 0)
        table.append(rest & 0xFFFFFFFF)
    return table


_TABLE = _table()


def with_checksums(content: bytes) -> bytes:
    """Set the checksum of every page to that of its bytes."""
    pages = bytearray(content)
    start = content.find(MARK)
    while 0 <= start <= len(pages) - _HEADER_BYTES:
        count = pages[start + _SEGMENTS_AT]
        segments = pages[start + _HEADER_BYTES : start + _HEADER_BYTES + count]
        stop = start + _HEADER_BYTES + count + int(np.sum(segments, dtype=np.int64))
        checksum_at = slice(start + _CHECKSUM_AT, start + _CHECKSUM_AT + 4)
        pages[checksum_at] = bytes(4)
        pages[checksum_at] = _checksum(pages[start:stop]).to_bytes(4, "little")
        start = pages.find(MARK, max(stop, start + 1))
    return bytes(pages)


def _checksum(page: bytes | bytearray) -> int:
    rest = 0
    for byte in page:
        rest = ((rest << 8) & 0xFFFFFFFF) ^ _TABLE[(rest >> 24) ^ byte]
    return rest
