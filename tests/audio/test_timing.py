"""Tempo, beats and loop in chunks of WAV files, byte by byte."""

import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.audio.formats import FORMATS, Encoding
from distill.audio.io import UnreadableAudioError
from distill.audio.riff import find_chunks
from distill.audio.tags import find_json, read_tags, read_timing
from distill.audio.timing import Timing, find_timing
from distill.audio.write import write_sound
from tests.audio.test_riff import make_chunk, make_riff

RATE = 48_000

TIMINGS = st.builds(
    Timing,
    tempo=st.floats(1, 999, width=32),
    beats=st.integers(0, 2**32 - 1),
    bar_beats=st.integers(1, 64),
    is_loop=st.booleans(),
)


def contents(path: Path) -> dict[bytes, bytes]:
    """The chunks of a file by name."""
    with path.open("rb") as file:
        chunks = list(find_chunks(file))
        found = {}
        for chunk in chunks:
            file.seek(chunk.start)
            found[chunk.name] = file.read(chunk.size)
    assert len(found) == len(chunks)
    return found


@settings(max_examples=60, deadline=None)
@given(
    timing=TIMINGS,
    frames=st.integers(1, 300),
    channels=st.integers(1, 2),
    bits=st.sampled_from(["24", "32f", "16"]),
    comment=st.text("abcdé{}\"'", max_size=40),
)
def test_a_file_with_timing_is_otherwise_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    timing: Timing,
    frames: int,
    channels: int,
    bits: str,
    comment: str,
) -> None:
    folder = tmp_path_factory.mktemp("timing")
    audio = np.random.default_rng(frames).uniform(-1, 1, (channels, frames)).astype(np.float32)
    tags = {"comment": f'{{"distill": "{comment}"}}', "software": "Distill 1"}
    # Files of floats hold the second at which they were written: both need the same.
    began = None
    while began != int(time.time()):
        began = int(time.time())
        plain = write_sound(folder / "plain.wav", audio, RATE, Encoding(bits=bits), tags)
        path = write_sound(folder / "timed.wav", audio, RATE, Encoding(bits=bits), tags, timing)
    assert read_timing(path) == timing
    assert read_timing(plain) is None
    assert read_tags(path) == read_tags(plain)
    assert next(find_json(path, "distill")).startswith(' "')
    assert np.array_equal(sf.read(path)[0], sf.read(plain)[0])
    chunks = contents(path)
    others = {name: body for name, body in chunks.items() if name not in (b"acid", b"smpl")}
    assert others == contents(plain)
    content = path.read_bytes()
    assert len(content) % 2 == 0
    assert struct.unpack("<I", content[4:8]) == (len(content) - 8,)
    # Up to the number of its bytes, the file begins as without timing.
    before = plain.read_bytes()
    assert content[8 : len(before)] == before[8:]


def test_the_bytes_of_a_loop(tmp_path: Path) -> None:
    timing = Timing(tempo=97.5, beats=16, bar_beats=3, is_loop=True)
    path = write_sound(tmp_path / "a.wav", np.zeros((2, 1001)), RATE, timing=timing)
    chunks = contents(path)
    expected = "04000000 3c00 0080 00000000 10000000 0400 0300 0000c342"
    assert chunks[b"acid"] == bytes.fromhex(expected)
    sampler = "00000000 00000000 61510000 3c000000 00000000 00000000 00000000 01000000 00000000"
    loop = "00000000 00000000 00000000 e8030000 00000000 00000000"
    assert chunks[b"smpl"] == bytes.fromhex(sampler + loop)
    assert len(chunks[b"smpl"]) == 60


def test_a_sound_that_is_no_loop_has_no_loop(tmp_path: Path) -> None:
    timing = Timing(tempo=120, beats=7, bar_beats=4, is_loop=False)
    path = write_sound(tmp_path / "a.wav", np.zeros((1, 1000)), RATE, timing=timing)
    chunks = contents(path)
    assert b"smpl" not in chunks
    assert chunks[b"acid"][:4] == b"\x01\0\0\0"


def test_libsndfile_reads_the_same(tmp_path: Path) -> None:
    timing = Timing(tempo=97.5, beats=16, bar_beats=3, is_loop=True)
    path = write_sound(tmp_path / "a.wav", np.zeros((1, 1000)), RATE, timing=timing)
    with sf.SoundFile(path) as file:
        log = " ".join(file.extra_info.split())
    assert "acid : 24" in log
    assert "Beats : 16" in log
    assert "Meter : 3/4" in log
    assert "Tempo : 97.5" in log
    assert "smpl : 60" in log
    assert "Loop Count : 1" in log
    assert "End : 999" in log


@pytest.mark.parametrize("ending", FORMATS)
def test_other_formats_are_written_without(tmp_path: Path, ending: str) -> None:
    timing = Timing(tempo=120, beats=4, bar_beats=4, is_loop=True)
    path = write_sound(
        tmp_path / f"a{ending}", np.zeros((2, 999)), RATE, tags={"comment": "x"}, timing=timing
    )
    assert read_timing(path) == (timing if ending == ".wav" else None)
    assert read_tags(path)["comment"] == "x"
    assert sf.info(path).frames == 999


def test_no_timing_in_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("RIFF but no more")
    assert read_timing(tmp_path / "a.txt") is None
    with pytest.raises(UnreadableAudioError, match=r"b\.wav"):
        read_timing(tmp_path / "b.wav")


@pytest.mark.parametrize(
    "changes", [{"tempo": 0.0}, {"tempo": float("nan")}, {"beats": -1}, {"bar_beats": 0}]
)
def test_a_timing_that_no_sound_has(changes: dict[str, float]) -> None:
    values = {"tempo": 120.0, "beats": 4, "bar_beats": 4, "is_loop": True} | changes
    with pytest.raises(ValueError, match="timing"):
        Timing(**values)


def acid(order: str = "<", flags: int = 0, numerator: int = 4, tempo: float = 120.0) -> bytes:
    body = struct.pack(f"{order}IHHfIHHf", flags, 60, 0x8000, 0.0, 8, 4, numerator, tempo)
    return make_chunk(b"acid", body, order)


def smpl(loops: int, order: str = "<") -> bytes:
    return make_chunk(b"smpl", struct.pack(f"{order}9I", *[0] * 7, loops, 0), order)


def test_chunks_of_other_programs() -> None:
    plain = Timing(tempo=120, beats=8, bar_beats=4, is_loop=True)
    assert find_timing(make_riff([acid()])) == plain
    assert find_timing(make_riff([acid(">"), smpl(0, ">")], b"RIFX")) == plain
    assert find_timing(make_riff([acid(numerator=0)])) == plain
    assert find_timing(make_riff([smpl(1), acid(flags=1)])) == plain
    once = find_timing(make_riff([acid(flags=1), smpl(0)]))
    assert once is not None
    assert not once.is_loop
    assert find_timing(make_riff([smpl(1)])) is None


@pytest.mark.parametrize("tempo", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_tempos_that_make_no_sense(tempo: float) -> None:
    assert find_timing(make_riff([acid(tempo=tempo)])) is None


@given(content=st.binary(max_size=80), name=st.sampled_from([b"acid", b"smpl"]))
def test_any_bytes_give_a_timing_or_none(content: bytes, name: bytes) -> None:
    file = make_riff([make_chunk(name, content), smpl(1)])
    timing = find_timing(file)
    assert timing is None or timing.tempo > 0
    cut = io.BytesIO(file.getvalue()[: 12 + len(content)])
    find_timing(cut)
