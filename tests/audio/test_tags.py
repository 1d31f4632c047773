import html
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.formats import FORMATS
from distill.audio.io import UnreadableAudioError, probe, read_audio
from distill.audio.riff import LARGEST_TEXT
from distill.audio.tags import find_json, read_tags
from distill.audio.write import write_sound
from distill.settings import SAMPLE_RATE


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("length", [10, 1999, 9_001])
def test_texts_of_any_length_survive(tmp_path: Path, ending: str, length: int) -> None:
    path, text = tmp_path / f"a{ending}", "é\"'{}" + "x" * length
    write_sound(
        path, np.full((2, 480), 0.1, np.float32), tags={"comment": text, "software": "Distill 1"}
    )
    tags = read_tags(path)
    assert tags["comment"] == text
    assert read_audio(path).shape == (2, 480)
    assert tags["software"].startswith("Distill 1")


@pytest.mark.parametrize(
    ("ending", "subtype"), [("flac", "PCM_24"), ("ogg", "VORBIS"), ("FLAC", "PCM_24")]
)
def test_formats(tmp_path: Path, ending: str, subtype: str) -> None:
    tone = 0.5 * np.sin(np.arange(SAMPLE_RATE) / 20, dtype=np.float32)[None]
    path = write_sound(tmp_path / f"a.{ending}", tone)
    info = probe(path)
    assert (info.subtype, info.frames, info.sample_rate) == (subtype, SAMPLE_RATE, SAMPLE_RATE)
    assert np.abs(read_audio(path) - tone).max() < 0.05


def test_none_and_foreign_files(tmp_path: Path) -> None:
    sf.write(tmp_path / "plain.wav", np.zeros(10), SAMPLE_RATE)
    assert "comment" not in read_tags(tmp_path / "plain.wav")
    (tmp_path / "no.wav").write_text("hello " * 20)
    with pytest.raises(UnreadableAudioError):
        read_tags(tmp_path / "no.wav")


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
def test_long_texts_come_back_from_every_kind_of_wav(
    tmp_path: Path, kind: str, subtype: str
) -> None:
    path = tmp_path / "a.wav"
    with sf.SoundFile(path, "w", SAMPLE_RATE, 2, subtype, format=kind) as file:
        file.comment = "x" * 3_001
        file.software = "Distill 1"
        file.write(np.zeros((9, 2)))
    tags = read_tags(path)
    assert tags["comment"] == "x" * 3_001
    assert tags["software"].startswith("Distill 1")


def test_texts_in_other_alphabets_are_no_obstacle(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", np.zeros((1, 9)), tags={"comment": "Gruesse an alle"})
    path.write_bytes(path.read_bytes().replace(b"ue", b"\xfc\xfc"))
    assert read_tags(path)["comment"].startswith("Gr")


TEXT = '{"a": "<&> \\u00e9", "b": [1.5, "c"]}'
JSON = f'{{"key": {TEXT}}}'
FORMS = {
    "plain": JSON.encode(),
    "UTF-16 from the left": f"\ufeff{JSON}".encode("utf-16-le"),
    "UTF-16 from the right": f"\ufeff{JSON}".encode("utf-16-be"),
    "XML": html.escape(JSON).encode(),
    "XML by number": html.escape(JSON).replace("quot", "#34").encode(),
}


@pytest.mark.parametrize("form", FORMS)
# Around the border of two pieces of the search, each of 4 MiB.
@pytest.mark.parametrize("offset", [0, 1, (1 << 22) - 40, (1 << 22) - 3, 1 << 22, 9 << 20])
def test_json_is_found_anywhere(tmp_path: Path, form: str, offset: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xf0" * offset + FORMS[form] + b"\0\xff" * 9)
    (found,) = find_json(path, "key")
    assert found.lstrip().startswith(TEXT)


@pytest.mark.parametrize("length", [100, 70_001, 200_000])
def test_json_is_found_across_ogg_pages(tmp_path: Path, length: int) -> None:
    comment = f'{{"key": "{"x" * length}"}}'
    path = write_sound(tmp_path / "a.ogg", np.zeros((1, 480)), tags={"comment": comment})
    (found,) = find_json(path, "key")
    assert found.lstrip().startswith(f'"{"x" * length}"')


def test_the_search_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b'{"key":' * 100_000)
    assert max(len(text) for text in find_json(path, "key")) <= LARGEST_TEXT
    assert len(list(find_json(path, "key"))) == 64
    with path.open("wb") as file:
        file.truncate(1 << 27)
    tracemalloc.start()
    assert not list(find_json(path, "key"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20


def test_files_that_cannot_be_opened_are_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudioError, match="cannot be opened"):
        list(find_json(tmp_path / "none.wav", "key"))
    with pytest.raises(UnreadableAudioError, match="cannot be opened"):
        list(find_json(tmp_path, "key"))
