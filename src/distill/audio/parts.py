"""Parts of files that are sounds by themselves, where libsndfile would not read all of a file."""

import os
from dataclasses import dataclass
from typing import BinaryIO

WRONG_LENGTH = "wrong length in its header, read to its end"
"""Remark on a file that holds more sound than its header says."""

SEVERAL_RECORDINGS = "several recordings in one file"
"""Remark on a file that holds several recordings one after the other, all of which are read."""

STRAY_SHARE = 0.1
"""Bytes that the data may be followed by, as a share of it, without being sound: a stray tag."""

# Bytes that are searched at a time.
_SEARCH_BYTES = 1 << 16


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `stop` of a file: a sound, once `header` stands before them."""

    start: int
    stop: int
    header: bytes = b""


@dataclass(frozen=True)
class Contents:
    """Sounds in a file.

    Attributes:
        parts: The sounds, in order; empty where libsndfile reads all of the file by itself.
        remark: A few words for people on anything unusual.
    """

    parts: tuple[Part, ...] = ()
    remark: str = ""


class PartFile:
    """One `Part` of an open file, as a file of its own for libsndfile."""

    def __init__(self, file: BinaryIO, part: Part) -> None:
        self._file = file
        self._part = part
        self._size = len(part.header) + part.stop - part.start
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move as `io.IOBase.seek` does."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        """Position in bytes."""
        return self._position

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        header = self._part.header
        begin = self._position
        end = min(begin + size, self._size)
        content = header[begin:end]
        first = max(begin, len(header))
        if end > first:
            self._file.seek(self._part.start + first - len(header))
            content += self._file.read(end - first)
        self._position += len(content)
        return content

    def write(self, content: bytes) -> int:
        """Write nothing: libsndfile asks for the method, and reads only."""
        return 0

    def close(self) -> None:
        """Close the file below."""
        self._file.close()


def has_nonzero(file: BinaryIO, position: int) -> bool:
    """Whether a byte that is not zero lies from `position` on: recorders fill up with zeros."""
    file.seek(position)
    while content := file.read(_SEARCH_BYTES):
        if content.strip(b"\0"):
            return True
    return False
