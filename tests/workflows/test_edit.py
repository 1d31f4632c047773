"""Edits from Python: declared once, on grids and on codes files, by times and levels in words."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import distill
from distill.inference.codes.grid import CodeGrid
from distill.workflows.edit import EDITS, needs_model


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
