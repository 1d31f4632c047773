"""Root note, loop and cue points in WAV files, byte by byte."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from distill.audio.marks import Marks, mark_chunks, size_of
from distill.audio.tags import read_tags, read_timing
from distill.audio.timing import Timing
from distill.audio.write import write_sound
from tests.audio.test_timing import contents

RATE = 48_000


@pytest.mark.parametrize(
    ("note", "root", "cents"),
    [(None, 60, 0), (69.0, 69, 0), (68.7, 69, -30), (69.3, 69, 30), (-3.0, 0, -300)],
)
def test_the_nearest_note_is_the_root(note: float | None, root: int, cents: int) -> None:
    marks = Marks(note=note)
    assert (marks.root, marks.cents) == (root, cents)


def test_the_bytes_of_a_sharp_note_with_two_cues(tmp_path: Path) -> None:
    marks = Marks(note=69.25, cues=(0, 500))
    path = write_sound(tmp_path / "a.wav", np.zeros((2, 1_001)), RATE, marks=marks)
    chunks = contents(path)
    sampler = struct.unpack("<9I", chunks[b"smpl"])
    assert sampler == (0, 0, 20_833, 69, 1 << 30, 0, 0, 0, 0)
    assert chunks[b"cue "] == struct.pack(
        "<I II4sIII II4sIII", 2, 1, 0, b"data", 0, 0, 0, 2, 500, b"data", 0, 0, 500
    )


def test_a_loop_with_tempo_has_one_sampler_chunk(tmp_path: Path) -> None:
    timing = Timing(tempo=120, beats=4, bar_beats=4, is_loop=True)
    marks = Marks(is_loop=True, cues=(0, 24_000))
    tags = {"comment": "x" * 3_000, "software": "Distill 1"}
    path = write_sound(
        tmp_path / "a.wav", np.zeros((1, 96_000)), RATE, tags=tags, timing=timing, marks=marks
    )
    # `contents` refuses two chunks of one name.
    assert {b"acid", b"smpl", b"cue ", b"LIST"} <= contents(path).keys()
    assert read_timing(path) == timing
    assert read_tags(path)["comment"] == tags["comment"]
    with sf.SoundFile(path) as file:
        log = " ".join(file.extra_info.split())
    assert "Loop Count : 1" in log
    assert "End : 95999" in log
    assert "Tempo : 120" in log
    assert "Cue" in log


def test_other_formats_are_written_without(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", np.zeros((1, 999)), RATE, marks=Marks(note=60.0))
    assert sf.info(path).frames == 999


@given(
    note=st.none() | st.floats(0, 127),
    is_loop=st.booleans(),
    cues=st.lists(st.integers(-5, 2_000), max_size=40).map(tuple),
    frames=st.integers(0, 1_000),
)
def test_chunks_hold_what_lies_in_the_sound(
    note: float | None, is_loop: bool, cues: tuple[int, ...], frames: int
) -> None:
    marks = Marks(note=note, is_loop=is_loop, cues=cues)
    chunks = dict(mark_chunks(marks, frames, RATE))
    sampler = chunks[b"smpl"]
    n_loops = struct.unpack("<9I", sampler[:36])[7]
    assert n_loops == (1 if is_loop and frames else 0)
    assert len(sampler) == 36 + 24 * n_loops
    inside = [cue for cue in cues if 0 <= cue < frames]
    found = struct.unpack("<I", chunks[b"cue "][:4])[0] if b"cue " in chunks else 0
    assert found == len(inside)
    assert sum(8 + len(body) for body in chunks.values()) <= size_of(marks)
