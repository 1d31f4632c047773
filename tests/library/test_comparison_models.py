"""Two models on the same seeds."""

from pathlib import Path

import numpy as np
import pytest

import distill
from distill.audio.io import read_audio
from distill.errors import NoPriorError, UsageError
from distill.library.comparison_models import compare_models
from distill.library.comparisons import sound_path
from distill.library.workspace import open_workspace


def test_a_model_beside_itself_sounds_the_same(trained: Path, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    calls: list[tuple[int, int]] = []
    made = compare_models(
        workspace, (trained, trained), 2, 0.5, seed=4, progress=lambda *call: calls.append(call)
    )
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [pair.first for pair in made.pairs] == ["seed 4", "seed 5"]
    for number in (1, 2):
        x, y = (read_audio(sound_path(workspace, made, number, side)) for side in "xy")
        assert np.array_equal(x, y)
    (sound,) = distill.generate(distill.load(trained), 0.5, seed=4)
    first = read_audio(sound_path(workspace, made, 1, "x"))
    assert np.abs(first - sound.audio).max() < 1e-6


def test_what_cannot_be_compared(trained: Path, codec_only: Path, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio")
    with pytest.raises(UsageError, match="--pairs"):
        compare_models(workspace, (trained, trained), 0)
    with pytest.raises(NoPriorError):
        compare_models(workspace, (trained, codec_only), 1, 0.5)
