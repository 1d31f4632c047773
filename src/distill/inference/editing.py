"""A sound as a grid of codes that one edits: columns are time, rows are Structure, Timbre, …, Detail."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from distill.errors import CodebookMismatchError, UsageError
from distill.inference.regions import Region, is_in_frames, parse_levels, parse_time

LARGEST_GAIN = 1e6
LARGEST_WIDTH = 1e3
LARGEST_CODEBOOK = 1 << 20
LARGEST_RATE = 1_000_000
LARGEST_LENGTH = 1 << 40
LONGEST_EDIT = 1 << 20
"""Frames that an edit may make of a sound: six hours at 47 frames/s."""


@dataclass(frozen=True, eq=False)
class CodeGrid:
    """A sound as codes `[T, Q]` (frames, levels), with what it takes to decode them. It never changes.

    `frame_rate` is in Hz, `gain` the linear factor that decoding applies, `n_samples` the length of the sound
    at `sample_rate`: `T` is that many samples in whole frames. In stereo the difference of left and right is
    multiplied by `width`: 0 is mono in both. `locked` `[T, Q]` (bool) marks what edits leave alone, `seams` are the
    frames from which on the sound does not go on as it did before an edit.
    `ValueError` says what does not fit together.
    """

    codes: np.ndarray
    codebook_size: int
    codebook_hash: str
    model_id: str
    frame_rate: float
    level_names: tuple[str, ...]
    gain: float
    n_samples: int
    sample_rate: int
    channels: int
    source: str
    width: float = 1.0
    locked: np.ndarray | None = None
    seams: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_scalars(self)
        _check_codes(self)
        _check_length(self)
        _check_locked(self)
        _check_seams(self)
        self._hold("codes", self.codes.astype(np.int32))
        if self.locked is not None:
            # Nothing locked is None, so that there is one way to say so.
            self._hold("locked", self.locked.copy() if self.locked.any() else None)

    def _hold(self, name: str, array: np.ndarray | None) -> None:
        """Keep a copy of our own that nobody can write to."""
        if array is not None:
            array.setflags(write=False)
        object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CodeGrid):
            return NotImplemented
        return all(_alike(getattr(self, field.name), getattr(other, field.name)) for field in fields(self))

    __hash__ = None  # type: ignore[assignment]

    @property
    def frame_hop(self) -> int:
        """Samples a code frame."""
        return round(self.sample_rate / self.frame_rate)

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.n_samples / self.sample_rate

    def edge(self, time: str | float) -> int:
        """The frame at whose beginning `time` lies nearest: seconds (`1.5`) or frames (`70f`); `T` is the end.

        So are seconds from a quarter of a frame before the sound ends. `UsageError` for no time, or one past the end.
        """
        frames = parse_time(time, self.frame_rate)
        T = len(self.codes)
        if round(frames) > T:
            raise self._past_end(time)
        # The last frame may be partly filled, and lengths are written down to the hundredth of a second.
        is_end = not is_in_frames(time) and 0 < self.n_samples / self.frame_hop - 0.25 < frames
        return T if is_end else round(frames)

    def _first(self, time: str | float) -> int:
        """The frame that a region from `time` on begins with; `UsageError` where none is left."""
        frames = parse_time(time, self.frame_rate)
        T = len(self.codes)
        if frames >= (T if is_in_frames(time) else self.n_samples / self.frame_hop):
            raise self._past_end(time)
        # From within the second half of the last frame, that frame is left.
        return min(round(frames), T - 1)

    def _past_end(self, time: str | float) -> UsageError:
        return UsageError(f"{time} is past the end: '{self.source}' lasts {self.seconds:.2f} s ({len(self.codes)}f).")

    def region(
        self, start: str | float | None = None, stop: str | float | None = None, levels: str | None = None
    ) -> Region:
        """What `--from`, `--to` and `--levels` name: times as `edge` takes them, `1-2` or `structure,timbre`.

        A range of time is at least one frame.
        """
        chosen = None if levels is None else parse_levels(levels, self.level_names)
        start = 0 if start is None else start
        first = self._first(start)
        if stop is None:
            return Region(first, None, chosen)
        is_range = parse_time(stop, self.frame_rate) > parse_time(start, self.frame_rate)
        return Region(first, max(first + 1, self.edge(stop)) if is_range else first, chosen)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is not None and b is not None and np.array_equal(a, b)
    return bool(a == b)


# --- what fits together -------------------------------------------------------------------------------------


def _check_scalars(grid: CodeGrid) -> None:
    largest = {
        "codebook_size": LARGEST_CODEBOOK,
        "n_samples": LARGEST_LENGTH,
        "sample_rate": LARGEST_RATE,
        "channels": 256,
    }
    for name, most in largest.items():
        value = getattr(grid, name)
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"'{name}' must be a whole number from 1 to {most:,}")
    for name in ("codebook_hash", "model_id", "source"):
        if type(getattr(grid, name)) is not str:
            raise ValueError(f"'{name}' must be text")
    # Comparing is enough: NaN fails every comparison, and infinity is above the limit.
    if type(grid.gain) not in (int, float) or not 0 < grid.gain <= LARGEST_GAIN:
        raise ValueError(f"'gain' must be a number above 0 and up to {LARGEST_GAIN:g}")
    if type(grid.width) not in (int, float) or not 0 <= grid.width <= LARGEST_WIDTH:
        raise ValueError(f"'width' must be a number from 0 to {LARGEST_WIDTH:g}")
    if type(grid.frame_rate) not in (int, float) or not 1 <= grid.frame_rate <= grid.sample_rate:
        raise ValueError("'frame_rate' must be a number from 1 to the sample rate")


def _check_codes(grid: CodeGrid) -> None:
    codes = grid.codes
    if not isinstance(codes, np.ndarray) or codes.ndim != 2 or codes.dtype.kind not in "iu":
        raise ValueError("'codes' must be whole numbers in rows of equal length")
    if codes.size == 0:
        raise ValueError("'codes' must have at least one row and one level")
    if codes.min() < 0 or codes.max() >= grid.codebook_size:
        raise ValueError(f"'codes' must lie between 0 and {grid.codebook_size - 1}")
    names = grid.level_names
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise ValueError("'level_names' must be a list of names")
    if len(names) != codes.shape[1]:
        raise ValueError(f"there are {len(names)} 'level_names' for {codes.shape[1]} levels of 'codes'")


def _check_length(grid: CodeGrid) -> None:
    exact_hop = grid.sample_rate / grid.frame_rate
    hop = round(exact_hop)
    if abs(exact_hop - hop) > 1e-6 * hop:
        raise ValueError("'frame_rate' must divide 'sample_rate'")
    needed = -(-grid.n_samples // hop)
    if needed != len(grid.codes):
        raise ValueError(f"'n_samples' takes {needed} rows of 'codes', but there are {len(grid.codes)}")


def _check_locked(grid: CodeGrid) -> None:
    locked = grid.locked
    if locked is None:
        return
    if not isinstance(locked, np.ndarray) or locked.dtype != bool or locked.shape != grid.codes.shape:
        raise ValueError("'locked' must mark cells of 'codes'")


def _check_seams(grid: CodeGrid) -> None:
    seams = grid.seams
    if type(seams) is not tuple or any(type(seam) is not int for seam in seams):
        raise ValueError("'seams' must be a list of frames")
    inside = all(0 < seam < len(grid.codes) for seam in seams)
    if not inside or any(a >= b for a, b in pairwise(seams)):
        raise ValueError("'seams' must lie within 'codes', one after the other")


# --- what every edit does in the end ------------------------------------------------------------------------


@dataclass(frozen=True)
class Edited:
    """A `grid` after an edit.

    `kept_back` counts the locked cells that it would have changed, `remark` says in a sentence what went another way
    than asked. `distance` `[t]` tells of blended frames how far they lie from what was asked for: as a share of the
    distance between the two sounds there.
    """

    grid: CodeGrid
    kept_back: int = 0
    remark: str = ""
    distance: np.ndarray | None = None


def overwritten(grid: CodeGrid, codes: np.ndarray, remark: str = "", seams: Iterable[int] | None = None) -> Edited:
    """`grid` with `codes` `[T, Q]`, but for the cells that are locked.

    Its `seams` are those that it had, and where the first change begins and the last one ends, if none are given.
    """
    kept_back = 0
    if grid.locked is not None:
        kept_back = int(np.count_nonzero(grid.locked & (codes != grid.codes)))
        codes = np.where(grid.locked, grid.codes, codes)
    if seams is None:
        changed = np.flatnonzero((codes != grid.codes).any(1))
        seams = {*grid.seams, *([int(changed[0]), int(changed[-1]) + 1] if len(changed) else [])}
    return Edited(replace(grid, codes=codes, seams=_within(seams, len(codes))), kept_back, remark)


def _within(seams: Iterable[int], T: int) -> tuple[int, ...]:
    return tuple(sorted(seam for seam in set(seams) if 0 < seam < T))


def rearranged(grid: CodeGrid, order: np.ndarray, levels: list[int], clip: CodeGrid | None = None) -> Edited:
    """`grid` with frame `order[t]` at `t`: its own frames up to `T`, those of `clip` from `T` on.

    Locked cells keep their place in time as well as their code. So the length follows `order` only if all `levels`
    do and nothing from the first change on is locked; else it stays, and a level that gets shorter holds its last
    code. Where the last frame stays the last, it stays as partly filled as it was. `UsageError` for nothing left, or
    too much.
    """
    T, Q = grid.codes.shape
    if len(order) == 0:
        raise UsageError("This edit would leave nothing of the sound: choose a smaller region.")
    if len(order) > LONGEST_EDIT:
        raise UsageError(f"This edit would make more than {LONGEST_EDIT:,} frames: choose a smaller region.")
    codes = (grid.codes if clip is None else np.concatenate((grid.codes, clip.codes)))[order]
    seams = _seams(order, {*grid.seams, T, *(T + seam for seam in (clip.seams if clip else ()))})
    if len(order) != T and len(levels) == Q and not _is_locked_from(grid, _first_change(order, T)):
        return Edited(_resized(grid, codes, seams, keeps_tail=order[-1] == T - 1))
    new = grid.codes.copy()
    new[:, levels] = np.pad(codes[:T, levels], ((0, max(0, T - len(codes))), (0, 0)), mode="edge")
    if len(levels) < Q or grid.locked is not None:
        seams |= {*grid.seams}
    return overwritten(grid, new, _on_length(len(codes), T, whole=len(levels) == Q), seams)


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


def check_same_codec(a: CodeGrid, b: CodeGrid) -> None:
    """`CodebookMismatchError` unless a code means the same in both grids."""
    both = f"The codes of '{a.source}' and '{b.source}'"
    if a.codebook_hash != b.codebook_hash:
        raise CodebookMismatchError(
            f"{both} were made with different models ({a.model_id or 'unnamed'} and {b.model_id or 'unnamed'}): "
            "encode both sounds with the same one."
        )
    for what, one, other in (
        ("levels", a.codes.shape[1], b.codes.shape[1]),
        ("codes a level", a.codebook_size, b.codebook_size),
        ("frames a second", a.frame_rate, b.frame_rate),
        ("samples a second", a.sample_rate, b.sample_rate),
    ):
        if one != other:
            raise CodebookMismatchError(
                f"{both} do not fit together ({one} and {other} {what}): encode both sounds again, with the same model."
            )
