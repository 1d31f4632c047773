"""A sound as a grid of codes that one edits: columns are time, rows are Structure, Timbre, …,
Detail."""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from distill.errors import UsageError
from distill.inference.codes.region import Region, is_in_frames, parse_levels, parse_time

LARGEST_GAIN = 1e6
LARGEST_WIDTH = 1e3
LARGEST_CODEBOOK = 1 << 20
LARGEST_RATE = 1_000_000
LARGEST_LENGTH = 1 << 40


@dataclass(frozen=True, eq=False)
class CodeGrid:
    """A sound as codes `[T, Q]` (frames, levels), with what it takes to decode them. It never
    changes.

    `frame_rate` is in Hz, `gain` the linear factor that decoding applies, `n_samples` the length of
    the sound at `sample_rate`: `T` is that many samples in whole frames. In stereo the difference
    of left and right is multiplied by `width`: 0 is mono in both. `locked` `[T, Q]` (bool) marks
    what edits leave alone, `seams` are the frames from which on the sound does not go on as it did
    before an edit. `ValueError` says what does not fit together.
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
        return all(
            _alike(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)
        )

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
        """The frame at whose beginning `time` lies nearest: seconds (`1.5`) or frames (`70f`); `T`
        is the end.

        So are seconds from a quarter of a frame before the sound ends. `UsageError` for no time, or
        one past the end.
        """
        frames = parse_time(time, self.frame_rate)
        T = len(self.codes)
        if round(frames) > T:
            raise self._past_end(time)
        # The last frame may be partly filled, and lengths are written down to the hundredth of a
        # second.
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
        return UsageError(
            f"{time} is past the end: '{self.source}' lasts {self.seconds:.2f} s ({len(self.codes)}f)."
        )

    def region(
        self,
        start: str | float | None = None,
        stop: str | float | None = None,
        levels: str | None = None,
    ) -> Region:
        """What `--from`, `--to` and `--levels` name: times as `edge` takes them, `1-2` or
        `structure,timbre`.

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


# --- what fits together ---------------------------------------------------------------------------


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
        raise ValueError(
            f"there are {len(names)} 'level_names' for {codes.shape[1]} levels of 'codes'"
        )


def _check_length(grid: CodeGrid) -> None:
    exact_hop = grid.sample_rate / grid.frame_rate
    hop = round(exact_hop)
    if abs(exact_hop - hop) > 1e-6 * hop:
        raise ValueError("'frame_rate' must divide 'sample_rate'")
    needed = -(-grid.n_samples // hop)
    if needed != len(grid.codes):
        raise ValueError(
            f"'n_samples' takes {needed} rows of 'codes', but there are {len(grid.codes)}"
        )


def _check_locked(grid: CodeGrid) -> None:
    locked = grid.locked
    if locked is None:
        return
    if (
        not isinstance(locked, np.ndarray)
        or locked.dtype != bool
        or locked.shape != grid.codes.shape
    ):
        raise ValueError("'locked' must mark cells of 'codes'")


def _check_seams(grid: CodeGrid) -> None:
    seams = grid.seams
    if type(seams) is not tuple or any(type(seam) is not int for seam in seams):
        raise ValueError("'seams' must be a list of frames")
    inside = all(0 < seam < len(grid.codes) for seam in seams)
    if not inside or any(a >= b for a, b in pairwise(seams)):
        raise ValueError("'seams' must lie within 'codes', one after the other")


# --- what every edit does in the end --------------------------------------------------------------
