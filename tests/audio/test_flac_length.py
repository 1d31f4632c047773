from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.containers import find_contents
from distill.audio.io import probe, read_audio
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH
from distill.settings import SAMPLE_RATE

ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)


def noise(n: int, channels: int) -> np.ndarray:
    return np.random.default_rng(n).uniform(-0.5, 0.5, (channels, n)).astype(np.float32)


def state_length(content: bytes, length: int) -> bytes:
    """`content` of a FLAC file with another number of samples in its header."""
    numbers = int.from_bytes(content[18:26], "big")
    return content[:18] + (numbers >> 36 << 36 | length).to_bytes(8, "big") + content[26:]


@pytest.mark.parametrize("n", [1, 100, 4_095, 4_096, 4_097, 9_000, 200_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 12_345, 44_100, 48_000])
def test_flac_without_a_length_is_read_whole(
    tmp_path: Path, n: int, channels: int, rate: int
) -> None:
    path = tmp_path / "a.flac"
    audio = noise(n, channels)
    sf.write(path, audio.T, rate, "PCM_24")
    content = path.read_bytes()
    assert find_contents(path).parts == ()
    for stated, remark in ((0, ""), (n // 2, WRONG_LENGTH if n > 1 else "")):
        path.write_bytes(state_length(content, stated))
        assert probe(path).remark == remark
        assert probe(path).frames == n
        np.testing.assert_allclose(read_audio(path, rate), audio, atol=1e-6)


def test_joined_streams_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    audio = noise(10_000, 1)
    sf.write(path, audio.T, SAMPLE_RATE, "PCM_24")
    content = path.read_bytes()
    stream = state_length(content, 0)
    path.write_bytes(ID3 + stream + content + stream)
    assert probe(path).remark == SEVERAL_RECORDINGS
    np.testing.assert_allclose(read_audio(path)[0], np.tile(audio[0], 3), atol=1e-6)


def test_a_flac_that_was_cut_is_left_to_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    sf.write(path, noise(20_000, 1).T, SAMPLE_RATE)
    content = path.read_bytes()
    for size in (10, 30, 60, 5_000):
        path.write_bytes(content[:size])
        assert find_contents(path).parts == ()
