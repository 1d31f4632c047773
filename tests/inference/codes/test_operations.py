"""Every edit on small grids by hand, then any sequence of them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from distill.errors import CodebookMismatchError, UsageError
from distill.inference.codes import operations as ops
from distill.inference.codes.blend import blend, clear, drift
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.history import History
from distill.inference.codes.rearrange import EditResult
from distill.inference.codes.region import Region
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE

HOP = 1024


@pytest.fixture
def grid(new_grid) -> CodeGrid:
    """Six frames of two levels: 10 to 15 and 20 to 25."""
    return new_grid(codes=np.array([[10 + t, 20 + t] for t in range(6)]), T=6, Q=2)


def frames(edited: EditResult) -> list[int]:
    """The first level, as frames of the grid they came from."""
    return (edited.grid.codes[:, 0] - 10).tolist()


# --- one by one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda g: ops.crop(g, Region(1, 4)), [1, 2, 3]),
        (lambda g: ops.cut(g, Region(1, 4)), [0, 4, 5]),
        (lambda g: ops.copy(g, Region(1, 3), at=4), [0, 1, 2, 3, 1, 2, 4, 5]),
        (lambda g: ops.copy(g, Region(1, 3), at=6), [0, 1, 2, 3, 4, 5, 1, 2]),
        (lambda g: ops.copy(g, Region(1, 3), 0, "overwrite"), [1, 2, 2, 3, 4, 5]),
        (lambda g: ops.copy(g, Region(0, 3), 5, "overwrite"), [0, 1, 2, 3, 4, 0, 1, 2]),
        (lambda g: ops.copy(g, Region(0, 2), 1, "repeat", 4), [0, 0, 1, 0, 4, 5]),
        (lambda g: ops.copy(g, Region(0, 2), 1, "repeat"), [0, 0, 1, 0, 1, 0]),
        (lambda g: ops.move(g, Region(0, 2), at=3), [2, 3, 4, 0, 1, 5]),
        (lambda g: ops.move(g, Region(4, 6), at=0), [4, 5, 0, 1, 2, 3]),
        (lambda g: ops.reverse(g, Region(1, 4)), [0, 3, 2, 1, 4, 5]),
        (lambda g: ops.repeat(g, Region(2, 4), 3), [0, 1, 2, 3, 2, 3, 2, 3, 4, 5]),
        (lambda g: ops.repeat(g, Region(2, 4), 1), [0, 1, 2, 3, 4, 5]),
        (lambda g: ops.stretch(g, Region(1, 4), 2), [0, 1, 1, 2, 2, 3, 3, 4, 5]),
        (lambda g: ops.stretch(g, Region(1, 5), 0.5), [0, 2, 4, 5]),
        (lambda g: ops.stretch(g, Region(1, 5), 1e-9), [0, 3, 5]),
        (lambda g: ops.stretch(g, Region(), 1), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_time(grid: CodeGrid, edit: Callable[[CodeGrid], EditResult], expected: list[int]) -> None:
    edited = edit(grid)
    assert frames(edited) == expected
    assert np.array_equal(edited.grid.codes[:, 1] - edited.grid.codes[:, 0], [10] * len(expected))
    tail = 7 if len(expected) == 6 or expected[-1] == 5 else 0
    assert edited.grid.n_samples == len(expected) * HOP - tail
    assert (edited.kept_back, edited.remark) == (0, "")


@pytest.mark.parametrize(
    "edit",
    [
        lambda g, region: ops.cut(g, region),
        lambda g, region: ops.copy(g, region, at=0),
        lambda g, region: ops.repeat(g, region, 3),
        lambda g, region: ops.stretch(g, region, 1.7),
        lambda g, region: ops.move(g, region, at=3),
        lambda g, region: ops.shuffle(g, region, 1, seed=3),
    ],
)
def test_one_level_alone(grid: CodeGrid, edit: Callable[[CodeGrid, Region], EditResult]) -> None:
    edited = edit(grid, Region(1, 3, (1,))).grid
    assert edited.n_samples == grid.n_samples
    assert np.array_equal(edited.codes[:, 0], grid.codes[:, 0])
    assert not np.array_equal(edited.codes[:, 1], grid.codes[:, 1])
    assert set(edited.codes[:, 1]) <= set(grid.codes[:, 1])


def test_a_crop_keeps_the_end_to_the_sample(grid: CodeGrid) -> None:
    locked = grid.codes == 14
    cropped = ops.crop(replace(grid, locked=locked), Region(4)).grid
    assert cropped.n_samples == 2 * HOP - 7
    assert cropped.locked is not None
    assert cropped.locked.tolist() == [[True, False], [False, False]]
    with pytest.raises(UsageError, match="all levels"):
        ops.crop(grid, Region(levels=(0,)))


def test_a_crop_says_which_locks_it_leaves_out(grid: CodeGrid) -> None:
    grid_with_lock = ops.lock(grid, Region(1, 4, (0,))).grid
    assert (
        ops.crop(grid_with_lock, Region(1, 4)).remark == ops.crop(grid, Region(1, 4)).remark == ""
    )
    two = ops.crop(grid_with_lock, Region(3))
    three = ops.crop(grid_with_lock, Region(4))
    assert two.remark == "Of 3 locked codes, 2 lay outside and are left out."
    assert three.remark == "Of 3 locked codes, 3 lay outside and are left out."
    assert ops.copy(grid_with_lock, Region(4), at=6).remark == ""


def test_paint(grid: CodeGrid) -> None:
    painted = ops.set_code(grid, 3, Region(1, 3, (1,))).grid
    assert painted.codes.tolist() == [[10, 20], [11, 3], [12, 3], [13, 23], [14, 24], [15, 25]]
    cells = ops.set_code(grid, np.array([[1, 2], [3, 4]]), Region(4)).grid
    assert cells.codes[4:].tolist() == [[1, 2], [3, 4]]
    assert ops.replace_code(painted, 3, 9).grid.codes[:, 1].tolist() == [20, 9, 9, 23, 24, 25]
    assert ops.replace_code(painted, 3, 9, Region(2)).grid.codes[:, 1].tolist() == [
        20,
        3,
        9,
        23,
        24,
        25,
    ]


@pytest.mark.parametrize("code", [-1, 64, 2**63, 10**20])
def test_there_is_no_such_code(grid: CodeGrid, code: int) -> None:
    with pytest.raises(
        UsageError, match=f"There is no code {code}: the codes of this sound go from 0 to 63"
    ):
        ops.set_code(grid, code)


def test_shuffle_keeps_blocks_and_seed(grid: CodeGrid) -> None:
    shuffled = [ops.shuffle(grid, Region(1, 6), block=2, seed=seed) for seed in range(20)]
    assert ops.shuffle(grid, Region(1, 6), block=2, seed=3) == shuffled[3]
    assert len({tuple(frames(edited)) for edited in shuffled}) == 6
    for edited in shuffled:
        text = "".join(map(str, frames(edited)))
        assert text[0] == "0"
        assert sorted(text) == list("012345")
        assert "12" in text
        assert "34" in text


def test_two_sounds(new_grid) -> None:
    a, b = new_grid(6), new_grid(4, seed=1)
    ours, theirs = ops.swap(a, b, Region(1, 3, (0, 2)))
    for before, after, other in ((a, ours.grid, b), (b, theirs.grid, a)):
        assert np.array_equal(after.codes[1:3, [0, 2]], other.codes[1:3, [0, 2]])
        assert np.array_equal(after.codes[:, 1], before.codes[:, 1])
        assert np.array_equal(after.codes[3:], before.codes[3:])
        assert after.n_samples == before.n_samples
    assert np.array_equal(
        ops.swap(ours.grid, theirs.grid, Region(1, 3, (0, 2)))[0].grid.codes, a.codes
    )


def test_unequal_lengths_and_levels_are_said(new_grid) -> None:
    a, b = new_grid(6), new_grid(4, seed=1)
    longer, shorter = ops.swap(a, b)
    assert np.array_equal(longer.grid.codes, np.concatenate((b.codes, a.codes[4:])))
    assert np.array_equal(shorter.grid.codes, a.codes[:4])
    assert (
        longer.remark
        == "The other sound ('sound 1.wav') ends at 0.09 s: after that, this sound continues."
    )
    assert "('sound 0.wav') is longer" in ops.transplant(b, a).remark
    assert ops.transplant(a, b, Region(0, 4)).remark == ""
    loud = replace(b, gain=1.0)
    assert "6.0 dB softer" in ops.transplant(a, loud, Region(0, 4)).remark
    assert "6.0 dB softer" in ops.paste(a, loud, 0).remark


def test_locks(grid: CodeGrid) -> None:
    grid_with_lock = ops.lock(grid, Region(2, 4, (0,))).grid
    edited = ops.set_code(grid_with_lock, 0, Region(1, 4))
    assert edited.kept_back == 2
    assert frames(edited) == [0, -10, 2, 3, 4, 5]
    assert "locked" in ops.cut(grid_with_lock, Region(0, 1)).remark
    assert frames(ops.cut(grid_with_lock, Region(4, 6))) == [0, 1, 2, 3]
    assert ops.unlock(grid_with_lock).grid == grid
    partly = ops.unlock(grid_with_lock, Region(2, 3)).grid
    assert ops.set_code(partly, 0).kept_back == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda g: ops.set_code(g, 64),
        lambda g: ops.set_code(g, -1),
        lambda g: ops.set_code(g, np.array([1, 2])),
        lambda g: ops.set_code(g, np.float64(1)),
        lambda g: ops.replace_code(g, 1, 64),
        lambda g: ops.cut(g, Region()),
        lambda g: ops.cut(g, Region(levels=(0,))),
        lambda g: ops.cut(g, Region(2, 2)),
        lambda g: ops.copy(g, Region(0, 2), at=7),
        lambda g: ops.copy(g, Region(0, 2), at=-1),
        lambda g: ops.copy(g, Region(0, 2), 6, "repeat"),
        lambda g: ops.copy(g, Region(0, 2), 3, "repeat", 7),
        lambda g: ops.move(g, Region(0, 2), at=5),
        lambda g: ops.repeat(g, Region(), 0),
        lambda g: ops.repeat(g, Region(), 10**9),
        lambda g: ops.stretch(g, Region(), 0),
        lambda g: ops.stretch(g, Region(), float("nan")),
        lambda g: ops.stretch(g, Region(), 1e18),
        lambda g: ops.shuffle(g, Region(), 0),
        lambda g: ops.shuffle(g, Region(), 7),
        lambda g: ops.shuffle(g, Region(), 1, seed=-1),
        lambda g: ops.shuffle(g, Region(), 1, seed=10**20),
        lambda g: ops.transplant(g, ops.crop(g, Region(0, 2)).grid, Region(3)),
        lambda g: ops.swap(g, ops.crop(g, Region(0, 2)).grid, Region(0, 9)),
    ],
)
def test_what_makes_no_sense(grid: CodeGrid, edit: Callable[[CodeGrid], EditResult]) -> None:
    with pytest.raises(UsageError) as raised:
        edit(grid)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "edit",
    [ops.swap, ops.transplant, lambda a, b: ops.paste(a, b, 0)],
    ids=["swap", "transplant", "paste"],
)
def test_other_codebooks_are_refused(
    new_grid, edit: Callable[[CodeGrid, CodeGrid], object]
) -> None:
    with pytest.raises(CodebookMismatchError, match="sound 1"):
        edit(new_grid(), new_grid(seed=1, codebook_hash="cd" * 32))


# --- any sequence of them -------------------------------------------------------------------------


IN_PLACE: dict[str, Callable[[CodeGrid, Region, int], EditResult]] = {
    "set": lambda g, region, n: ops.set_code(g, n % g.codebook_size, region),
    "replace": lambda g, region, n: ops.replace_code(
        g, int(g.codes[0, 0]), n % g.codebook_size, region
    ),
    "reverse": lambda g, region, n: ops.reverse(g, region),
    "shuffle": lambda g, region, n: ops.shuffle(g, region, 1 + n % len(g.codes), n),
    "transplant": lambda g, region, n: ops.transplant(g, other_of(g, n), region),
    "swap": lambda g, region, n: ops.swap(g, other_of(g, n), region)[0],
}
LOCKS: dict[str, Callable[[CodeGrid, Region, int], EditResult]] = {
    "lock": lambda g, region, n: ops.lock(g, region),
    "unlock": lambda g, region, n: ops.unlock(g, region),
}
IN_TIME: dict[str, Callable[[CodeGrid, Region, int], EditResult]] = {
    "move": lambda g, region, n: ops.move(g, region, n % len(g.codes)),
    "cut": lambda g, region, n: ops.cut(g, region),
    "copy": lambda g, region, n: ops.copy(
        g, region, n % (len(g.codes) + 1), ("insert", "overwrite")[n % 2]
    ),
    "fill": lambda g, region, n: ops.copy(g, region, n % len(g.codes), "repeat"),
    "paste": lambda g, region, n: ops.paste(
        g, other_of(g, n), n % len(g.codes), levels=region.levels
    ),
    "repeat": lambda g, region, n: ops.repeat(g, region, 1 + n % 3),
    "stretch": lambda g, region, n: ops.stretch(g, region, 0.1 + n % 7 / 3),
}
WITH_MODEL: dict[str, Callable[[CodeGrid, Region, int], EditResult]] = {
    "blend": lambda g, region, n: blend(model(), g, other_of(g, n), n % 11 / 10, region),
    "drift": lambda g, region, n: drift(model(), g, n % 11 / 10, region, seed=n),
    "clear": lambda g, region, n: clear(model(), g, region),
}
CROP = {"crop": lambda g, region, n: ops.crop(g, replace(region, levels=None))}
EDITS = IN_PLACE | LOCKS | IN_TIME | WITH_MODEL | CROP
MAY_NOT_BE = {"move", "cut", "copy", "fill", "transplant", "swap", "blend"}
"""What some regions make no sense for: all others are never refused."""


@cache
def model() -> LoadedVQModel:
    """A codec that learned nothing: what edits need of it are entries."""
    torch.manual_seed(0)
    codec = VQVAE(
        SAMPLE_RATE, codebook_size=5, num_quantizers=3, hidden_size=16, decoder_layers=1
    ).eval()
    codec.rvq.codebooks.normal_()
    return LoadedVQModel(codec, codec.config, {}, Path("untrained.sda"))


def other_of(grid: CodeGrid, n: int) -> CodeGrid:
    codes = (
        (ops.repeat(grid, Region(), 2).grid.codes if n % 2 else grid.codes[::2])
        * 7
        % grid.codebook_size
    )
    return replace(
        grid, codes=codes, n_samples=len(codes) * HOP, locked=None, seams=(), source="other"
    )


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, float, float, tuple[int, ...] | None, int]]:
    levels = st.none() | st.sets(st.integers(0, 2), min_size=1).map(
        lambda chosen: tuple(sorted(chosen))
    )
    share = st.floats(0, 1)
    step = st.tuples(st.sampled_from(sorted(EDITS)), share, share, levels, st.integers(0, 99))
    return draw(st.lists(step, min_size=1, max_size=8))


def region_at(
    grid: CodeGrid, first: float, length: float, levels: tuple[int, ...] | None
) -> Region:
    T = len(grid.codes)
    start = min(int(first * T), T - 1)
    return Region(start, start + 1 + int(length * (T - start - 1)), levels)


def attempt(grid: CodeGrid, name: str, region: Region, n: int) -> EditResult | None:
    """The edit, or None when it is refused."""
    try:
        return EDITS[name](grid, region, n)
    except UsageError:
        assert name in MAY_NOT_BE
        return None


def check(name: str, before: CodeGrid, region: Region, after: EditResult) -> None:
    grid = after.grid
    # A grid checks its own shape, length and range when it is made.
    assert 0 <= grid.codes.min() <= grid.codes.max() < grid.codebook_size
    start, stop, levels = region.resolve(*before.codes.shape)
    locked = before.locked
    if locked is not None and name not in CROP:
        last = int(np.flatnonzero(locked.any(1))[-1]) + 1
        assert np.array_equal(grid.codes[:last][locked[:last]], before.codes[:last][locked[:last]])
        if name not in LOCKS:
            assert np.array_equal(np.argwhere(grid.locked), np.argwhere(locked))
    elif locked is None:
        assert after.kept_back == 0
    if name in IN_PLACE | WITH_MODEL:
        outside = np.ones(before.codes.shape, dtype=bool)
        outside[start:stop, levels] = False
        assert np.array_equal(grid.codes[outside], before.codes[outside])
    if region.levels is not None and name not in CROP | LOCKS:
        others = [level for level in range(before.codes.shape[1]) if level not in levels]
        if others:
            assert np.array_equal(grid.codes[:, others], before.codes[:, others])
    if name in LOCKS:
        assert np.array_equal(grid.codes, before.codes)


@given(sequence=steps(), T=st.integers(1, 12))
@settings(max_examples=150)
def test_any_sequence_of_edits(new_grid, sequence, T: int) -> None:
    start = new_grid(T, Q=3, codebook_size=5, codebook_hash=model().model.codebook_hash())
    history, grids = History(start), [start]
    for name, first, length, levels, n in sequence:
        before = history.grid
        region = region_at(before, first, length, levels)
        after = attempt(before, name, region, n)
        if after is not None:
            check(name, before, region, after)
            grids.append(history.add(name, after.grid))
    # A sequence of refusals would show nothing.
    assume(len(grids) > 1)
    for grid in reversed(grids[:-1]):
        assert history.undo() == grid
    assert history.undo() == start
    for grid in grids[1:]:
        assert history.redo() == grid
    assert history.redo() == grids[-1]
