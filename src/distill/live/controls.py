"""Controls of a sound that plays: their names, their ranges, and the box that any thread fills."""

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

from distill.audio.descriptor_names import DESCRIPTORS
from distill.errors import UsageError
from distill.inference.modes.request import SEEDS
from distill.inference.sampling.curves import MOST_GUIDANCE
from distill.inference.sampling.settings import HIGHEST_TEMPERATURE

Value = float | tuple[float | str, ...] | None
"""A number; the parts of a tag or a note; None frees a descriptor."""

LOWEST_LEVEL_DB = -80.0
"""Lowest level in dB: it is silence."""

HIGHEST_LEVEL_DB = 12.0
"""Highest level in dB: the limiter takes what is above full scale."""

MOST_NOTES = 32
"""Notes that wait in the box, at most: more than ten fingers strike in a block."""

LONGEST_TAG = 200
"""Characters of a tag, at most."""

FREE = "free"
"""Word that frees a descriptor."""


class Range(NamedTuple):
    """Smallest and largest value of a control."""

    least: float
    most: float


RANGES = {
    **dict.fromkeys(DESCRIPTORS, Range(0, 100)),
    "guidance": Range(0, MOST_GUIDANCE),
    "temperature": Range(0, HIGHEST_TEMPERATURE),
    "nearness": Range(0, 1),
    "level": Range(LOWEST_LEVEL_DB, HIGHEST_LEVEL_DB),
    "seed": Range(0, SEEDS),
    "record": Range(0, 1),
}
"""Controls that take one number. Descriptors are percentiles of the corpus, `level` is in dB."""

NOTE = Range(0, 127)
"""Numbers of notes and velocities, as in MIDI."""

NAMES = (*RANGES, "tag", "note")
"""All controls."""


class Control(NamedTuple):
    """A change of a control.

    Attributes:
        name: One of `NAMES`.
        value: A number. For `tag` its name and weight, 0 for none; for `note` its number and
            velocity, and in a log the seed of its sound. None frees a descriptor.
    """

    name: str
    value: Value


def read_control(name: str, values: Sequence[object]) -> Control:
    """A control as a message or a file names it.

    Args:
        name: One of `NAMES`.
        values: What it is set to: a number, a tag with its weight, or note and velocity. Nothing
            or `free` frees a descriptor.

    Raises:
        UsageError: There is no such control, or its values are not of that kind or range.

    Example:
        >>> read_control("tag", ["drums", 0.7])
        Control(name='tag', value=('drums', 0.7))
    """
    if name == "tag":
        return _read_tag(values)
    if name == "note":
        return _read_note(values)
    if name not in RANGES:
        raise UsageError(f"There is no control '{name[:40]}': {', '.join(NAMES)} are.")
    if name in DESCRIPTORS and (not values or values[0] in (None, FREE)):
        return Control(name, None)
    if len(values) != 1:
        raise UsageError(f"{name} takes one number.")
    number = _number(name, values[0], RANGES[name])
    return Control(name, float(int(number)) if name == "seed" else number)


def _read_tag(values: Sequence[object]) -> Control:
    if not values or not isinstance(values[0], str) or len(values) > 2:
        raise UsageError("tag takes a name and a weight, as in drums 0.7.")
    weight = values[1] if len(values) == 2 else 1.0
    return Control("tag", (values[0][:LONGEST_TAG], _number("tag", weight, Range(0, 1))))


def _read_note(values: Sequence[object]) -> Control:
    if not 2 <= len(values) <= 3:
        raise UsageError("note takes a number and a velocity, as in 60 100.")
    numbers = [_number("note", value, NOTE) for value in values[:2]]
    if len(values) == 3:
        numbers.append(_number("note", values[2], RANGES["seed"]))
    return Control("note", tuple(float(int(number)) for number in numbers))


def _number(name: str, value: object, limits: Range) -> float:
    # A truth is a number too: switches send them.
    if not isinstance(value, int | float):
        raise UsageError(f"{name} takes a number.")
    if not limits.least <= value <= limits.most:
        raise UsageError(f"{name} must lie between {limits.least:g} and {limits.most:g}.")
    number = float(value)
    if not math.isfinite(number):
        raise UsageError(f"{name} takes a number.")
    return number


class ControlBox:
    """Controls that wait for the next block, put in by any thread.

    Of each control the last value counts. So a fader that moves fast costs no more than a slow one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, object], Control] = {}
        self._notes: list[Control] = []

    def put(self, control: Control) -> None:
        """Leave a control for the next block; notes beyond `MOST_NOTES` are dropped."""
        with self._lock:
            if control.name == "note":
                if len(self._notes) < MOST_NOTES:
                    self._notes.append(control)
                return
            tag = control.value[0] if isinstance(control.value, tuple) else None
            key = (control.name, tag)
            # Last again, so that the order is that of the last values.
            self._waiting.pop(key, None)
            self._waiting[key] = control

    def take(self) -> list[Control]:
        """All that waits, in order of time; notes come last."""
        with self._lock:
            taken = [*self._waiting.values(), *self._notes]
            self._waiting.clear()
            self._notes.clear()
        return taken
