"""Edits of codes as numbers, each of a region: nothing here needs the model. Locked cells are left
as they are."""

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

PasteMode = Literal["insert", "overwrite", "repeat"]


# --- codes in their place -------------------------------------------------------------------------


def set_code(grid: CodeGrid, code: int | np.ndarray, region: Region = WHOLE) -> EditResult:
    """Paint a region with one `code` (it drones there), or with codes of its own `[t, q]`.

    `UsageError` for what the codebook does not hold.
    """
    start, stop, levels = region.resolve(*grid.codes.shape)
    if isinstance(code, int):
        # Before numpy sees it, which has no number beyond 64 bits.
        _check_code(grid, code)
    painted = np.asarray(code)
    if painted.dtype.kind not in "iu" or painted.shape not in ((), (stop - start, len(levels))):
        raise UsageError("Paint with one code, or with a code for every cell of the region.")
    _check_code(grid, int(painted.min()), int(painted.max()))
    codes = grid.codes.copy()
    codes[start:stop, levels] = painted
    return overwrite(grid, codes)


def replace_code(grid: CodeGrid, old: int, new: int, region: Region = WHOLE) -> EditResult:
    """Put another code wherever `old` stands: one colour of the sound becomes another, in
    rhythm."""
    start, stop, levels = region.resolve(*grid.codes.shape)
    _check_code(grid, old, new)
    codes = grid.codes.copy()
    part = codes[start:stop, levels]
    codes[start:stop, levels] = np.where(part == old, new, part)
    return overwrite(grid, codes)


def _check_code(grid: CodeGrid, *codes: int) -> None:
    for code in codes:
        if not 0 <= code < grid.codebook_size:
            raise UsageError(
                f"There is no code {code}: the codes of this sound go from 0 to {grid.codebook_size - 1}."
            )


# --- time -----------------------------------------------------------------------------------------


def crop(grid: CodeGrid, region: Region) -> EditResult:
    """Keep a stretch of time alone, all levels and locks of it: a sound of its own that begins
    there.

    What is locked outside of it is not in that sound; the remark says so.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if len(levels) < Q:
        raise UsageError(
            "A crop holds all levels: leave out --levels, or use transplant for some of them."
        )
    n_samples = (grid.n_samples if stop == T else stop * grid.frame_hop) - start * grid.frame_hop
    locked = None if grid.locked is None else grid.locked[start:stop]
    seams = tuple(seam - start for seam in grid.seams if start < seam < stop)
    kept = replace(
        grid, codes=grid.codes[start:stop], locked=locked, seams=seams, n_samples=n_samples
    )
    return EditResult(kept, remark=_about_locks(grid, kept))


def _about_locks(grid: CodeGrid, part: CodeGrid) -> str:
    held, still_held = (0 if of.locked is None else int(of.locked.sum()) for of in (grid, part))
    return (
        ""
        if held == still_held
        else f"Of {held} locked codes, {held - still_held} lay outside and are left out."
    )


def cut(grid: CodeGrid, region: Region) -> EditResult:
    """Take a stretch of time out; what follows moves up to it.

    Of some levels only, or with something locked later, the length stays and the last codes are
    held.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    return rearrange(grid, np.delete(np.arange(T), slice(start, stop)), levels)


def copy(
    grid: CodeGrid, region: Region, at: int, mode: PasteMode = "insert", stop: int | None = None
) -> EditResult:
    """Play a region once more from frame `at` on; see `paste` for the three modes."""
    start, end, levels = region.resolve(*grid.codes.shape)
    clip = crop(grid, Region(start, end)).grid
    return paste(grid, clip, at, mode, stop, tuple(levels))


def paste(
    grid: CodeGrid,
    clip: CodeGrid,
    at: int,
    mode: PasteMode = "insert",
    stop: int | None = None,
    levels: tuple[int, ...] | None = None,
) -> EditResult:
    """Bring in `clip` at frame `at`: what follows makes room (`insert`), is played over
    (`overwrite`), or is played over up to `stop` (None: the end) by the clip again and again
    (`repeat`).

    A clip that reaches over the end makes the sound longer, unless only some `levels` come in or
    something from `at` on is locked.
    """
    check_fits_grid(grid, clip)
    if mode not in get_args(PasteMode):
        raise UsageError(f"There is no --mode '{mode}': choose {', '.join(get_args(PasteMode))}.")
    T, Q = grid.codes.shape
    _check_frame(at, T)
    _, _, chosen = Region(levels=levels).resolve(T, Q)
    own, brought = np.arange(T), T + np.arange(len(clip.codes))
    if mode == "repeat":
        _, end, _ = Region(at, stop).resolve(T, Q)
        brought = np.resize(brought, end - at)
    rest = own[at:] if mode == "insert" else own[at + len(brought) :]
    edited = rearrange(grid, np.concatenate((own[:at], brought, rest)), chosen, clip)
    return replace(edited, remark=_join(edited.remark, _about_level(grid, clip)))


