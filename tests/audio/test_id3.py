"""Long comments in AIFF files."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.id3 import CHUNK, FRAMES, find_comment, id3_tag
from distill.audio.io import read_audio
from distill.audio.tags import find_json, read_tags
from distill.audio.write import write_sound
from distill.errors import AudioError


@pytest.mark.parametrize("length", [7_999, 8_001, 30_000, 200_000])
@pytest.mark.parametrize("n_samples", [999, 1_000])
def test_long_comments_come_back_and_every_program_opens_the_file(
    tmp_path: Path, length: int, n_samples: int
) -> None:
    text = '{"distill": "' + "é" * ((length - 15) // 2) + '"}'
    audio = np.linspace(-0.5, 0.5, n_samples, dtype=np.float32)[None]
    path = write_sound(tmp_path / "a.aiff", audio, tags={"comment": text, "title": "t"})
    assert read_tags(path)["comment"] == text
    assert read_tags(path)["title"] == "t"
    assert next(find_json(path, "distill")).startswith(' "')
    np.testing.assert_allclose(read_audio(path), audio, atol=1e-6)
    content = path.read_bytes()
    assert int.from_bytes(content[4:8], "big") == len(content) - 8
    assert sf.info(path).frames == n_samples


def test_mp3_keeps_texts_in_every_alphabet(tmp_path: Path) -> None:
    texts = {name: f"{name} é ← 音" for name in FRAMES if name not in ("date", "tracknumber")}
    audio = np.random.default_rng(0).uniform(-0.1, 0.1, (1, 9_000)).astype(np.float32)
    path = write_sound(tmp_path / "a.mp3", audio, tags=texts)
    tags = read_tags(path)
    for name in ("comment", "title", "artist", "album", "software"):
        assert tags[name] == texts[name], name
    assert read_audio(path).shape == audio.shape
    assert path.read_bytes()[:3] == b"ID3"


def test_opus_says_what_it_cannot_hold(tmp_path: Path) -> None:
    tags = {"comment": "x" * 50_000}
    path = write_sound(tmp_path / "a.opus", np.zeros((1, 480)), tags=tags)
    assert read_tags(path)["comment"] == tags["comment"]
    with pytest.raises(AudioError, match=r"^Opus cannot hold the recipe .* 50,001 bytes"):
        write_sound(tmp_path / "b.opus", np.zeros((1, 480)), tags={"comment": "x" * 50_001})
    assert [each.name for each in tmp_path.iterdir()] == ["a.opus"]


@given(text=st.text(), tail=st.binary(max_size=40))
def test_the_chunk_is_read_as_it_was_written(text: str, tail: bytes) -> None:
    text = text.encode(errors="ignore").decode()
    content = id3_tag({"comment": text or "x"})
    chunk = CHUNK + len(content).to_bytes(4, "big") + content
    assert find_comment(io.BytesIO(b"FORM\0\0\0\0AIFF" + chunk + tail)) == (text or "x")


@given(content=st.binary(max_size=80))
def test_any_bytes_give_a_comment_or_none(content: bytes) -> None:
    chunk = b"ID3 " + len(content).to_bytes(4, "big") + content
    for mark in (b"AIFF", b"AIFC", b"WAVE"):
        find_comment(io.BytesIO(b"FORM\0\0\0\0" + mark + chunk))
    find_comment(io.BytesIO(content))
