"""Tags of sound files: RIFF INFO in WAV, Vorbis comments in FLAC and Ogg."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile as sf

from distill.audio.io import UnreadableAudioError, probe, system_name
from distill.files import FilePath

RIFF_NAMES = {b"ICMT": "comment", b"ISFT": "software"}
"""Identifiers of RIFF INFO texts, and soundfile's names for them."""

LARGEST_LIST = 1 << 20
"""Bytes that are read of a list of tags: a damaged size must not fill memory."""

# Bytes before the first chunk: `RIFF`, size, `WAVE`.
_RIFF_HEADER_BYTES = 12


def read_tags(path: FilePath) -> dict[str, str]:
    """Read the tags of a sound file, named as in soundfile (`comment`, `software`, …).

    Raises:
        UnreadableAudioError: If the file is not audio or its tags cannot be read.
    """
    info = probe(path)
    try:
        with sf.SoundFile(system_name(path)) as file:
            tags = dict(file.copy_metadata())
        # libsndfile writes INFO texts of any length, but reads none of more than 2 kB.
        if info.format == "WAV" and "comment" not in tags:
            tags |= _riff_tags(Path(path))
    except (OSError, sf.SoundFileError, UnicodeDecodeError) as error:
        raise UnreadableAudioError(path, f"its tags cannot be read ({error})") from error
    return tags


def _riff_tags(path: Path) -> dict[str, str]:
    """The texts of the first INFO list of a WAV file."""
    with path.open("rb") as file:
        file.seek(_RIFF_HEADER_BYTES)
        while size := _next_chunk(file, b"LIST"):
            body = file.read(min(size, LARGEST_LIST))
            if body[:4] == b"INFO":
                return dict(_info_texts(body[4:]))
    return {}


def _next_chunk(file: BinaryIO, name: bytes) -> int:
    """Move `file` to the contents of the next chunk called `name`; return its size, 0 for none."""
    while len(head := file.read(8)) == 8:
        chunk, size = struct.unpack("<4sI", head)
        if chunk == name:
            return int(size)
        # Chunks are padded to an even size.
        file.seek(size + size % 2, os.SEEK_CUR)
    return 0


def _info_texts(body: bytes) -> Iterator[tuple[str, str]]:
    """Names and texts of the entries in the `body` of an INFO list."""
    position = 0
    while position + 8 <= len(body):
        identifier, size = struct.unpack_from("<4sI", body, position)
        start = position + 8
        if identifier in RIFF_NAMES:
            # Texts end in zero bytes.
            text = body[start : start + size].rstrip(b"\0")
            yield RIFF_NAMES[identifier], text.decode()
        position = start + size + size % 2