def move(grid: CodeGrid, region: Region, at: int) -> EditResult:
    """Play a region at another time, beginning at frame `at`; what was between closes up. The
    length stays."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    _check_frame(at, T - (stop - start))
    rest = np.delete(np.arange(T), slice(start, stop))
    return rearrange(grid, np.insert(rest, at, np.arange(start, stop)), levels)


def reverse(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Play a region from its end to its beginning: swells become fades, though each frame (21 ms)
    runs forward."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    order = np.arange(T)
    order[start:stop] = order[start:stop][::-1]
    return rearrange(grid, order, levels)


def repeat(grid: CodeGrid, region: Region, times: int = 2) -> EditResult:
    """Play a region `times` times in a row; what follows makes room."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if times < 1 or T + (times - 1) * (stop - start) > LONGEST_EDIT:
        raise UsageError(
            f"--times must be at least 1, and the sound at most {LONGEST_EDIT:,} frames long."
        )
    own = np.arange(T)
    return rearrange(
        grid, np.concatenate((own[:start], *[own[start:stop]] * times, own[stop:])), levels
    )


def stretch(grid: CodeGrid, region: Region, factor: float) -> EditResult:
    """Make a region last `factor` times as long at the same pitch: frames are repeated or left out.

    Up to about 2 it sounds slower, far above like a row of frozen moments.
    """
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if not 0 < factor <= LONGEST_EDIT or T + factor * (stop - start) > LONGEST_EDIT:
        raise UsageError(
            f"--factor must be above 0, and the sound at most {LONGEST_EDIT:,} frames long."
        )
    length = max(1, round(factor * (stop - start)))
    # The middle of each new frame says which old one it falls into.
    inner = start + (np.arange(length) * 2 + 1) * (stop - start) // (2 * length)
    own = np.arange(T)
    return rearrange(grid, np.concatenate((own[:start], inner, own[stop:])), levels)


def shuffle(grid: CodeGrid, region: Region = WHOLE, block: int = 1, seed: int = 0) -> EditResult:
    """Cut a region into blocks of `block` frames and play them in random order; the same `seed`,
    the same order."""
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    if not 1 <= block <= T:
        raise UsageError(f"--block must be from 1 frame to the whole sound ({T} frames).")
    check_seed(seed)
    begins = np.random.default_rng(seed).permutation(np.arange(start, stop, block))
    turned = (begins[:, None] + np.arange(block)).ravel()
    own = np.arange(T)
    return rearrange(grid, np.concatenate((own[:start], turned[turned < stop], own[stop:])), levels)


def _check_frame(at: int, last: int) -> None:
    if not 0 <= at <= last:
        raise UsageError(f"--at must be a frame from 0f to {last}f here, not {at}f.")


# --- two sounds -----------------------------------------------------------------------------------


def swap(a: CodeGrid, b: CodeGrid, region: Region = WHOLE) -> tuple[EditResult, EditResult]:
    """Exchange a region between two sounds: each goes on as the other there, as far as both
    last."""
    return transplant(a, b, region), transplant(b, a, shared_region(a, b, region))


def transplant(a: CodeGrid, b: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Give `a` a region of `b`, at the same time: the structure of one with the timbre of the
    other.

    The length of `a` holds; where `b` has ended, `a` goes on as itself.
    """
    start, stop, levels = shared_region(a, b, region).resolve(*a.codes.shape)
    codes = a.codes.copy()
    codes[start:stop, levels] = b.codes[start:stop, levels]
    return overwrite(a, codes, about_pair(a, b, region))


def shared_region(a: CodeGrid, b: CodeGrid, region: Region) -> Region:
    """`region` of `a` as far as `b` lasts; `CodebookMismatchError` for other codes, `UsageError`
    for nothing shared."""
    check_fits_grid(a, b)
    _, stop, _ = region.resolve(*a.codes.shape)
    if region.start >= len(b.codes):
        raise UsageError(
            f"'{b.source}' has ended before frame {region.start}: let --from be earlier."
        )
    return replace(region, stop=min(stop, len(b.codes)))


def about_pair(a: CodeGrid, b: CodeGrid, region: Region) -> str:
    """What to say when `a` takes a region from a `b` of another length or level."""
    T_a, T_b = len(a.codes), len(b.codes)
    length = ""
    if T_b < (T_a if region.stop is None else region.stop):
        length = f"The other sound ('{b.source}') ends at {T_b / a.frame_rate:.2f} s: from there on this one goes on."
    elif region.stop is None and T_b > T_a:
        length = f"The other sound ('{b.source}') is longer: what it has after {T_a / a.frame_rate:.2f} s is left out."
    return _join(length, _about_level(a, b))


def _about_level(a: CodeGrid, b: CodeGrid) -> str:
    louder = 20 * np.log10(a.gain / b.gain)
    if abs(louder) < AUDIBLE_DB:
        return ""
    how = f"{abs(louder):.1f} dB {'louder' if louder > 0 else 'softer'}"
    return f"What the other sound ('{b.source}') brings plays {how} than there: the level of this one holds."


def _join(*remarks: str) -> str:
    return " ".join(remark for remark in remarks if remark)


# --- locks ----------------------------------------------------------------------------------------


def lock(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Hold a region: no edit changes its codes or moves it in time until it is unlocked.

    A crop makes a sound of its own, in which what it keeps is still held.
    """
    return EditResult(_with_lock(grid, region, True))


def unlock(grid: CodeGrid, region: Region = WHOLE) -> EditResult:
    """Let edits change a region again."""
    return EditResult(_with_lock(grid, region, False))


def _with_lock(grid: CodeGrid, region: Region, held: bool) -> CodeGrid:
    start, stop, levels = region.resolve(*grid.codes.shape)
    locked = np.zeros(grid.codes.shape, dtype=bool) if grid.locked is None else grid.locked.copy()
    locked[start:stop, levels] = held
    return replace(grid, locked=locked)
