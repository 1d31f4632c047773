import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.channel_headers import read_layout
from distill.audio.channels import ASSUMED_LAYOUT, UNKNOWN_LAYOUT, mask_layout
from distill.audio.io import probe, read_audio, stream_audio
from distill.audio.parts import SEVERAL_RECORDINGS, WRONG_LENGTH
from distill.settings import SAMPLE_RATE

N = 4_800

SURROUND_MASKS = [0x7, 0xB, 0x33, 0x107, 0x603, 0x37, 0x607, 0x3F, 0x60F, 0x70F, 0x63F, 0xFF]


def write(path: Path, audio: np.ndarray, kind: str, subtype: str | None = "PCM_16") -> bytearray:
    """Write a sound and return its bytes."""
    sf.write(path, audio.T, SAMPLE_RATE, subtype, format=kind)
    return bytearray(path.read_bytes())


def noise(channels: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.2, 0.2, (channels, n)).astype(np.float32)


def chunk(name: bytes, body: bytes, order: str = "<I") -> bytes:
    return name + struct.pack(order, len(body)) + body


def with_mask(mask: int) -> Callable[[bytearray], bytes]:
    """A change of the mask in a WAVEX or RF64 file."""

    def change(content: bytearray) -> bytes:
        place = content.index(b"fmt ") + 8 + 20
        content[place : place + 4] = struct.pack("<I", mask)
        return bytes(content)

    return change


def apple(tag: int, mask: int = 0, labels: tuple[int, ...] = ()) -> bytes:
    body = struct.pack(">III", tag, mask, len(labels))
    return body + b"".join(struct.pack(">IIfff", label, 0, 0, 0, 0) for label in labels)


def speakers(path: Path) -> str:
    return " ".join(probe(path).layout.speakers)


@pytest.mark.parametrize("mask", SURROUND_MASKS)
@pytest.mark.parametrize("kind", ["WAVEX", "RF64"])
def test_masks_of_wav(tmp_path: Path, mask: int, kind: str) -> None:
    channels = mask.bit_count()
    path = tmp_path / "a.wav"
    audio = noise(channels)
    path.write_bytes(with_mask(mask)(write(path, audio, kind)))
    layout = probe(path).layout
    assert layout == mask_layout(channels, mask)
    assert layout.remark == ""
    np.testing.assert_allclose(read_audio(path), layout.fold(audio), atol=1e-3)


@pytest.mark.parametrize("kind", ["WAVEX", "FLAC"])
def test_a_centre_alone_comes_in_the_middle(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    audio = np.zeros((6, N), np.float32)
    audio[2] = noise(1)[0]
    write(path, audio, kind)
    left, right = read_audio(path)
    np.testing.assert_array_equal(left, right)
    np.testing.assert_allclose(left, audio[2] * np.sqrt(0.5), atol=1e-3)
    np.testing.assert_allclose(read_audio(path, mono=True)[0], left, atol=1e-6)


@pytest.mark.parametrize("kind", ["WAV", "AU", "AIFF", "CAF", "W64"])
@pytest.mark.parametrize(("channels", "order"), [(4, "L R Lb Rb"), (6, "L R C LFE Lb Rb")])
def test_without_a_layout_the_common_order_holds(
    tmp_path: Path, kind: str, channels: int, order: str
) -> None:
    write(tmp_path / "a", noise(channels), kind)
    assert speakers(tmp_path / "a") == order
    assert probe(tmp_path / "a").layout.remark.startswith(ASSUMED_LAYOUT)


@pytest.mark.parametrize("channels", [3, 5, 7, 9, 16])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "AIFF", "CAF"])
def test_odd_counts_without_a_layout_are_unknown(tmp_path: Path, kind: str, channels: int) -> None:
    audio = noise(channels)
    write(tmp_path / "a", audio, kind)
    assert probe(tmp_path / "a").layout.remark == UNKNOWN_LAYOUT
    np.testing.assert_allclose(read_audio(tmp_path / "a"), [audio.mean(0)] * 2, atol=1e-3)


