"""Chunks of WAV, AIFF and CAF files, whatever sizes they state."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.chunks import AIFF, CAF, WAV, ChunkFormat, chunks, end_of_sound, is_lost_sound
from distill.audio.containers import find_contents

NOISE = bytes(range(1, 251)) * 4


def chunk(form: ChunkFormat, name: bytes, content: bytes, stated: int | None = None) -> bytes:
    size = len(content) if stated is None else stated
    return form.head.pack(name, size) + content + bytes(len(content) % 2 if form.is_padded else 0)


@pytest.mark.parametrize("form", [WAV, AIFF, CAF])
def test_chunks_follow_one_another(form: ChunkFormat) -> None:
    content = chunk(form, b"one ", b"abc") + chunk(form, b"two ", b"de")
    found = list(chunks(io.BytesIO(content), 0, len(content), form))
    assert [(one.name, one.n_bytes) for one in found] == [(b"one ", 3), (b"two ", 2)]
    assert content[found[1].start :] == b"de"


@pytest.mark.parametrize("form", [WAV, AIFF, CAF])
def test_no_place_beyond_the_file_is_looked_at(form: ChunkFormat) -> None:
    largest = (1 << 63) - 1 if form is CAF else (1 << 32) - 1
    content = chunk(form, b"one ", b"abc", stated=largest)
    assert len(list(chunks(io.BytesIO(content), 0, len(content), form))) == 1
    for position in (len(content), 1 << 63, 1 << 64):
        assert list(chunks(io.BytesIO(content), position, len(content), form)) == []


@pytest.mark.parametrize("form", [WAV, AIFF, CAF])
def test_a_sound_ends_where_only_chunks_follow(form: ChunkFormat) -> None:
    after = chunk(form, form.following[0], b"kick") + chunk(form, form.following[-1], b"1")
    content = NOISE + form.following[1] + NOISE + after
    file = io.BytesIO(content)
    assert end_of_sound(file, 0, len(content), form) == len(content) - len(after)
    assert end_of_sound(file, 0, len(content) - 3, form) == len(content) - 3


@pytest.mark.parametrize("form", [WAV, AIFF, CAF])
def test_what_follows_is_sound_unless_it_is_little_chunks_or_zeros(form: ChunkFormat) -> None:
    def is_lost(after: bytes, stated: int = 100) -> bool:
        content = NOISE[:stated] + after
        return is_lost_sound(io.BytesIO(content), stated, len(content), stated, form)

    assert is_lost(NOISE)
    assert not is_lost(NOISE[:9])
    assert not is_lost(bytes(1000))
    assert is_lost(bytes(1000), stated=0)
    assert not is_lost(chunk(form, b"LIST", NOISE))


@pytest.mark.parametrize("stated", [1 << 63, (1 << 64) - 1])
def test_a_length_beyond_all_files(tmp_path: Path, stated: int) -> None:
    path = tmp_path / "a.wav"
    sf.write(path, np.zeros(480), 48_000, format="RF64")
    content = bytearray(path.read_bytes())
    place = content.index(b"ds64")
    content[place + 16 : place + 24] = struct.pack("<Q", stated)
    place = content.index(b"data")
    content[place + 4 : place + 8] = b"\xff" * 4
    path.write_bytes(content)
    assert find_contents(path).parts == ()
