"""Edits of a grid as numbers: paint, cut, paste, move, swap, lock. None of them needs the model.

Each takes a grid and a `Region` and returns an `EditResult` with a new grid. Locked cells stay as
they are. The same edits by the words of the command line are in `distill.workflows.edit`.
"""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_grid
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.rearrange import LONGEST_EDIT, EditResult, overwrite, rearrange
from distill.inference.codes.region import WHOLE, Region
from distill.settings import check_seed

AUDIBLE_DB = 1.0
"""Difference of level (dB) that is worth a remark: about the least that listeners notice."""

PasteMode = Literal["insert", "overwrite", "repeat"]


# --- codes in their place -------------------------------------------------------------------------


def set_code(
    grid: CodeGrid,
    code: int | np.ndarray,
    region: Region = WHOLE,
) -> EditResult:
    """Paint a region with one `code`, which then drones, or with codes `[t, q]` for every cell.

    Raises `UsageError` for codes that the codebook lacks, or that do not have the region's shape.
    """
    start, stop, levels = region.resolve(*grid.codes.shape)
    if isinstance(code, int):
        # Checked before numpy sees it, which holds no number beyond 64 bits.
        _check_code(grid, code)
    paint = np.asarray(code)
    cell_count = (stop - start, len(levels))
    if paint.dtype.kind not in "iu" or paint.shape not in ((), cell_count):
        raise UsageError("Paint with one code, or with a code for every cell of the region.")
    _check_code(grid, int(paint.min()), int(paint.max()))

    codes = grid.codes.copy()
    codes[start:stop, levels] = paint
    return overwrite(grid, codes)


def replace_code(
    grid: CodeGrid,
    old: int,
    new: int,
    region: Region = WHOLE,
) -> EditResult:
    """Put code `new` wherever `old` occurs: one colour of the sound changes, its rhythm stays."""
    start, stop, levels = region.resolve(*grid.codes.shape)
    _check_code(grid, old, new)
    # A copy each time: grids share nothing that could change.
    codes = grid.codes.copy()
    part = codes[start:stop, levels]
    codes[start:stop, levels] = np.where(part == old, new, part)
    return overwrite(grid, codes)


def _check_code(grid: CodeGrid, *codes: int) -> None:
    last = grid.codebook_size - 1
    for code in codes:
        if not 0 <= code <= last:
            raise UsageError(
                f"There is no code {code}: the codes of this sound go from 0 to {last}."
            )


# --- time -----------------------------------------------------------------------------------------


def crop(grid: CodeGrid, region: Region) -> EditResult:
    """Keep a stretch of time alone, with all its levels and locks, as a sound of its own.

    Locks outside it are lost; the remark counts them.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if len(levels) < Q:
        raise UsageError(
            "A crop holds all levels: leave out --levels, or use transplant for some of them."
        )
    # The last frame of the sound may be partly filled, any other is full.
    end = grid.n_samples if stop == T else stop * grid.frame_hop
    part = replace(
        grid,
        codes=grid.codes[start:stop],
        locked=None if grid.locked is None else grid.locked[start:stop],
        seams=tuple(seam - start for seam in grid.seams if start < seam < stop),
        n_samples=end - start * grid.frame_hop,
    )
    return EditResult.between(grid, part, remark=_about_lost_locks(grid, part))


def _about_lost_locks(grid: CodeGrid, part: CodeGrid) -> str:
    before = grid.locked_count
    loss = before - part.locked_count
    if loss == 0:
        return ""
    return f"Of {before} locked codes, {loss} lay outside and are left out."


def cut(grid: CodeGrid, region: Region) -> EditResult:
    """Take a stretch of time out; everything after it moves up.

    If only some levels are cut, or something later is locked, the length stays and the last codes
    are held.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    order = np.delete(np.arange(T), slice(start, stop))
    return rearrange(grid, order, levels)


def copy(
    grid: CodeGrid,
    region: Region,
    at: int,
    mode: PasteMode = "insert",
    stop: int | None = None,
) -> EditResult:
    """Play a region once more, beginning at frame `at`.

    Args:
        grid: The grid to edit.
        region: The region to copy.
        at: Frame at which the copy begins.
        mode: As in `paste`.
        stop: As in `paste`.
    """
    first, last, levels = region.resolve(*grid.codes.shape)
    clip = crop(grid, Region(first, last)).grid
    return paste(grid, clip, at, mode, stop, tuple(levels))


