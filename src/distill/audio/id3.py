"""ID3 tags, where libsndfile writes texts that it or others cannot read.

In MP3 it writes UTF-8 as if it were Latin 1, and the name of the encoder in place of that of the
program. Of AIFF files with a long comment, it opens none. Layout: ID3v2.4 (id3.org, "structure"
and "frames"), texts in UTF-8.
"""

import struct
from collections.abc import Mapping
from typing import BinaryIO

from distill.audio.chunks import AIFF, chunks
from distill.audio.riff import LARGEST_TEXT

CHUNK = b"ID3 "
"""Name of the chunk that holds a tag in AIFF."""

LONGEST_ANNOTATION = 8_000
"""Bytes of a text that AIFF files hold in a chunk of its own (`ANNO`): libsndfile refuses 8 kB."""

FRAMES = {
    "album": b"TALB",
    "artist": b"TPE1",
    "comment": b"COMM",
    "copyright": b"TCOP",
    "date": b"TDRC",
    "genre": b"TCON",
    "software": b"TSSE",
    "title": b"TIT2",
    "tracknumber": b"TRCK",
}
"""Names of frames by soundfile's names of texts."""

# Mark, version, flags. Then the size of what follows.
_HEAD = b"ID3\x04\x00\x00"

_UTF8 = b"\x03"

# Before a comment: language, and no description.
_COMMENT = b"eng\x00"

_AIFF_MARKS = (b"AIFF", b"AIFC")


def id3_tag(texts: Mapping[str, str]) -> bytes:
    """A tag with texts, named as in soundfile; other names than those of `FRAMES` are left out."""
    frames = b"".join(_frame(name, texts[name]) for name in FRAMES if texts.get(name))
    return _HEAD + _syncsafe(len(frames)) + frames


def _frame(name: str, text: str) -> bytes:
    body = _UTF8 + (_COMMENT if name == "comment" else b"") + text.encode()
    return FRAMES[name] + _syncsafe(len(body)) + b"\0\0" + body


def find_comment(file: BinaryIO) -> str | None:
    """The comment in the ID3 chunk of an open AIFF file, as `id3_tag` writes it alone."""
    file.seek(0)
    mark = file.read(12)
    if len(mark) < 12 or mark[:4] != b"FORM" or mark[8:] not in _AIFF_MARKS:
        return None
    size = file.seek(0, 2)
    for chunk in chunks(file, 12, size, AIFF):
        if chunk.name == CHUNK:
            file.seek(chunk.start)
            return _comment(file.read(min(chunk.n_bytes, LARGEST_TEXT)))
    return None


def _comment(content: bytes) -> str | None:
    # Head and size of the tag, then name, size and flags of its first frame.
    start = len(_HEAD) + 4 + 10
    head = content[:start]
    before = _UTF8 + _COMMENT
    if not (head.startswith(_HEAD) and head[10:14] == FRAMES["comment"]):
        return None
    if content[start : start + len(before)] != before:
        return None
    n_bytes = sum(byte << shift for byte, shift in zip(head[14:18], (21, 14, 7, 0), strict=True))
    return content[start + len(before) : start + n_bytes].decode(errors="replace")


def _syncsafe(number: int) -> bytes:
    """A number of 28 bits as four bytes without their highest bits."""
    return struct.pack(">4B", *(number >> shift & 0x7F for shift in (21, 14, 7, 0)))
