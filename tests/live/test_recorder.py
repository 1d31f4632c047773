"""Recordings: whole or not at all, faded at both ends."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from distill.audio.tags import read_tags
from distill.errors import OutputError
from distill.live.recorder import PIECE_SAMPLES, Recording


def record(path: Path, blocks: list[np.ndarray]) -> Path | None:
    recording = Recording(path, 2, 48_000, first_frame=0)
    for block in blocks:
        recording.add(block)
    assert not path.exists(), "nothing is there before the end"
    return recording.finish(lambda: {"comment": "how"})


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_recording_is_what_was_added(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    sound = rng.uniform(-0.5, 0.5, (2, 2 * PIECE_SAMPLES + 100)).astype(np.float32)
    path = record(tmp_path / f"take.{ending}", np.array_split(sound, 30, axis=1))
    assert path is not None
    written, rate = sf.read(path, dtype="float32")
    assert (rate, written.shape) == (48_000, sound.T.shape)
    assert np.abs(written.T - sound)[:, 480:-480].max() < 1e-6
    assert not written[[0, -1]].any()
    assert read_tags(path)["comment"] == "how"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_an_empty_recording_leaves_nothing(tmp_path: Path) -> None:
    assert record(tmp_path / "take.wav", []) is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Cannot record"):
        Recording(tmp_path / "none" / "take.wav", 2, 48_000, first_frame=0)
