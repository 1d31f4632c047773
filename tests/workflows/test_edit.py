"""Edits from Python: declared once, on grids and on codes files, by times and levels in words."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distill
from distill.errors import UsageError
from distill.inference.codes import operations
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.workflows.edit import EDITS, needs_model


@pytest.fixture(scope="module")
def pair(trained: Path, corpus_dir: Path) -> tuple[CodeGrid, CodeGrid]:
    """Codes of a short and of a longer pluck."""
    model = distill.load(trained, threads=1)
    short = distill.encode(model, corpus_dir / "low" / "pluck 0.wav")
    long = distill.encode(model, corpus_dir / "high" / "pluck 4.wav")
    return short, long


@pytest.mark.parametrize("name", EDITS)
def test_parameters_have_the_same_names_in_all_edits(name: str) -> None:
    parameters = inspect.signature(EDITS[name]).parameters
    first = ["model", "grid"] if needs_model(name) else ["grid"]
    assert list(parameters)[: len(first)] == first
    assert {"start", "stop"} <= set(parameters)
    for shared in ("start", "stop", "until"):
        if shared in parameters:
            assert parameters[shared].annotation == "Time | None"
            assert parameters[shared].default is None


@pytest.mark.parametrize("name", EDITS)
def test_a_docstring_explains_each_parameter_of_its_own(name: str) -> None:
    shared = {"model", "grid", "start", "stop", "levels", "other", "seed"}
    shared |= {"progress", "cancel_event"}
    own = set(inspect.signature(EDITS[name]).parameters) - shared
    _, _, arguments = (inspect.getdoc(EDITS[name]) or "").partition("Args:\n")
    assert own <= {line.split(":")[0].strip() for line in arguments.splitlines()}


def test_edits_that_need_the_model() -> None:
    assert [name for name in EDITS if needs_model(name)] == ["blend", "drift", "clear", "heal"]


def test_declarations_load_without_numpy() -> None:
    code = (
        "import sys, distill\n"
        "from distill.workflows.edit import EDITS\n"
        "assert distill.edit.EDITS is EDITS and EDITS\n"
        "print(*sorted({'numpy', 'torch'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


def test_times_and_levels_in_words(pair: tuple[CodeGrid, CodeGrid]) -> None:
    grid, _ = pair
    expected = operations.reverse(grid, Region(2, 5, (1,))).grid
    assert distill.edit.reverse(grid, "2f", "5f", "timbre").grid == expected
    seconds = [frame / grid.frame_rate for frame in (2, 5)]
    assert distill.edit.reverse(grid, *seconds, levels="2").grid == expected
    with pytest.raises(UsageError, match="past the end"):
        distill.edit.reverse(grid, start=60)


def test_another_sound_as_a_grid_or_as_a_file(
    pair: tuple[CodeGrid, CodeGrid], tmp_path: Path
) -> None:
    grid, other = pair
    path = save_codes(tmp_path / "other.json", other)
    for edit in (distill.edit.swap, distill.edit.paste, distill.edit.transplant):
        options = {"levels": "1"} | ({"at": 0} if edit is distill.edit.paste else {})
        by_grid, by_path, by_name = (
            edit(grid, source, **options).grid for source in (other, path, str(path))
        )
        assert by_grid == by_path == by_name != grid


def test_one_code_or_a_code_for_every_cell(pair: tuple[CodeGrid, CodeGrid]) -> None:
    grid, _ = pair
    drone = distill.edit.set_code(grid, 3, "2f", "4f").grid
    assert (drone.codes[2:4] == 3).all()
    codes = np.arange(6).reshape(2, 3)
    assert (distill.edit.set_code(grid, codes, "2f", "4f").grid.codes[2:4] == codes).all()


def test_repeat_ends_at_until(pair: tuple[CodeGrid, CodeGrid]) -> None:
    grid, _ = pair
    edited = distill.edit.copy(grid, "4f", "0f", "1f", mode="repeat", until="7f").grid
    assert (edited.codes[4:7] == grid.codes[0]).all()
    assert np.array_equal(edited.codes[7:], grid.codes[7:])


def test_heal_takes_seams_without_a_region_and_all_of_a_region(
    trained: Path, pair: tuple[CodeGrid, CodeGrid]
) -> None:
    model = distill.load(trained, threads=1)
    grid, _ = pair
    joined = distill.edit.repeat(grid, times=2).grid
    (seam,) = joined.seams
    healed = distill.edit.heal(model, joined, temperature=4).grid
    changed = np.flatnonzero((healed.codes != joined.codes).any(1))
    assert changed.size
    assert changed.max() < seam
    region = distill.edit.heal(model, joined, start=f"{seam}f", temperature=4).grid
    assert np.flatnonzero((region.codes != joined.codes).any(1)).min() >= seam
