import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.containers import find_contents
from distill.audio.io import UnreadableAudioError, probe, read_audio
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH
from distill.settings import SAMPLE_RATE

# Kind of file, form of its size, bytes from the mark to the size, and the mark.
KINDS = {
    "AU": (">I", 8, b".snd"),
    "CAF": (">q", 4, b"data"),
    "AIFF": (">I", 4, b"SSND"),
}


def tone(seconds: float = 1.0, hz: float = 330.0) -> np.ndarray:
    """A sine `[N]` that never rests at zero for long."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def write(path: Path, kind: str, subtype: str = "PCM_16", channels: int = 1) -> bytearray:
    """Write a tone and return the bytes of the file."""
    sf.write(path, np.stack([tone()] * channels, 1), SAMPLE_RATE, subtype, format=kind)
    return bytearray(path.read_bytes())


def state_size(content: bytearray, kind: str, size: int) -> bytes:
    """`content` of a file with another size of its samples."""
    form, offset, mark = KINDS[kind]
    place = content.rindex(mark) + offset
    content[place : place + struct.calcsize(form)] = struct.pack(form, size)
    return bytes(content)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("size", [0, 4, 8, 1_000, 40_000])
def test_wrong_length_is_read_to_the_end(
    tmp_path: Path, kind: str, subtype: str, size: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(state_size(write(path, kind, subtype, channels=2), kind, size))
    assert probe(path).remark == WRONG_LENGTH
    assert probe(path).frames == SAMPLE_RATE
    np.testing.assert_allclose(read_audio(path), [tone(), tone()], atol=0.02)


@pytest.mark.parametrize(
    ("kind", "after"),
    [("CAF", b"info" + struct.pack(">q", 7) + b"\0\0\0\0ab\0"), ("AIFF", b"ANNO\0\0\0\2ab")],
)
@pytest.mark.parametrize("size", [0, 8, 1_000])
def test_what_follows_the_sound_is_no_sound(
    tmp_path: Path, kind: str, after: bytes, size: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(state_size(write(path, kind), kind, size) + after)
    assert probe(path).remark == WRONG_LENGTH
    np.testing.assert_allclose(read_audio(path), [tone()], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [b"", bytes(90_000), b"TAG" * 40])
def test_right_length_stays(tmp_path: Path, kind: str, after: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(write(path, kind) + after)
    assert find_contents(path).parts == ()
    assert read_audio(path).shape == (1, SAMPLE_RATE)


def test_a_caf_may_leave_its_length_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(state_size(write(path, "CAF", channels=2), "CAF", -1))
    assert probe(path).remark == ""
    np.testing.assert_allclose(read_audio(path), [tone(), tone()], atol=1e-4)


def test_little_endian_au(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.au", tone(), SAMPLE_RATE, "PCM_16", "LITTLE", "AU")
    content = bytearray((tmp_path / "a.au").read_bytes())
    content[8:12] = struct.pack("<I", 100)
    (tmp_path / "a.au").write_bytes(content)
    assert probe(tmp_path / "a.au").remark == WRONG_LENGTH
    np.testing.assert_allclose(read_audio(tmp_path / "a.au"), [tone()], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 3])
def test_files_one_after_the_other_are_read_whole(tmp_path: Path, kind: str, count: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(write(path, kind) * count)
    assert probe(path).remark == SEVERAL_RECORDINGS
    assert probe(path).frames == count * SAMPLE_RATE
    np.testing.assert_allclose(read_audio(path)[0], np.tile(tone(), count), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_without_samples_is_empty(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    sf.write(path, tone()[:0], SAMPLE_RATE, "PCM_16", format=kind)
    with pytest.raises(UnreadableAudioError, match="empty"):
        read_audio(path)


@pytest.mark.parametrize("kind", [*KINDS, "WAVEX", "W64", "FLAC"])
def test_damage_is_an_error_or_a_sound(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a"
    sf.write(path, np.stack([tone(0.01)] * 6, 1), SAMPLE_RATE, "PCM_16", format=kind)
    content = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(content)
        for place in rng.integers(0, min(200, len(content)), rng.integers(1, 6)):
            damaged[place] = rng.choice([0, 1, 127, 128, 255])
        path.write_bytes(damaged[: rng.integers(1, len(content) + 1)])
        reason = ""
        try:
            assert read_audio(path).shape[1]
        except UnreadableAudioError as error:
            reason = error.reason
        # No damage leads outside of the file.
        assert "cannot be opened" not in reason
