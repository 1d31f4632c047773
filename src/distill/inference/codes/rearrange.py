"""Frames of a grid in another order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from distill.errors import UsageError
from distill.inference.codes.grid import CodeGrid

LONGEST_EDIT = 1 << 20
"""Frames that an edit may make of a sound: six hours at 47 frames/s."""


@dataclass(frozen=True)
class EditResult:
    """A `grid` after an edit.

    `kept_back` counts the locked cells that it would have changed, `remark` says in a sentence what
    went another way than asked. `distance` `[t]` tells of blended frames how far they lie from what
    was asked for: as a share of the distance between the two sounds there.
    """

    grid: CodeGrid
    kept_back: int = 0
    remark: str = ""
    distance: np.ndarray | None = None


def overwrite(
    grid: CodeGrid, codes: np.ndarray, remark: str = "", seams: Iterable[int] | None = None
) -> EditResult:
    """`grid` with `codes` `[T, Q]`, but for the cells that are locked.

    Its `seams` are those that it had, and where the first change begins and the last one ends, if
    none are given.
    """
    kept_back = 0
    if grid.locked is not None:
        kept_back = int(np.count_nonzero(grid.locked & (codes != grid.codes)))
        codes = np.where(grid.locked, grid.codes, codes)
    if seams is None:
        changed = np.flatnonzero((codes != grid.codes).any(1))
        seams = {*grid.seams, *([int(changed[0]), int(changed[-1]) + 1] if len(changed) else [])}
    return EditResult(
        replace(grid, codes=codes, seams=_within(seams, len(codes))), kept_back, remark
    )


def _within(seams: Iterable[int], T: int) -> tuple[int, ...]:
    return tuple(sorted(seam for seam in set(seams) if 0 < seam < T))


def rearrange(
    grid: CodeGrid, order: np.ndarray, levels: list[int], clip: CodeGrid | None = None
) -> EditResult:
    """`grid` with frame `order[t]` at `t`: its own frames up to `T`, those of `clip` from `T` on.

    Locked cells keep their place in time as well as their code. So the length follows `order` only
    if all `levels` do and nothing from the first change on is locked; else it stays, and a level
    that gets shorter holds its last code. Where the last frame stays the last, it stays as partly
    filled as it was. `UsageError` for nothing left, or too much.
    """
    T, Q = grid.codes.shape
    if len(order) == 0:
        raise UsageError("This edit would leave nothing of the sound: choose a smaller region.")
    if len(order) > LONGEST_EDIT:
        raise UsageError(
            f"This edit would make more than {LONGEST_EDIT:,} frames: choose a smaller region."
        )
    codes = (grid.codes if clip is None else np.concatenate((grid.codes, clip.codes)))[order]
    seams = _seams(order, {*grid.seams, T, *(T + seam for seam in (clip.seams if clip else ()))})
    if len(order) != T and len(levels) == Q and not _is_locked_from(grid, _first_change(order, T)):
        return EditResult(_resized(grid, codes, seams, keeps_tail=order[-1] == T - 1))
    new = grid.codes.copy()
    new[:, levels] = np.pad(codes[:T, levels], ((0, max(0, T - len(codes))), (0, 0)), mode="edge")
    if len(levels) < Q or grid.locked is not None:
        seams |= {*grid.seams}
    return overwrite(grid, new, _on_length(len(codes), T, whole=len(levels) == Q), seams)


def _seams(order: np.ndarray, known: Iterable[int]) -> set[int]:
    """Where frames meet that were no neighbours, or between which a `known` seam lay.

    Neighbours that play backwards or several times make none.
    """
    step, later = np.diff(order), np.maximum(order[1:], order[:-1])
    meets = (np.abs(step) > 1) | ((step != 0) & np.isin(later, list(known)))
    return {int(seam) + 1 for seam in np.flatnonzero(meets)}


def _first_change(order: np.ndarray, T: int) -> int:
    common = min(len(order), T)
    moved = np.flatnonzero(order[:common] != np.arange(common))
    return int(moved[0]) if len(moved) else common


def _is_locked_from(grid: CodeGrid, frame: int) -> bool:
    return grid.locked is not None and bool(grid.locked[frame:].any())


def _resized(grid: CodeGrid, codes: np.ndarray, seams: Iterable[int], keeps_tail: bool) -> CodeGrid:
    """`grid` with `codes` of another length; nothing that is locked lies where they differ."""
    T = len(codes)
    unfilled = len(grid.codes) * grid.frame_hop - grid.n_samples if keeps_tail else 0
    locked = grid.locked
    if locked is not None:
        locked = np.pad(locked[:T], ((0, max(0, T - len(locked))), (0, 0)))
    n_samples = T * grid.frame_hop - unfilled
    return replace(grid, codes=codes, locked=locked, seams=_within(seams, T), n_samples=n_samples)


def _on_length(wanted: int, T: int, whole: bool) -> str:
    if wanted == T:
        return ""
    why = "something later is locked" if whole else "only some levels were edited"
    what = "their last code is held to the end" if wanted < T else "what passed the end is lost"
    return f"The length stays, since {why}: {what}."
