import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.containers import find_contents
from distill.audio.io import probe, read_audio, read_blocks
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH
from distill.settings import SAMPLE_RATE

LIST = b"LIST" + struct.pack("<I", 12) + b"INFOICMT\0\0\0\0"


def tone(seconds: float = 1.0, hz: float = 330.0, rate: int = SAMPLE_RATE) -> np.ndarray:
    """A sine `[N]` that never rests at zero for long."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def write_wav(
    path: Path, audio: np.ndarray, kind: str = "WAV", subtype: str = "PCM_16", channels: int = 1
) -> bytearray:
    """Write a WAV file and return its bytes."""
    sf.write(path, np.stack([audio] * channels, 1), SAMPLE_RATE, subtype, format=kind)
    return bytearray(path.read_bytes())


def state_size(content: bytearray, size: int, riff_size: int | None = None) -> bytearray:
    """`content` of a WAV file with another size of its data, and of the whole."""
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", size)
    if riff_size is not None:
        content[4:8] = struct.pack("<I", riff_size)
    return content


@pytest.mark.parametrize("size", [0, 44, 1000, 40_000])
@pytest.mark.parametrize("riff_size", [0, 8, None])
@pytest.mark.parametrize("after", [b"", LIST])
def test_wrong_length_is_read_to_the_end(
    tmp_path: Path, size: int, riff_size: int | None, after: bytes
) -> None:
    path = tmp_path / "a.wav"
    content = write_wav(path, tone())
    path.write_bytes(state_size(content, size, riff_size) + after)
    assert probe(path).remark == WRONG_LENGTH
    assert probe(path).frames == SAMPLE_RATE
    np.testing.assert_allclose(read_audio(path), tone()[None], atol=1e-4)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT"])
def test_wrong_length_in_every_kind_of_wav(tmp_path: Path, kind: str, subtype: str) -> None:
    path = tmp_path / "a.wav"
    content = write_wav(path, tone(), kind, subtype, channels=2)
    if kind == "RF64":
        # Its length stands in another chunk.
        place = content.index(b"ds64") + 8
        content[place : place + 16] = bytes(16)
    else:
        state_size(content, 0)
    path.write_bytes(content)
    np.testing.assert_allclose(read_audio(path), [tone(), tone()], atol=0.01)


@pytest.mark.parametrize(
    "after", [b"", LIST, b"junk" + struct.pack("<I", 3) + b"abc", bytes(90_000), b"TAG" * 40]
)
def test_right_length_stays(tmp_path: Path, after: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(write_wav(path, tone()) + after)
    assert find_contents(path).parts == ()
    assert read_audio(path).shape == (1, SAMPLE_RATE)


def test_silence_without_a_length_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(state_size(write_wav(path, np.zeros(480, np.float32)), 0, 0))
    assert read_audio(path).shape == (1, 480)


def test_a_wav_without_samples_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(write_wav(path, tone()[:0]) + LIST)
    assert find_contents(path).parts == ()


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("between", [b"", b"junk" * 30_000])
def test_all_of_a_chained_ogg_is_read(tmp_path: Path, subtype: str, between: bytes) -> None:
    contents = []
    for hz, seconds in ((300, 1.0), (700, 2.0), (300, 1.0)):
        sf.write(tmp_path / "a.ogg", tone(seconds, hz), SAMPLE_RATE, subtype, format="OGG")
        contents.append((tmp_path / "a.ogg").read_bytes())
    path = tmp_path / "chain.ogg"
    path.write_bytes(between.join(contents))
    assert probe(path).remark == SEVERAL_RECORDINGS
    audio = read_audio(path)
    assert audio.shape == (1, 4 * SAMPLE_RATE) == (1, probe(path).frames)
    for second, hz in enumerate((300, 700, 700, 300)):
        spectrum = np.abs(np.fft.rfft(audio[0, second * SAMPLE_RATE :][:SAMPLE_RATE]))
        assert abs(spectrum.argmax() - hz) <= 1


def test_links_of_a_chain_follow_the_first(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.ogg", tone(1.0), SAMPLE_RATE, format="OGG")
    wide = np.stack([tone(2.0, 700, 44_100)] * 2, 1)
    sf.write(tmp_path / "b.ogg", wide, 44_100, format="OGG")
    path = tmp_path / "chain.ogg"
    path.write_bytes((tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes())
    blocks = list(read_blocks(path))
    assert {len(block) for block in blocks} == {1}
    assert sum(block.shape[1] for block in blocks) == 3 * SAMPLE_RATE == probe(path).frames


def test_all_of_chained_wavs_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    first = bytes(write_wav(path, tone()))
    second = bytes(write_wav(path, tone(0.5, 700)))
    path.write_bytes(first + second)
    assert probe(path).remark == SEVERAL_RECORDINGS
    np.testing.assert_allclose(read_audio(path)[0], [*tone(), *tone(0.5, 700)], atol=1e-4)


def test_a_single_ogg_stays(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.ogg", tone(), SAMPLE_RATE, format="OGG")
    assert find_contents(tmp_path / "a.ogg").parts == ()


def test_a_damaged_link_costs_no_other(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.ogg", tone(), SAMPLE_RATE, format="OGG")
    content = (tmp_path / "a.ogg").read_bytes()
    path = tmp_path / "chain.ogg"
    path.write_bytes(content + content[:40])
    assert probe(path).remark == f"{SEVERAL_RECORDINGS}, not all of which can be read"
    assert read_audio(path).shape == (1, SAMPLE_RATE)
