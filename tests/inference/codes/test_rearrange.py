"""Edits in place and in another order: lengths, locks and seams."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from distill.errors import UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.rearrange import LONGEST_EDIT, EditResult, overwrite, rearrange
from distill.inference.codes.region import Region

ALL = [0, 1, 2]
Edit = Callable[[CodeGrid], EditResult]


def test_length_follows_in_whole_frames(new_grid) -> None:
    grid = new_grid()
    tail_kept = rearrange(grid, np.array([0, 1, 4]), ALL).grid
    assert (len(tail_kept.codes), tail_kept.n_samples) == (3, 3 * 1024 - 7)
    tail_gone = rearrange(grid, np.array([0, 4, 1]), ALL).grid
    assert tail_gone.n_samples == 3 * 1024
    assert rearrange(grid, np.array([4, 3, 2, 1, 0]), ALL).grid.n_samples == grid.n_samples


def test_some_levels_never_change_the_length(new_grid) -> None:
    grid = new_grid()
    shorter = rearrange(grid, np.array([3, 4]), [1])
    assert shorter.grid.codes[:, 1].tolist() == grid.codes[[3, 4, 4, 4, 4], 1].tolist()
    assert np.array_equal(shorter.grid.codes[:, [0, 2]], grid.codes[:, [0, 2]])
    assert "held" in shorter.remark
    longer = rearrange(grid, np.array([0, 0, 0, 1, 2, 3, 4]), [1])
    assert longer.grid.codes[:, 1].tolist() == grid.codes[[0, 0, 0, 1, 2], 1].tolist()
    assert "lost" in longer.remark


def test_what_is_locked_stays_where_it_is(new_grid) -> None:
    grid = new_grid()
    locked = np.zeros((5, 3), dtype=bool)
    locked[3, 0] = True
    edited = rearrange(replace(grid, locked=locked), np.array([1, 2, 3, 4]), ALL)
    assert (edited.grid.n_samples, edited.kept_back) == (grid.n_samples, 1)
    assert "locked" in edited.remark
    expected = grid.codes[[1, 2, 3, 4, 4]]
    expected[3, 0] = grid.codes[3, 0]
    assert np.array_equal(edited.grid.codes, expected)


def test_locks_before_a_cut_stay(new_grid) -> None:
    locked = np.zeros((5, 3), dtype=bool)
    locked[1] = True
    grid = new_grid(locked=locked)
    shorter = rearrange(grid, np.array([0, 1, 4]), ALL).grid
    longer = rearrange(grid, np.array([0, 1, 2, 2, 2, 3, 4]), ALL).grid
    for edited in (shorter, longer):
        assert edited.locked is not None
        assert np.argwhere(edited.locked).tolist() == [[1, 0], [1, 1], [1, 2]]


@pytest.mark.parametrize("length", [0, LONGEST_EDIT + 1])
def test_nothing_left_or_far_too_much(new_grid, length: int) -> None:
    with pytest.raises(UsageError, match="smaller region"):
        rearrange(new_grid(), np.zeros(length, dtype=int), ALL)


@pytest.mark.parametrize(
    ("edits", "seams"),
    [
        ([lambda g: ops.cut(g, Region(4, 6))], (4,)),
        ([lambda g: ops.paste(g, replace(g, seams=(5,)), at=4)], (4, 9, 14)),
        ([lambda g: ops.paste(g, g, at=10)], (10,)),
        ([lambda g: ops.set_code(g, 1, Region(3, 5, (1,)))], (3, 5)),
        ([lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.crop(g, Region(3, 7))], (1,)),
        ([lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.cut(g, Region(0, 1))], (3,)),
        (
            [lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.move(g, Region(3, 5), at=0)],
            (1, 2, 5),
        ),
        ([lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.cut(g, Region(2, 6))], (2,)),
        ([lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.reverse(g, Region(0, 8))], (4,)),
        ([lambda g: ops.cut(g, Region(4, 6)), lambda g: ops.transplant(g, g)], (4,)),
        ([lambda g: ops.reverse(g, Region(2, 6))], (2, 6)),
        ([lambda g: ops.stretch(g, Region(2, 6), 2.0)], ()),
        ([lambda g: ops.repeat(g, Region(2, 6), 2)], (6,)),
    ],
)
def test_edits_leave_seams_that_later_ones_move_along(
    new_grid, edits: list[Edit], seams: tuple[int, ...]
) -> None:
    grid = replace(new_grid(10), codes=np.arange(30).reshape(10, 3))
    for edit in edits:
        grid = edit(grid).grid
    assert grid.seams == seams


def test_overwriting_keeps_locked_cells_and_notes_both_ends_of_the_change(new_grid) -> None:
    locked = np.zeros((9, 3), dtype=bool)
    locked[4, 1] = True
    grid = new_grid(9, locked=locked, seams=(7,))
    codes = grid.codes.copy()
    codes[3:6] = (codes[3:6] + 1) % grid.codebook_size
    edited = overwrite(grid, codes, "a remark")
    assert (edited.kept_back, edited.remark, edited.grid.seams) == (1, "a remark", (3, 6, 7))
    assert np.array_equal(edited.grid.codes == grid.codes, (codes == grid.codes) | locked)


def test_overwriting_with_the_same_codes_changes_nothing(new_grid) -> None:
    grid = new_grid()
    assert overwrite(grid, grid.codes) == EditResult(grid)


def test_seams_at_the_ends_of_the_sound_are_none(new_grid) -> None:
    grid = new_grid()
    assert overwrite(grid, grid.codes, seams=[0, 2, 2, 5]).grid.seams == (2,)


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (lambda g: ops.reverse(g, Region(2, 5)), (2, 5)),
        (lambda g: ops.set_code(g, int(g.codes[3, 1]), Region(3, 4, (1,))), None),
        (lambda g: ops.lock(g, Region(4, 6, (2,))), (4, 6)),
        (lambda g: ops.unlock(g, Region(4, 6)), None),
        (lambda g: ops.cut(g, Region(4, 6)), (4, 8)),
        (lambda g: ops.crop(g, Region(0, 6)), (6, 6)),
        (lambda g: ops.repeat(g, Region(8, 10), 2), (10, 12)),
        (lambda g: ops.paste(g, ops.crop(g, Region(0, 2)).grid, 9, "overwrite"), (9, 11)),
    ],
)
def test_an_edit_says_which_frames_it_changed(new_grid, edit: Edit, changed: object) -> None:
    grid = new_grid(T=10, codebook_size=1 << 20)
    assert edit(grid).changed == changed
