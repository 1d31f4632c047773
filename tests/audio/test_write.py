import os
from pathlib import Path

import numpy as np
import pytest

from distill.audio.io import probe, read_audio
from distill.audio.write import write_sound
from distill.errors import AudioError, OutputError
from tests.audio.test_io import tone


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_write_and_read_back(tmp_path: Path, subtype: str) -> None:
    audio = np.concatenate(
        [tone(channels=2), np.array([[1.0, -1.5], [-1.0, 1.5]], np.float32)], axis=1
    )
    assert write_sound(tmp_path / "a.wav", audio, subtype=subtype) == tmp_path / "a.wav"
    expected = audio if subtype == "FLOAT" else audio.clip(-1, 1)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), expected, atol=2**-14)
    assert probe(tmp_path / "a.wav").subtype == subtype


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    write_sound(tmp_path / "a.wav", tone(0.01))
    old = (tmp_path / "a.wav").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OutputError, match=r"Cannot write .*a\.wav"):
            write_sound(tmp_path / "a.wav", tone(1.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "a.wav").read_bytes() == old
    assert os.listdir(tmp_path) == ["a.wav"]


def test_impossible_outputs(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_sound(tmp_path / "no" / "a.wav", tone(0.01))
    with pytest.raises(AudioError, match="VORBIS"):
        write_sound(tmp_path / "a.wav", tone(0.01), subtype="VORBIS")
    assert os.listdir(tmp_path) == []


def test_longer_than_a_wav_file_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.audio.write._LARGEST_WAV", 100_000)
    with pytest.raises(OutputError, match="longer than a WAV file can be"):
        write_sound(tmp_path / "a.wav", tone(1.0))
    assert os.listdir(tmp_path) == []
