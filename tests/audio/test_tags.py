from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.io import FORMATS, UnreadableAudioError, probe, read_audio, write_sound
from distill.audio.tags import read_tags
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
