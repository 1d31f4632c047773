"""Words of the MP3 decoder do not reach the terminal; those of others do."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.decoder_words import decoder_words_dropped
from distill.audio.io import UnreadableAudioError, probe, read_audio
from distill.audio.tags import read_tags

LOUD = b"Note: Trying to resync...\n[src/libmpg123/parse.c:f():1] error: no\nWarning: Xing\n"


@pytest.fixture
def mp3(tmp_path: Path) -> Path:
    """An MP3 file that states three times the length that it has."""
    path = tmp_path / "a.mp3"
    tone = np.sin(np.arange(48_000) / 20)
    sf.write(path, tone, 48_000, format="MP3")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    return path


def test_the_decoder_speaks_of_such_a_file(mp3: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sf.read(mp3)
    assert "Warning: " in capfd.readouterr().err


def test_nothing_is_said_of_a_damaged_file(mp3: Path, capfd: pytest.CaptureFixture[str]) -> None:
    probe(mp3)
    assert read_audio(mp3).shape[1] > 5_000
    read_tags(mp3)
    mp3.write_bytes(bytes.fromhex("fffb90c40000000000000058"))
    with pytest.raises(UnreadableAudioError, match="not audio"):
        probe(mp3)
    assert capfd.readouterr() == ("", "")


def test_words_of_others_are_handed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with decoder_words_dropped():
        os.write(2, LOUD + b"a thread speaks\n" + LOUD)
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "a thread speaks\n"
    with decoder_words_dropped():
        os.write(2, b"again\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "again\nafter\n"


def test_threads_at_once_leave_the_stream_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    before = os.fstat(2)
    meeting = threading.Barrier(8)

    def divert() -> None:
        for _ in range(50):
            meeting.wait()
            with decoder_words_dropped():
                os.write(2, LOUD)

    threads = [threading.Thread(target=divert) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.path.samestat(os.fstat(2), before)
    assert capfd.readouterr().err == ""


def test_a_process_without_standard_error(mp3: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        assert probe(mp3).channels == 1
    finally:
        os.dup2(kept, 2)
        os.close(kept)
