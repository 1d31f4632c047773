"""A grid never changes, compares by value, and cannot be made of parts that do not fit."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest


def test_a_grid_never_changes(new_grid) -> None:
    codes = np.arange(15).reshape(5, 3)
    grid = new_grid(codes=codes, locked=codes > 3)
    codes[:] = 0
    assert grid.codes[4, 2] == 14
    for array in (grid.codes, grid.locked):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        grid.gain = 2.0


def test_grids_are_equal_if_all_their_fields_are(new_grid) -> None:
    grid = new_grid()
    none_locked = np.zeros((5, 3), dtype=bool)
    assert grid == new_grid()
    assert grid == replace(grid, locked=none_locked)
    others = {
        "gain": 0.6,
        "source": "x",
        "codes": grid.codes + 1 - 2 * (grid.codes > 9),
        "locked": ~none_locked,
    }
    for name, value in others.items():
        assert grid != replace(grid, **{name: value}), name
    assert grid != "grid"


def test_a_misfit_cannot_be_made(new_grid) -> None:
    for changes in (
        {"n_samples": 1},
        {"codes": np.full((5, 3), 64)},
        {"codes": np.zeros((5, 3))},
        {"gain": float("nan")},
        {"locked": np.zeros((5, 2), dtype=bool)},
        {"locked": np.zeros((5, 3))},
    ):
        with pytest.raises(ValueError, match=next(iter(changes))):
            replace(new_grid(), **changes)


def test_seconds_and_hop_follow_from_the_rates(new_grid) -> None:
    grid = new_grid(n_samples=5 * 1024 - 7)
    assert grid.frame_hop == 1024
    assert grid.seconds == (5 * 1024 - 7) / 48_000
