"""What `distill edit` says of its work."""

from pathlib import Path

import numpy as np
import pytest

import distill
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid


@pytest.fixture
def grid(trained: Path, corpus_dir: Path, tmp_path: Path) -> CodeGrid:
    """The codes of a pluck of 8 frames, also in `a.json`; those of another in `b.json`."""
    model = distill.load(trained, threads=1)
    grid = distill.encode(model, corpus_dir / "low" / "pluck 0.wav")
    save_codes(tmp_path / "a.json", grid)
    other = distill.encode(model, corpus_dir / "high" / "pluck 4.wav")
    save_codes(tmp_path / "b.json", other)
    return grid


def test_codes_that_changed_and_codes_that_were_locked(run, grid: CodeGrid) -> None:
    assert run(
        "edit", "lock", "a.json", "--levels", "1", "-o", "held.json"
    ).stderr.splitlines() == [
        "lock: 8 codes locked now.",
        "held.json: 8 frames (0.15 s).",
    ]
    result = run("edit", "cut", "held.json", "--to", "2f", "-o", "out.json")
    moved = np.concatenate((grid.codes[2:], grid.codes[[-1, -1]]))
    differs = moved != grid.codes
    assert result.stderr.splitlines() == [
        f"cut: {differs[:, 1:].sum()} codes changed. "
        f"{differs[:, 0].sum()} locked codes left unchanged. "
        "The length stays, since something later is locked: their last code is held to the end.",
        "out.json: 8 frames (0.15 s).",
    ]


def test_new_lengths_and_single_codes(run, grid: CodeGrid) -> None:
    lines = run("edit", "repeat", "a.json", "-o", "long.json").stderr.splitlines()
    assert lines[0] == "repeat: new length."
    assert lines[-1].startswith("long.json: 16 frames")
    lines = run(
        "edit", "lock", "a.json", "--to", "1f", "--levels", "1", "-o", "held.json"
    ).stderr.splitlines()
    assert lines[0] == "lock: 1 code locked now."


def test_a_blend_says_how_exact_it_is(run, trained: Path, grid: CodeGrid) -> None:
    result = run("edit", "blend", trained, "a.json", "b.json", "--amount", "0.5", "-o", "out.json")
    assert "off the exact blend (100% is the distance between the two sounds)." in result.stderr


def test_each_line_of_a_script_is_reported(run, grid: CodeGrid, tmp_path: Path) -> None:
    (tmp_path / "edits.txt").write_text("reverse\n\nlock --levels 1\n")
    lines = run(
        "edit", "run", "a.json", "--script", "edits.txt", "-o", "out.json"
    ).stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["reverse", "lock", "out.json"]
