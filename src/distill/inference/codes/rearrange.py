"""The last step of every edit: new codes in place, or frames in another order.

Both keep the same promises. Locked cells keep their code and their place in time. Every place where
an edit broke the continuity of the sound is noted as a seam, which `heal` can mend later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from distill.errors import UsageError
from distill.inference.codes.grid import CodeGrid

LONGEST_EDIT = 1 << 20
"""Code frames that an edit may make of a sound: six hours at 47 frames/s."""


@dataclass(frozen=True)
class EditResult:
    """A grid after an edit, with what there is to say about it.

    Args:
        grid: The grid after the edit.
        kept_back: Number of locked cells that the edit would have changed.
        remark: A sentence for the user if the edit did less than its name says, or "".
        distance: `[t]` for each blended frame, its distance from the exact blend, relative to the
            distance between both sounds; None for other edits.
        changed: First frame of `grid` with another code or lock than before, and the frame after
            the last; up to the end where the length is another. None where all is as before.
    """

    grid: CodeGrid
    kept_back: int = 0
    remark: str = ""
    distance: np.ndarray | None = None
    changed: tuple[int, int] | None = None

    @classmethod
    def between(
        cls, before: CodeGrid, after: CodeGrid, kept_back: int = 0, remark: str = ""
    ) -> Self:
        """The result of an edit that made `after` of `before`."""
        span = changed_frames(before, after)
        return cls(grid=after, kept_back=kept_back, remark=remark, changed=span)


def changed_frames(before: CodeGrid, after: CodeGrid) -> tuple[int, int] | None:
    """Frames in which `after` differs, as in `EditResult.changed`."""
    T = len(after.codes)
    overlap = min(len(before.codes), T)
    differs = (before.codes[:overlap] != after.codes[:overlap]).any(1)
    if before.locked is not None or after.locked is not None:
        differs |= (_locks(before)[:overlap] != _locks(after)[:overlap]).any(1)
    frames = np.flatnonzero(differs)
    if len(before.codes) != T:
        return int(frames[0]) if len(frames) else overlap, T
    return (int(frames[0]), int(frames[-1]) + 1) if len(frames) else None


def _locks(grid: CodeGrid) -> np.ndarray:
    """The locked cells `[T, Q]` (bool), also of a grid without any."""
    return np.zeros(grid.codes.shape, bool) if grid.locked is None else grid.locked


def overwrite(
    grid: CodeGrid,
    codes: np.ndarray,
    remark: str = "",
    seams: Iterable[int] | None = None,
) -> EditResult:
    """Put `codes` in the place of the grid's own, except where cells are locked.

    Args:
        grid: The grid to edit.
        codes: The new codes `[T, Q]`, of the shape of the old.
        remark: Passed on to the result.
        seams: All seams of the result. By default the first and the last change are added to the
            seams of `grid`.
    """
    kept_back = 0
    # Locked cells keep their codes; the user is told how many would have changed.
    if grid.locked is not None:
        kept_back = int(np.count_nonzero(grid.locked & (codes != grid.codes)))
        codes = np.where(grid.locked, grid.codes, codes)

    if seams is None:
        changed_frames = np.flatnonzero((codes != grid.codes).any(1))
        seams = set(grid.seams)
        if len(changed_frames):
            seams |= {int(changed_frames[0]), int(changed_frames[-1]) + 1}
    new = replace(grid, codes=codes, seams=_seams_inside(seams, len(codes)))
    return EditResult.between(grid, new, kept_back, remark)


def rearrange(
    grid: CodeGrid,
    order: np.ndarray,
    levels: list[int],
    clip: CodeGrid | None = None,
) -> EditResult:
    """Play the frames of `grid` in another order.

    The length follows `order` only if all levels are edited and nothing from the first change on is
    locked. Otherwise the length stays, and a level that would get shorter holds its last code. If
    the last frame stays last, it stays as partly filled as it was.

    Args:
        grid: The grid to edit, with `T` frames.
        order: The source `[new T]` of each new frame: frames of `grid` below `T`, those of `clip`
            from `T` on.
        levels: The levels that are edited, from 0; the others stay as they are.
        clip: Frames to bring in, of the same codec.

    Raises:
        UsageError: Nothing would be left, or too much.
    """
    T, Q = grid.codes.shape
    if len(order) == 0:
        raise UsageError("This edit would leave nothing of the sound: choose a smaller region.")
    if len(order) > LONGEST_EDIT:
        raise UsageError(
            f"This edit would make more than {LONGEST_EDIT:,} frames: choose a smaller region."
        )

    # Seams of both sounds are counted along the frames that `order` refers to. The place where the
    # clip follows the grid, frame T, is a seam as well.
    source_codes = grid.codes
    source_seams = {*grid.seams, T}
    if clip is not None:
        source_codes = np.concatenate((grid.codes, clip.codes))
        source_seams.update(T + seam for seam in clip.seams)
    codes = source_codes[order]
    seams = _find_seams(order, source_seams)

    edits_all_levels = len(levels) == Q
    changes_length = len(order) != T
    if changes_length and edits_all_levels and not _is_locked_from(grid, _first_change(order, T)):
        ends_alike = order[-1] == T - 1
        return EditResult.between(grid, _resize(grid, codes, seams, keeps_tail=ends_alike))

    # The length stays: too few frames are filled up with the last code, too many are cut off.
    missing = max(0, T - len(codes))
    new = grid.codes.copy()
    new[:, levels] = np.pad(codes[:T, levels], ((0, missing), (0, 0)), mode="edge")
    if not edits_all_levels or grid.locked is not None:
        # Cells that did not move still have their old neighbours.
        seams |= set(grid.seams)
    return overwrite(grid, new, _about_length(len(codes), T, edits_all_levels), seams)


def _seams_inside(seams: Iterable[int], T: int) -> tuple[int, ...]:
    """Seams in order, without those at or beyond the ends of `T` frames."""
    return tuple(sorted(seam for seam in set(seams) if 0 < seam < T))


def _find_seams(order: np.ndarray, source_seams: Iterable[int]) -> set[int]:
    """Frames at which the new order is discontinuous.

    Frames that were no neighbours meet in a seam, and a seam between neighbours is carried along.
    Neighbours that play backwards, and a frame that is repeated, make none.
    """
    # A seam lies before the later of two neighbours, whichever way they play.
    step = np.diff(order)
    later = np.maximum(order[1:], order[:-1])
    is_jump = np.abs(step) > 1
    crosses_seam = (step != 0) & np.isin(later, list(source_seams))
    return {int(seam) + 1 for seam in np.flatnonzero(is_jump | crosses_seam)}


def _first_change(order: np.ndarray, T: int) -> int:
    """The first frame that `order` moves, or that it adds or drops at the end."""
    overlap = min(len(order), T)
    moves = np.flatnonzero(order[:overlap] != np.arange(overlap))
    return int(moves[0]) if len(moves) else overlap


def _is_locked_from(grid: CodeGrid, frame: int) -> bool:
    return grid.locked is not None and bool(grid.locked[frame:].any())


def _resize(
    grid: CodeGrid,
    codes: np.ndarray,
    seams: Iterable[int],
    keeps_tail: bool,
) -> CodeGrid:
    """`grid` with `codes` of another length; no locked cell may lie where they differ.

    `keeps_tail` says that the last frame is still the last, which may be partly filled.
    """
    # Only the last frame can be partly filled, and only if it is still the last.
    T = len(codes)
    missing = len(grid.codes) * grid.frame_hop - grid.n_samples if keeps_tail else 0
    is_locked = grid.locked
    if is_locked is not None:
        n_new = max(0, T - len(is_locked))
        is_locked = np.pad(is_locked[:T], ((0, n_new), (0, 0)))
    return replace(
        grid,
        codes=codes,
        locked=is_locked,
        seams=_seams_inside(seams, T),
        n_samples=T * grid.frame_hop - missing,
    )


def _about_length(
    new_length: int,
    T: int,
    edits_all_levels: bool,
) -> str:
    """Tell the user why the length stays at `T` frames where the edit wanted another."""
    if new_length == T:
        return ""
    why = "something later is locked" if edits_all_levels else "only some levels were edited"
    if new_length < T:
        effect = "their last code is held to the end"
    else:
        effect = "what passed the end is lost"
    return f"The length stays, since {why}: {effect}."
