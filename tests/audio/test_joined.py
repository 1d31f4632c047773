from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.containers import find_contents
from distill.audio.io import probe, read_audio
from distill.audio.parts import SEVERAL_RECORDINGS
from distill.settings import SAMPLE_RATE

ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
ID3V1 = b"TAG" + bytes(125)


def tone(seconds: float, hz: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def file_of(
    path: Path, seconds: float, hz: float, kind: str, rate: int = SAMPLE_RATE, channels: int = 1
) -> bytes:
    """The bytes of a file with a tone."""
    if kind == "FLAC":
        sf.write(path, np.stack([tone(seconds, hz, rate)] * channels, 1), rate, format="FLAC")
        return path.read_bytes()
    audio = np.stack([tone(seconds, hz, rate)] * channels, 1)
    mode = {"MP3 CBR": "CONSTANT", "MP3 VBR": "VARIABLE"}[kind]
    sf.write(path, audio, rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return path.read_bytes()


def without_first_frame(content: bytes) -> bytes:
    """An MP3 file of constant rate (MPEG 1) without the frame that states its length."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    return content[144 * rates[content[2] >> 4] * 1000 // SAMPLE_RATE + (content[2] >> 1 & 1) :]


def loudest_hz(audio: np.ndarray, second: int) -> int:
    spectrum = np.abs(np.fft.rfft(audio[0, second * SAMPLE_RATE :][:SAMPLE_RATE]))
    return int(spectrum.argmax())


@pytest.mark.parametrize("kind", ["FLAC", "MP3 CBR", "MP3 VBR"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("between", [b"", ID3, ID3V1 + ID3, bytes(100)])
def test_files_one_after_the_other_are_read_whole(
    tmp_path: Path, kind: str, channels: int, between: bytes
) -> None:
    path = tmp_path / "a"
    files = [
        file_of(path, seconds, hz, kind, channels=channels)
        for seconds, hz in ((1, 300), (2, 700), (1, 400))
    ]
    path.write_bytes(between.join(files))
    assert probe(path).remark == SEVERAL_RECORDINGS
    assert probe(path).frames == 4 * SAMPLE_RATE
    audio = read_audio(path)
    assert audio.shape == (channels, 4 * SAMPLE_RATE)
    for second, hz in enumerate((300, 700, 700, 400)):
        assert abs(loudest_hz(audio, second) - hz) <= 1


@pytest.mark.parametrize("kind", ["FLAC", "MP3 CBR", "MP3 VBR"])
@pytest.mark.parametrize("before", [b"", ID3])
@pytest.mark.parametrize("after", [b"", ID3V1])
def test_a_single_file_stays(tmp_path: Path, kind: str, before: bytes, after: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(before + file_of(path, 1, 300, kind) + after)
    assert find_contents(path).parts == ()
    assert read_audio(path).shape == (1, SAMPLE_RATE)


@pytest.mark.parametrize("bare", [(True, False), (False, True), (True, True)])
def test_mp3_files_without_a_stated_length(tmp_path: Path, bare: tuple[bool, bool]) -> None:
    path = tmp_path / "a"
    files = [file_of(path, 1, hz, "MP3 CBR") for hz in (300, 700)]
    for number, is_bare in enumerate(bare):
        if is_bare:
            files[number] = without_first_frame(files[number])
    path.write_bytes(b"".join(files))
    audio = read_audio(path)
    # A bare file has the delay of coder and decoder besides.
    assert 2 * SAMPLE_RATE <= audio.shape[1] <= 2.1 * SAMPLE_RATE
    assert abs(loudest_hz(audio, 0) - 300) <= 1
    assert abs(loudest_hz(audio[:, -SAMPLE_RATE:], 0) - 700) <= 1


def test_files_of_other_rates_follow_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a"
    first = file_of(path, 1, 300, "FLAC")
    path.write_bytes(first + file_of(path, 1, 700, "FLAC", 22_050, 2))
    audio = read_audio(path)
    assert audio.shape == (1, 2 * SAMPLE_RATE)
    assert abs(loudest_hz(audio, 1) - 700) <= 1


@pytest.mark.parametrize("before", [b"", ID3])
@pytest.mark.parametrize("fork", ["._a.mp3", ".AppleDouble/a.mp3"])
@pytest.mark.parametrize("content", [b"", bytes.fromhex("0005160700020000") + bytes(4096)])
def test_files_that_macos_leaves_beside_an_mp3_do_not_matter(
    tmp_path: Path, before: bytes, fork: str, content: bytes
) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(before + file_of(path, 1, 300, "MP3 CBR"))
    (tmp_path / fork).parent.mkdir(exist_ok=True)
    (tmp_path / fork).write_bytes(content)
    assert probe(path).remark == ""
    assert read_audio(path).shape == (1, SAMPLE_RATE)
