"""Texts that a sound file carries beside its samples: RIFF INFO in WAV, Vorbis comments in FLAC and
Ogg."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile as sf

from distill.audio.io import UnreadableAudioError, probe

RIFF_NAMES = {b"ICMT": "comment", b"ISFT": "software"}
LARGEST_LIST = 1 << 20


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """The tags of a sound file, named as in soundfile. Raises UnreadableAudioError for what is not
    audio."""
    info = probe(path)
    try:
        with sf.SoundFile(os.fspath(path) if os.name == "nt" else os.fsencode(path)) as file:
            tags = dict(file.copy_metadata())
        # libsndfile writes INFO texts of any length, but reads none of more than 2 kB.
        if info.format == "WAV" and "comment" not in tags:
            tags |= _riff_tags(Path(path))
    except (OSError, sf.SoundFileError, UnicodeDecodeError) as error:
        raise UnreadableAudioError(path, f"its tags cannot be read ({error})") from error
    return tags


def _riff_tags(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        file.seek(12)
        while size := _next_chunk(file, b"LIST"):
            body = file.read(min(size, LARGEST_LIST))
            if body[:4] == b"INFO":
                return dict(_info_texts(body[4:]))
    return {}


def _next_chunk(file: BinaryIO, wanted: bytes) -> int:
    """Size of the next chunk called `wanted`, with the file at its contents; 0 for no more."""
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == wanted:
            return int(size)
        file.seek(size + size % 2, os.SEEK_CUR)
    return 0


def _info_texts(body: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        if name in RIFF_NAMES:
            yield RIFF_NAMES[name], body[at + 8 : at + 8 + size].rstrip(b"\0").decode()
        at += 8 + size + size % 2
