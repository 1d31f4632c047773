"""Grids of documents: keys by content, and files that are the right one or of no use."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.document_grids import (
    GRIDS,
    OTHERS,
    forget_grids,
    grid_key,
    keep_grid,
    kept_grid,
    other_keys,
    other_path,
)

NewGrid = Callable[..., CodeGrid]


def test_equal_grids_have_one_key(new_grid: NewGrid) -> None:
    grid = new_grid(T=7)
    assert grid_key(replace(grid, codes=grid.codes.astype(np.uint16))) == grid_key(grid)
    assert grid_key(replace(grid, locked=np.zeros((7, 3), bool))) == grid_key(grid)


@pytest.mark.parametrize(
    "change",
    [
        {"seams": (2,)},
        {"locked": np.eye(7, 3, dtype=bool)},
        {"gain": 0.25},
        {"n_samples": 7 * 1024},
        {"codes": np.zeros((7, 3), int)},
        {"source": "x"},
        {"codebook_hash": "cd"},
    ],
)
def test_any_difference_gives_another_key(new_grid: NewGrid, change: dict[str, Any]) -> None:
    grid = new_grid(T=7)
    assert grid_key(replace(grid, **change)) != grid_key(grid)


def test_a_file_of_another_grid_is_of_no_use(new_grid: NewGrid, tmp_path: Path) -> None:
    grid = new_grid(T=7)
    key = grid_key(grid)
    assert kept_grid(tmp_path, GRIDS, key) is None
    keep_grid(tmp_path, GRIDS, key, grid)
    assert kept_grid(tmp_path, GRIDS, key) == grid
    path = tmp_path / GRIDS / f"{key}.json.gz"
    save_codes(path, new_grid(T=6))
    assert kept_grid(tmp_path, GRIDS, key) is None
    path.write_bytes(b"\x1f\x8bx")
    assert kept_grid(tmp_path, GRIDS, key) is None


def test_lines_name_other_sounds(new_grid: NewGrid, tmp_path: Path) -> None:
    grid = new_grid()
    key = grid_key(grid)
    assert other_keys(f"paste {other_path(key)} --at 3f") == [key]
    assert other_keys("paste others/x.json.gz --at 3f") == []
    keep_grid(tmp_path, OTHERS, key, grid)
    keep_grid(tmp_path, OTHERS, "0" * 32, grid)
    forget_grids(tmp_path, OTHERS, {key})
    assert [path.name for path in (tmp_path / OTHERS).iterdir()] == [f"{key}.json.gz"]
    forget_grids(tmp_path, GRIDS, {key})
