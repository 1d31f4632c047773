"""Regions of a grid: a stretch of time and some of the levels, and how people write them down.

Times come as seconds (`1.5`) or code frames (`70f`), levels as numbers (`1-3`) or names
(`structure,timbre`). All words for a place in a sound are read here. So the command line, edit
scripts and Python accept the same words and give the same messages.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from distill.errors import UsageError
from distill.inference.codes.grid import CodeGrid

END_TOLERANCE = 0.25
"""Code frames before the end of the sound that still count as its end.

Lengths are shown in hundredths of a second, so a length typed again may fall short by half of one.
"""


@dataclass(frozen=True)
class Region:
    """Code frames from `start` up to `stop` (None: the end) of `levels`, from 0 (None: all)."""

    start: int = 0
    stop: int | None = None
    levels: tuple[int, ...] | None = None

    def resolve(self, T: int, Q: int) -> tuple[int, int, list[int]]:
        """Start, stop and levels of the region in a grid `[T, Q]`.

        Raises:
            UsageError: The region is empty or reaches beyond the grid.
        """
        stop = T if self.stop is None else self.stop
        if max(self.start, stop - 1) >= T:
            raise UsageError(
                f"Frame {max(self.start, stop)} is past the end: "
                f"the last one of the sound is {T - 1}."
            )
        if not 0 <= self.start < stop:
            raise UsageError(
                f"From frame {self.start} to frame {stop} there is nothing: "
                "let --from be before --to."
            )
        levels = list(range(Q)) if self.levels is None else sorted(set(self.levels))
        if not levels or not 0 <= levels[0] <= levels[-1] < Q:
            raise UsageError(f"There is no such level: the sound has levels 1 to {Q}.")
        return self.start, stop, levels


WHOLE = Region()
"""All frames and levels of any grid."""


# --- places in a grid -----------------------------------------------------------------------------


def parse_region(
    grid: CodeGrid,
    start: str | float | None = None,
    stop: str | float | None = None,
    levels: str | None = None,
) -> Region:
    """The region of `grid` that a user names; a range of time is at least one frame long.

    Args:
        grid: The grid that the times and names belong to.
        start: First moment, in seconds or frames; None is the beginning.
        stop: Moment after the last, in seconds or frames; None is the end.
        levels: Levels as `parse_levels` reads them; None is all of them.

    Raises:
        UsageError: A time or level cannot be read, or lies outside the grid.
    """
    level_indices = None if levels is None else parse_levels(levels, grid.level_names)
    start = 0 if start is None else start
    first = _parse_first_frame(grid, start)
    if stop is None:
        return Region(start=first, levels=level_indices)

    # An empty or reversed range becomes an empty region, which `resolve` refuses by name.
    is_range = parse_time(stop, grid.frame_rate) > parse_time(start, grid.frame_rate)
    last = max(first + 1, parse_edge(grid, stop)) if is_range else first
    return Region(start=first, stop=last, levels=level_indices)


def parse_edge(grid: CodeGrid, time: str | float) -> int:
    """The frame boundary of `grid` nearest to `time`, from 0 to `T`, the end.

    Seconds within the last quarter frame of the sound count as its end. Raises `UsageError` if
    `time` cannot be read or lies past the end.
    """
    frames = parse_time(time, grid.frame_rate)
    T = len(grid.codes)
    if round(frames) > T:
        raise _past_end(grid, time)
    if is_in_frames(time):
        return round(frames)

    # The last frame may be partly filled: the sound ends before the frame does.
    end = grid.n_samples / grid.frame_hop
    is_end = 0 < end - END_TOLERANCE < frames
    return T if is_end else round(frames)


def _parse_first_frame(grid: CodeGrid, time: str | float) -> int:
    """The first frame of a region that begins at `time`; `UsageError` where no frame remains."""
    frames = parse_time(time, grid.frame_rate)
    T = len(grid.codes)
    end = T if is_in_frames(time) else grid.n_samples / grid.frame_hop
    if frames >= end:
        raise _past_end(grid, time)
    # A time in the second half of the last frame rounds up to T: the last frame remains.
    return min(round(frames), T - 1)


def _past_end(grid: CodeGrid, time: str | float) -> UsageError:
    return UsageError(
        f"{time} is past the end: '{grid.source}' lasts {grid.seconds:.2f} s ({len(grid.codes)}f)."
    )


# --- times ----------------------------------------------------------------------------------------


def parse_time(time: str | float, frame_rate: float) -> float:
    """`time` in code frames, given in seconds (`1.5`) or frames (`70f`).

    Raises `UsageError` for anything else.
    """
    number = str(time).strip()
    try:
        frames = float(int(number[:-1])) if is_in_frames(number) else float(number) * frame_rate
    except (ValueError, OverflowError) as error:
        raise _not_a_time(number) from error
    if not 0 <= frames < math.inf:
        raise _not_a_time(number)
    return frames


def is_in_frames(time: str | float) -> bool:
    """Whether `time` is written in frames (`70f`)."""
    return str(time).strip().endswith("f")


def _not_a_time(text: str) -> UsageError:
    return UsageError(f"'{text}' is no time: give seconds (1.5) or code frames (70f), from 0 on.")


# --- levels and entries ---------------------------------------------------------------------------


def parse_levels(text: str, names: Sequence[str]) -> tuple[int, ...]:
    """Levels, from 0, that `text` names: `1-3`, `1,3`, `structure,timbre`.

    `detail` without a number means every Detail. Raises `UsageError` if no level in `names` fits.
    """
    indices: set[int] = set()
    for part in text.split(","):
        indices.update(_find_levels(part, names))
    return tuple(sorted(indices))


def _find_levels(part: str, names: Sequence[str]) -> list[int]:
    """Levels that one part of the list names: a number, a range or a name."""
    if numbers := re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", part):
        first = int(numbers[1])
        last = int(numbers[2] or numbers[1])
        if 1 <= first <= last <= len(names):
            return list(range(first - 1, last))

    simple_part = _simplify(part)
    simple_names = [_simplify(name) for name in names]
    indices = [i for i, name in enumerate(simple_names) if name == simple_part]
    if not indices:
        # A name without its number means all levels of that name.
        stems = [name.rstrip("0123456789") for name in simple_names]
        indices = [i for i, stem in enumerate(stems) if stem == simple_part]
    if not simple_part or not indices:
        choices = ", ".join(f"{i} {name}" for i, name in enumerate(names, 1))
        raise UsageError(f"There is no level '{part.strip()}' (--levels): choose from {choices}.")
    return indices


def parse_entry(text: str, names: Sequence[str]) -> tuple[int, int]:
    """Level, from 0, and code that `text` names: `1:17`, `timbre:17`.

    Raises `UsageError` if it does not name one level and one code.
    """
    level, _, code = text.partition(":")
    levels = parse_levels(level, names)
    if len(levels) != 1 or not re.fullmatch(r"\s*[0-9]{1,9}\s*", code):
        raise UsageError(f"'{text}' is no code of a level (--entry): give both, 1:17 or timbre:17.")
    return levels[0], int(code)


def _simplify(name: str) -> str:
    """`name` without blanks, hyphens, underscores and capitals: `Detail 1` is `detail-1`."""
    return re.sub(r"[\s_-]", "", name).lower()