def test_ambisonics_in_wav_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    content = write(path, noise(4), "WAVEX")
    place = content.index(b"fmt ") + 8 + 24
    content[place : place + 16] = bytes.fromhex("010000002107d3118644c8c1ca000000")
    path.write_bytes(content)
    assert probe(path).layout.remark == UNKNOWN_LAYOUT


def test_a_mask_of_wave64(tmp_path: Path) -> None:
    path = tmp_path / "a.w64"
    content = bytes(write(path, noise(3), "W64"))
    begin = content.index(b"fmt ")
    end = content.index(b"data")
    body = content[begin + 24 : begin + 40]
    subformat = bytes.fromhex("0100000000001000800000aa00389b71")
    extensible = struct.pack("<H", 0xFFFE) + body[2:] + struct.pack("<HHI", 22, 16, 0x7) + subformat
    name = content[begin : begin + 16]
    fmt = name + struct.pack("<Q", 24 + len(extensible)) + extensible
    path.write_bytes(content[:begin] + fmt + content[end:])
    assert speakers(path) == "L R C"
    assert read_audio(path).shape == (2, N)


@pytest.mark.parametrize(
    ("layout", "channels", "order"),
    [
        (apple(113 << 16 | 3), 3, "L R C"),
        (apple(108 << 16 | 4), 4, "L R Ls Rs"),
        (apple(119 << 16 | 5), 5, "L C R Ls Rs"),
        (apple(121 << 16 | 6), 6, "L R C LFE Ls Rs"),
        (apple(124 << 16 | 6), 6, "C L R Ls Rs LFE"),
        (apple(128 << 16 | 8), 8, "L R C LFE Ls Rs Lb Rb"),
        (apple(1 << 16, 0x70F), 7, "L R C LFE Cs Ls Rs"),
        (apple(0, labels=(3, 1, 2, 5, 6, 4)), 6, "C L R Lb Rb LFE"),
        (apple(0, labels=(1, 2, 33, 34)), 4, "L R Lb Rb"),
        # Ambisonics, channels without names, a wrong count, and a layout that was cut.
        (apple(107 << 16 | 4), 4, ""),
        (apple(190 << 16 | 4), 4, ""),
        (apple(147 << 16 | 6), 6, ""),
        (apple(0, labels=(200, 201, 202, 203)), 4, ""),
        (apple(121 << 16 | 6), 5, ""),
        (apple(0, labels=(1, 2, 33, 34))[:-20], 4, ""),
    ],
)
@pytest.mark.parametrize("kind", ["CAF", "AIFF"])
def test_layouts_of_apple(
    tmp_path: Path, kind: str, layout: bytes, channels: int, order: str
) -> None:
    path = tmp_path / "a"
    content = bytes(write(path, noise(channels), kind))
    if kind == "CAF":
        place = content.index(b"free")
        content = content[:place] + chunk(b"chan", layout, ">Q") + content[place:]
    else:
        place = content.index(b"SSND")
        content = content[:place] + chunk(b"CHAN", layout, ">I") + content[place:]
        content = content[:4] + struct.pack(">I", len(content) - 8) + content[8:]
    path.write_bytes(content)
    assert speakers(path) == order
    assert probe(path).layout.remark == ("" if order else UNKNOWN_LAYOUT)
    assert read_audio(path).shape == (2, N)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize(
    ("channels", "order"),
    [
        (3, "L C R"),
        (4, "L R Lb Rb"),
        (5, "L C R Lb Rb"),
        (6, "L C R Lb Rb LFE"),
        (7, "L C R Ls Rs Cs LFE"),
        (8, "L C R Ls Rs Lb Rb LFE"),
    ],
)
def test_orders_of_ogg(tmp_path: Path, subtype: str, channels: int, order: str) -> None:
    path = tmp_path / "a.ogg"
    audio = np.zeros((channels, SAMPLE_RATE // 2), np.float32)
    centre = order.split().index("C") if "C" in order else 0
    audio[centre] = 0.5 * np.sin(np.arange(audio.shape[1]) / 20)
    write(path, audio, "OGG", subtype)
    assert speakers(path) == order
    assert probe(path).layout.remark == ""
    levels = np.sqrt(np.square(read_audio(path)).mean(1)) / np.sqrt(np.square(audio[centre]).mean())
    expected = [0.7, 0.7] if "C" in order else [1.0, 0.0]
    np.testing.assert_allclose(levels, expected, atol=0.05)


def test_opus_without_loudspeakers_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.opus"
    content = write(path, noise(4, SAMPLE_RATE), "OGG", "OPUS")
    # Discrete channels: family 255.
    content[content.index(b"OpusHead") + 18] = 255
    path.write_bytes(content)
    with open(path, "rb") as file:
        assert read_layout(file, 4).remark == UNKNOWN_LAYOUT


@pytest.mark.parametrize(
    ("comment", "channels", "order"),
    [
        (b"", 3, "L R C"),
        (b"", 7, "L R C LFE Cs Ls Rs"),
        (b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0xb", 3, "L R LFE"),
        (b"waveformatextensible_channel_mask=0x60F", 6, "L R C LFE Ls Rs"),
        (b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x0", 4, ""),
    ],
)
@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)])
def test_layouts_of_flac(
    tmp_path: Path, comment: bytes, channels: int, order: str, tag: bytes
) -> None:
    path = tmp_path / "a.flac"
    content = bytes(write(path, noise(channels), "FLAC"))
    if comment:
        body = struct.pack("<II", 0, 1) + struct.pack("<I", len(comment)) + comment
        # After the first block, which has 34 bytes.
        block = bytes([4]) + len(body).to_bytes(3, "big") + body
        content = content[:4] + b"\0" + content[5:42] + block + content[42:]
    path.write_bytes(tag + content)
    with open(path, "rb") as file:
        layout = read_layout(file, channels)
    assert " ".join(layout.speakers) == order
    assert layout.remark == ("" if order else UNKNOWN_LAYOUT)


@pytest.mark.parametrize("size", range(0, 60, 3))
@pytest.mark.parametrize("kind", ["WAVEX", "W64", "CAF", "AIFF", "OGG", "FLAC"])
def test_a_header_that_was_cut_has_some_layout(tmp_path: Path, kind: str, size: int) -> None:
    content = write(tmp_path / "a", noise(6), kind, None)
    (tmp_path / "a").write_bytes(content[:size])
    with open(tmp_path / "a", "rb") as file:
        assert read_layout(file, 6).channels == 6


def test_a_wav_without_a_length_keeps_its_mask(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    content = write(path, noise(5), "WAVEX")
    content = bytearray(with_mask(0x37)(content))
    place = content.index(b"data") + 4
    content[place : place + 4] = bytes(4)
    path.write_bytes(content)
    assert probe(path).remark == WRONG_LENGTH
    assert speakers(path) == "L R C Lb Rb"
    assert read_audio(path).shape == (2, N)


@pytest.mark.parametrize(("first", "second"), [(6, 2), (2, 6), (6, 8), (1, 6), (6, 1)])
def test_links_of_a_chain_fold_by_their_own_layout(tmp_path: Path, first: int, second: int) -> None:
    contents = []
    for channels in (first, second):
        audio = np.zeros((channels, SAMPLE_RATE), np.float32)
        # Left, or mono.
        audio[0] = 0.4 * np.sin(np.arange(SAMPLE_RATE) / 20)
        contents.append(bytes(write(tmp_path / "a.ogg", audio, "OGG", "VORBIS")))
    path = tmp_path / "chain.ogg"
    path.write_bytes(b"".join(contents))
    assert probe(path).remark == SEVERAL_RECORDINGS
    audio = read_audio(path)
    assert audio.shape == (1 if first == 1 else 2, 2 * SAMPLE_RATE)
    assert sum(block.shape[1] for block in stream_audio(path)) == 2 * SAMPLE_RATE
    levels = np.sqrt(np.square(audio.reshape(len(audio), 2, -1)).mean(2)) / (0.4 * np.sqrt(0.5))
    if first == 1:
        np.testing.assert_allclose(levels, [[1.0, 0.5]], atol=0.03)
    else:
        right = 1.0 if second == 1 else 0.0
        np.testing.assert_allclose(levels, [[1.0, 1.0], [0.0, right]], atol=0.03)
