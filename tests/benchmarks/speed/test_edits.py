"""The benchmark of edits: its grids are the hard ones, and every edit is timed."""

from pathlib import Path

import pytest

import distill
from benchmarks.common import Bound
from benchmarks.speed import edits
from distill.models.persistence import LoadedVQModel


@pytest.fixture(scope="module")
def loaded(trained: Path) -> LoadedVQModel:
    return distill.load(trained, "cpu", 1)


def test_two_random_grids_differ_in_every_frame(loaded: LoadedVQModel) -> None:
    first = edits.random_grid(loaded, 0)
    second = edits.random_grid(loaded, 1)
    assert first.seconds == pytest.approx(edits.GRID_S, abs=0.05)
    assert (first.codes != second.codes).any(1).mean() > 0.99


def test_a_shuffled_grid_has_seams_and_locks(loaded: LoadedVQModel) -> None:
    grid = edits.shuffled_grid(loaded, 0)
    assert len(grid.seams) > 0.5 * len(grid.codes)
    assert grid.locked is not None
    assert grid.locked.mean() == pytest.approx(edits.LOCKED_SHARE, abs=0.02)


def test_every_edit_runs_and_is_printed(
    loaded: LoadedVQModel, capsys: pytest.CaptureFixture[str]
) -> None:
    first = edits.random_grid(loaded, 0)
    second = edits.random_grid(loaded, 1)
    timed = edits.integer_edits(first, second) | edits.embedding_edits(loaded, first, second)
    edits.show(timed | edits.undo_and_redo(first), Bound(50.0), runs=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(timed) + 1
    assert all("of 50 ms" in line for line in lines)


def test_the_size_of_a_codes_file_falls_when_it_is_packed(loaded: LoadedVQModel) -> None:
    grid = edits.random_grid(loaded, 0)
    assert 0 < edits.file_kb(grid, "x.json.gz") < edits.file_kb(grid, "x.json")
