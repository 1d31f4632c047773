"""What an edit or a listening is about: a stretch of time and some of the levels, as people name
them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from distill.errors import UsageError


@dataclass(frozen=True)
class Region:
    """Code frames from `start` up to `stop` (None: the end) of `levels`, counted from 0 (None:
    all)."""

    start: int = 0
    stop: int | None = None
    levels: tuple[int, ...] | None = None

    def within(self, T: int, Q: int) -> tuple[int, int, list[int]]:
        """Start, stop and levels in a grid `[T, Q]`; `UsageError` for a region that is empty or
        reaches beyond it."""
        stop = T if self.stop is None else self.stop
        if max(self.start, stop - 1) >= T:
            raise UsageError(
                f"Frame {max(self.start, stop)} is past the end: the last one of the sound is {T - 1}."
            )
        if not 0 <= self.start < stop:
            raise UsageError(
                f"From frame {self.start} to frame {stop} there is nothing: let --from be before --to."
            )
        levels = list(range(Q)) if self.levels is None else sorted(set(self.levels))
        if not levels or not 0 <= levels[0] <= levels[-1] < Q:
            raise UsageError(f"There is no such level: the sound has levels 1 to {Q}.")
        return self.start, stop, levels


def parse_levels(text: str, names: Sequence[str]) -> tuple[int, ...]:
    """Levels, counted from 0, that `text` names: `1-3`, `1,3`, `structure,timbre`; `detail` is
    every Detail.

    `UsageError` for what no level of `names` is called.
    """
    chosen: set[int] = set()
    for part in text.split(","):
        chosen.update(_levels_called(part, names))
    return tuple(sorted(chosen))


def _levels_called(part: str, names: Sequence[str]) -> list[int]:
    if numbers := re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", part):
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if 1 <= first <= last <= len(names):
            return list(range(first - 1, last))
    wanted = _plain(part)
    plain_names = [_plain(name) for name in names]
    found = [i for i, name in enumerate(plain_names) if name == wanted]
    # Without its number: all of that name.
    found = found or [
        i for i, name in enumerate(plain_names) if name.rstrip("0123456789") == wanted
    ]
    if not wanted or not found:
        known = ", ".join(f"{i} {name}" for i, name in enumerate(names, 1))
        raise UsageError(f"There is no level '{part.strip()}' (--levels): choose from {known}.")
    return found


def parse_entry(text: str, names: Sequence[str]) -> tuple[int, int]:
    """The level, from 0, and the code that `text` names: `1:17`, `timbre:17`. `UsageError` for what
    is none."""
    level, _, code = text.partition(":")
    levels = parse_levels(level, names)
    if len(levels) != 1 or not re.fullmatch(r"\s*[0-9]{1,9}\s*", code):
        raise UsageError(f"'{text}' is no code of a level (--entry): give both, 1:17 or timbre:17.")
    return levels[0], int(code)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def parse_time(time: str | float, frame_rate: float) -> float:
    """`time` in code frames: it comes as seconds (`1.5`) or frames (`70f`). `UsageError` for
    anything else."""
    number = str(time).strip()
    try:
        frames = float(int(number[:-1])) if is_in_frames(number) else float(number) * frame_rate
    except (ValueError, OverflowError) as error:
        raise _no_time(number) from error
    if not 0 <= frames < math.inf:
        raise _no_time(number)
    return frames


def is_in_frames(time: str | float) -> bool:
    """Whether `time` comes as frames (`70f`), as `parse_time` takes them."""
    return str(time).strip().endswith("f")


def _no_time(text: str) -> UsageError:
    return UsageError(f"'{text}' is no time: give seconds (1.5) or code frames (70f), from 0 on.")


WHOLE = Region()