def paste(
    grid: CodeGrid,
    clip: CodeGrid,
    at: int,
    mode: PasteMode = "insert",
    stop: int | None = None,
    levels: tuple[int, ...] | None = None,
) -> EditResult:
    """Bring `clip` into `grid` at frame `at`.

    A clip that reaches over the end makes the sound longer, unless only some levels come in or
    something from `at` on is locked.

    Args:
        grid: The grid to edit.
        clip: The frames to bring in, of the same codec.
        at: Frame at which the clip begins, from 0 to `T`.
        mode: `insert` makes room, `overwrite` replaces the frames that are there, `repeat` replaces
            them up to `stop` with the clip again and again.
        stop: End of `repeat`, in frames; None is the end of the sound.
        levels: Levels to bring in, from 0; None is all of them.
    """
    check_fits_grid(grid, clip)
    if mode not in get_args(PasteMode):
        raise UsageError(f"There is no --mode '{mode}': choose {', '.join(get_args(PasteMode))}.")
    T, Q = grid.codes.shape
    _check_frame(at, T)
    _, _, level_indices = Region(levels=levels).resolve(T, Q)

    # `rearrange` counts the frames of the clip from T on.
    own = np.arange(T)
    insertion = T + np.arange(len(clip.codes))
    if mode == "repeat":
        _, end, _ = Region(at, stop).resolve(T, Q)
        insertion = np.resize(insertion, end - at)
    rest = own[at:] if mode == "insert" else own[at + len(insertion) :]
    order = np.concatenate((own[:at], insertion, rest))

    result = rearrange(grid, order, level_indices, clip)
    return replace(result, remark=_join(result.remark, _about_level(grid, clip)))


def move(
    grid: CodeGrid,
    region: Region,
    at: int,
) -> EditResult:
    """Play a region at another time, beginning at frame `at`; the rest closes up behind it."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    # The region must still fit behind `at`.
    _check_frame(at, T - (stop - start))
    rest = np.delete(np.arange(T), slice(start, stop))
    order = np.insert(rest, at, np.arange(start, stop))
    return rearrange(grid, order, levels)


def reverse(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Play the frames of a region backwards: swells become fades.

    Each single frame (21 ms at 47 frames/s) still sounds forward.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    order = np.arange(T)
    order[start:stop] = order[start:stop][::-1]
    return rearrange(grid, order, levels)


def repeat(
    grid: CodeGrid,
    region: Region,
    times: int = 2,
) -> EditResult:
    """Play a region `times` times in a row; everything after it makes room."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    # Checked before any array of that length is made.
    if times < 1 or T + (times - 1) * (stop - start) > LONGEST_EDIT:
        raise UsageError(
            f"--times must be at least 1, and the sound at most {LONGEST_EDIT:,} frames long."
        )
    own = np.arange(T)
    order = np.concatenate((own[:start], *[own[start:stop]] * times, own[stop:]))
    return rearrange(grid, order, levels)


def stretch(
    grid: CodeGrid,
    region: Region,
    factor: float,
) -> EditResult:
    """Make a region `factor` times as long at the same pitch, by repeating or dropping frames.

    Up to a factor of 2 it sounds slower; far above, single moments stand still.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    old_length = stop - start
    if not 0 < factor <= LONGEST_EDIT or T + factor * old_length > LONGEST_EDIT:
        raise UsageError(
            f"--factor must be above 0, and the sound at most {LONGEST_EDIT:,} frames long."
        )
    new_length = max(1, round(factor * old_length))
    # Each new frame takes the old one that its middle falls into, in whole numbers throughout.
    twice_middle = np.arange(new_length) * 2 + 1
    inner = start + twice_middle * old_length // (2 * new_length)
    own = np.arange(T)
    order = np.concatenate((own[:start], inner, own[stop:]))
    return rearrange(grid, order, levels)


def shuffle(
    grid: CodeGrid,
    region: Region = WHOLE,
    block: int = 1,
    seed: int = 0,
) -> EditResult:
    """Play a region in blocks of `block` frames, in an order that `seed` alone decides."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if not 1 <= block <= T:
        raise UsageError(f"--block must be from 1 frame to the whole sound ({T} frames).")
    check_seed(seed)

    block_starts = np.random.default_rng(seed).permutation(np.arange(start, stop, block))
    frames = (block_starts[:, None] + np.arange(block)).ravel()
    # The last block may reach over the end of the region.
    inner = frames[frames < stop]
    own = np.arange(T)
    order = np.concatenate((own[:start], inner, own[stop:]))
    return rearrange(grid, order, levels)


