"""The grid as a value, and the rule that every edit keeps: locked cells stay as and where they
are."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from distill.errors import CodebookMismatchError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.compatible import check_fits_grid
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.rearrange import LONGEST_EDIT, EditResult, rearrange
from distill.inference.codes.region import Region, parse_edge, parse_region

ALL = [0, 1, 2]


def test_a_grid_never_changes(new_grid) -> None:
    given = np.arange(15).reshape(5, 3)
    grid = new_grid(codes=given, locked=given > 3)
    given[:] = 0
    assert grid.codes[4, 2] == 14
    for array in (grid.codes, grid.locked):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    with pytest.raises(FrozenInstanceError):
        grid.gain = 2.0


def test_grids_are_equal_if_all_of_them_is(new_grid) -> None:
    grid, none_locked = new_grid(), np.zeros((5, 3), dtype=bool)
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


@pytest.mark.parametrize(
    ("start", "stop", "frames"),
    [
        (None, None, (0, None)),
        ("0", "5f", (0, 5)),
        ("1f", "0.064", (1, 3)),
        # As long as the sound, which does not fill its last frame; and as the hundredth of a second
        # has it.
        ("0", str(4.4 * 1024 / 48_000), (0, 5)),
        ("0", "0.09", (0, 5)),
        ("0", "4f", (0, 4)),
        # Shorter than a frame.
        ("0.0430", "0.0431", (2, 3)),
    ],
)
def test_times_become_frames(new_grid, start: str, stop: str, frames: tuple[int, int]) -> None:
    grid = new_grid(n_samples=round(4.4 * 1024))
    region = parse_region(grid, start, stop, "timbre")
    assert (region.start, region.stop) == frames
    assert region.levels == (1,)


@pytest.mark.parametrize(
    ("filled", "start", "stop", "frames"),
    [
        # A last frame that is all but empty is one, where frames are counted.
        (4.1, "4f", None, (4, None)),
        (4.1, "0", "4f", (0, 4)),
        (4.1, "3f", "4f", (3, 4)),
        (4.1, "0", "0.08", (0, 4)),
        (4.1, "0", "0.087", (0, 5)),
        (4.1, "0.0855", None, (4, None)),
        # From within the last frame, that frame.
        (4.9, "0.1", None, (4, None)),
        (4.9, "0.1", "0.104", (4, 5)),
        (4.4, "0.09", None, (4, None)),
        # From the start is from 0.
        (4.4, None, "0.005", (0, 1)),
        (4.4, "0", "0.005", (0, 1)),
    ],
)
def test_the_last_frame(
    new_grid, filled: float, start: str | None, stop: str | None, frames: tuple
) -> None:
    region = parse_region(new_grid(n_samples=round(filled * 1024)), start, stop)
    assert (region.start, region.stop) == frames
    region.resolve(5, 3)


def test_where_something_goes(new_grid) -> None:
    grid = new_grid(n_samples=round(4.1 * 1024))
    assert [parse_edge(grid, time) for time in ("4f", "5f", "0.087", "0.08", 0)] == [4, 5, 5, 4, 0]


def test_times_that_make_no_region(new_grid) -> None:
    for start, stop in (("0.05", "0.05"), ("0.05", "0.01"), ("0", "0.2"), ("0", "0")):
        with pytest.raises(UsageError):
            parse_region(new_grid(), start, stop).resolve(5, 3)
    for start in ("5f", "0.11", "0.107"):
        with pytest.raises(
            UsageError, match=rf"{start} is past the end: 'sound 0\.wav' lasts 0\.11 s \(5f\)"
        ):
            parse_region(new_grid(), start)
    short = new_grid(n_samples=round(4.4 * 1024))
    with pytest.raises(UsageError, match="nothing"):
        parse_region(short, "0.092", "0.091").resolve(5, 3)


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
    grid, locked = new_grid(), np.zeros((5, 3), dtype=bool)
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
    "changes", [{"codebook_hash": "cd" * 32}, {"codebook_size": 128}, {"frame_rate": 93.75}]
)
def test_other_codecs_are_refused_by_name(new_grid, changes) -> None:
    a, b = (
        new_grid(),
        new_grid(seed=1, n_samples=5 * 512, **changes)
        if "frame_rate" in changes
        else new_grid(seed=1, model_id="model-2", **changes),
    )
    with pytest.raises(CodebookMismatchError, match=r"'sound 0.wav' and 'sound 1.wav'"):
        check_fits_grid(a, b)
    check_fits_grid(a, new_grid(9, seed=2))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codebook_hash": "cd" * 32, "model_id": "b"}, "different models (model-1 and b)"),
        ({"codebook_size": 128}, "64 and 128 codes a level"),
        ({"Q": 2}, "3 and 2 levels"),
        ({"frame_rate": 93.75, "n_samples": 5 * 512}, "46.875 and 93.75 frames a second"),
        (
            {"frame_rate": 46.875, "sample_rate": 24_000, "n_samples": 5 * 512},
            "48000 and 24000 samples a second",
        ),
    ],
)
def test_what_differs_is_said(new_grid, changes, words: str) -> None:
    with pytest.raises(CodebookMismatchError) as raised:
        check_fits_grid(new_grid(), new_grid(seed=1, **changes))
    assert words in str(raised.value)


def test_a_region_of_no_level(new_grid) -> None:
    with pytest.raises(UsageError):
        Region(levels=(3,)).resolve(*new_grid().codes.shape)


Edit = Callable[[CodeGrid], EditResult]


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