def _check_frame(at: int, last: int) -> None:
    if not 0 <= at <= last:
        raise UsageError(f"--at must be a frame from 0f to {last}f here, not {at}f.")


# --- two sounds -----------------------------------------------------------------------------------


def swap(
    a: CodeGrid,
    b: CodeGrid,
    region: Region = WHOLE,
) -> tuple[EditResult, EditResult]:
    """Exchange a region between two sounds, as far as both last: `(new a, new b)`."""
    return transplant(a, b, region), transplant(b, a, shared_region(a, b, region))


def transplant(
    a: CodeGrid,
    b: CodeGrid,
    region: Region = WHOLE,
) -> EditResult:
    """Give `a` a region of `b` at the same time: the structure of one with the timbre of the other.

    `a` keeps its length; where `b` has ended, `a` keeps its own codes.
    """
    # Beyond the end of `b` nothing can be taken.
    start, stop, levels = shared_region(a, b, region).resolve(*a.codes.shape)
    codes = a.codes.copy()
    codes[start:stop, levels] = b.codes[start:stop, levels]
    return overwrite(a, codes, about_pair(a, b, region))


def shared_region(
    a: CodeGrid,
    b: CodeGrid,
    region: Region,
) -> Region:
    """`region` of `a`, cut off where `b` ends.

    Raises:
        CodebookMismatchError: The grids are of different codecs.
        UsageError: `b` ends before the region begins.
    """
    check_fits_grid(a, b)
    _, stop, _ = region.resolve(*a.codes.shape)
    if region.start >= len(b.codes):
        raise UsageError(
            f"'{b.source}' has ended before frame {region.start}: let --from be earlier."
        )
    return replace(region, stop=min(stop, len(b.codes)))


def about_pair(
    a: CodeGrid,
    b: CodeGrid,
    region: Region,
) -> str:
    """Tell the user if `b`, the sound that `a` takes a region from, has another length or level."""
    T_a = len(a.codes)
    T_b = len(b.codes)
    stop = T_a if region.stop is None else region.stop
    about_length = ""
    if T_b < stop:
        about_length = (
            f"The other sound ('{b.source}') ends at {T_b / a.frame_rate:.2f} s: "
            "after that, this sound continues."
        )
    elif region.stop is None and T_b > T_a:
        about_length = (
            f"The other sound ('{b.source}') is longer: "
            f"its part after {T_a / a.frame_rate:.2f} s is not used."
        )
    return _join(about_length, _about_level(a, b))


def _about_level(a: CodeGrid, b: CodeGrid) -> str:
    """Tell the user if codes of `b` sound louder or softer in `a`, which keeps its own gain."""
    difference_db = 20 * np.log10(a.gain / b.gain)
    if abs(difference_db) < AUDIBLE_DB:
        return ""
    direction = "louder" if difference_db > 0 else "softer"
    return (
        f"'{b.source}' sounds {abs(difference_db):.1f} dB {direction} here than in its own file: "
        "the result keeps this sound's level."
    )


def _join(*remarks: str) -> str:
    return " ".join(remark for remark in remarks if remark)


# --- locks ----------------------------------------------------------------------------------------


def lock(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Protect a region: no edit changes its codes or moves it in time until it is unlocked.

    A crop takes the locks inside it along.
    """
    return EditResult.between(grid, _with_lock(grid, region, True))


def unlock(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Let edits change a region again."""
    return EditResult.between(grid, _with_lock(grid, region, False))


def _with_lock(
    grid: CodeGrid,
    region: Region,
    is_locked: bool,
) -> CodeGrid:
    start, stop, levels = region.resolve(*grid.codes.shape)
    cells = np.zeros(grid.codes.shape, dtype=bool) if grid.locked is None else grid.locked.copy()
    cells[start:stop, levels] = is_locked
    return replace(grid, locked=cells)
