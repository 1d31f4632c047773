"""Curves and tags that a user steers by, and how they are read. Free of torch.

`steering` makes targets of them, on the scale of a model's corpus.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from distill.audio.descriptor_names import DESCRIPTORS
from distill.curve_text import Points, read_points
from distill.errors import UsageError
from distill.inference.sampling.settings import DEFAULT_GUIDANCE

Curve = Points
"""Points (seconds, percentile) in order of time, joined by straight lines; constant before the
first and after the last. Empty leaves the attribute free."""

MOST_GUIDANCE = 20.0
"""Largest guidance: at 20 the targets decide all but alone."""
MOST_POINTS = 800
"""Points of all curves together. A WAV file with text chunks over 50 kB cannot be read back."""


@dataclass(frozen=True)
class Steering:
    """Attributes that a sound should have. `UsageError` for values out of range.

    Attributes:
        loudness: curve of percentiles of the corpus, 0 to 100; empty leaves it free.
        brightness: likewise.
        noisiness: likewise.
        pitch: likewise.
        onsets: likewise.
        tags: names and weights, relative to one another.
        guidance: how strictly all of it is followed; 0 not at all.

    Example:
        >>> Steering(brightness=((0.0, 20.0), (5.0, 90.0)), tags=(("drums", 1.0),)).curve_names
        ['brightness']
    """

    loudness: Curve = ()
    brightness: Curve = ()
    noisiness: Curve = ()
    pitch: Curve = ()
    onsets: Curve = ()
    tags: tuple[tuple[str, float], ...] = ()
    guidance: float = DEFAULT_GUIDANCE

    def __post_init__(self) -> None:
        for name in DESCRIPTORS:
            _check_curve(name, self.curve(name))
        if sum(len(self.curve(name)) for name in DESCRIPTORS) > MOST_POINTS:
            raise UsageError(
                f"All curves together may have {MOST_POINTS} points: give fewer, between two the "
                "line is straight."
            )
        for tag, weight in self.tags:
            if not (math.isfinite(weight) and weight > 0):
                raise UsageError(f"The weight of --tag {tag} must be above 0.")
        if not 0 <= self.guidance <= MOST_GUIDANCE:
            raise UsageError(f"--guidance must lie between 0 and {MOST_GUIDANCE:g}.")

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> "Steering":
        """The inverse of `dataclasses.asdict`, with lists in place of tuples.

        Raises:
            TypeError, ValueError: for anything else.
        """
        if not isinstance(entries, Mapping):
            raise TypeError("no entries")
        names = {field.name for field in fields(cls)}
        if unknown := entries.keys() - names:
            raise ValueError(f"unknown entries: {', '.join(sorted(unknown))}")
        # All fields but guidance are lists of pairs: points of a curve, or tags with weights.
        pairs = {
            name: tuple((a, float(b)) for a, b in entries[name])
            for name in entries.keys() - {"guidance"}
        }
        if not all(isinstance(tag, str) for tag, _ in pairs.get("tags", ())):
            raise TypeError("a tag is no text")
        return cls(**pairs, guidance=float(entries.get("guidance", DEFAULT_GUIDANCE)))

    def curve(self, name: str) -> Curve:
        """The curve of the descriptor `name`."""
        curve: Curve = getattr(self, name)
        return curve

    @property
    def is_empty(self) -> bool:
        """Whether all attributes are free."""
        return not self.tags and not any(self.curve(name) for name in DESCRIPTORS)

    @property
    def sets_loudness(self) -> bool:
        """Whether the level of the sound is to stay as it is drawn."""
        return bool(self.loudness)

    @property
    def curve_names(self) -> list[str]:
        """Names of the descriptors that change over time."""
        return [name for name in DESCRIPTORS if len(self.curve(name)) > 1]

    @property
    def last_change_s(self) -> float:
        """Seconds after which nothing changes."""
        return max((self.curve(name)[-1][0] for name in self.curve_names), default=0.0)


def _check_curve(name: str, curve: Curve) -> None:
    for seconds, percentile in curve:
        if not 0 <= percentile <= 100:
            raise UsageError(
                f"--{name} is a percentile of your sounds: give values between 0 and 100."
            )
        if not (math.isfinite(seconds) and seconds >= 0):
            raise UsageError(f"The times of --{name} must be seconds from 0 on.")
    times = [seconds for seconds, _ in curve]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise UsageError(f"The times of --{name} must increase, as in 0:20,5:90,10:40.")


def parse_curve(
    name: str,
    value: str | float | Sequence[Any] | np.ndarray | None,
    duration: float,
) -> Curve:
    """Read a curve from user input.

    Args:
        name: the descriptor.
        value: a constant (or its text); text with seconds and percentiles, `"0:20,5:90"`; such
            pairs `[n, 2]`; or percentiles `[n]`, spread evenly over the sound. None is free.
        duration: length of the sound in seconds.

    Raises:
        UsageError: for anything else.
    """
    if value is None:
        return ()
    try:
        points = _points(value, duration)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"--{name} takes a number, as in 80, or points of a curve, as in 0:20,5:90,10:40, not "
            f"'{value}'."
        ) from error
    return tuple((float(seconds), float(percentile)) for seconds, percentile in points)


def _points(value: Any, duration: float) -> Sequence[Sequence[Any]]:
    """Pairs of seconds and percentile."""
    if isinstance(value, str):
        return read_points(value)
    values = np.asarray(value, dtype=float)
    if values.ndim == 0:
        return [(0.0, float(values))]
    if values.ndim == 1 and len(values):
        return list(zip(np.linspace(0, duration, len(values)), values, strict=True))
    if values.ndim == 2 and values.shape[1] == 2 and len(values):
        return values.tolist()
    raise ValueError("no curve")


def parse_tags(value: Sequence[str] | Mapping[str, float] | None) -> tuple[tuple[str, float], ...]:
    """Read tags and weights from `["drums:0.7", "voice:0.3"]`, `["drums"]` or a mapping;
    `UsageError` for anything else."""
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return tuple((name, float(weight)) for name, weight in value.items())
    return tuple(_parse_tag(text) for text in value)


def _parse_tag(text: str) -> tuple[str, float]:
    # A name may contain a colon; the last one separates the weight.
    name, colon, weight = text.rpartition(":")
    if not colon:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError as error:
        raise UsageError(
            f"--tag takes a name, or name:weight as in drums:0.7, not '{text}'."
        ) from error


def steer(
    earlier: Steering | None,
    duration: float,
    tags: Sequence[str] | Mapping[str, float] | None = None,
    guidance: float | None = None,
    **curves: Any,
) -> Steering:
    """Make a `Steering` from user input.

    Args:
        earlier: values for everything that is None; None leaves those free.
        duration: length of the sound in seconds.
        tags: tags as `parse_tags` takes them.
        guidance: how strictly all of it is followed.
        **curves: descriptors by name, each as `parse_curve` takes it.

    Raises:
        UsageError: for values out of range or of no known form.
    """
    changes: dict[str, Any] = {
        name: parse_curve(name, value, duration)
        for name, value in curves.items()
        if value is not None
    }
    if tags:
        changes["tags"] = parse_tags(tags)
    if guidance is not None:
        changes["guidance"] = guidance
    return replace(earlier or Steering(), **changes)


def change_steering(earlier: Steering, **changes: Any) -> Steering:
    """`earlier` with `changes`, of which None frees an attribute; what is not named stays.

    Args:
        earlier: curves and tags so far.
        **changes: fields of `Steering`, as `steer` takes them.

    Raises:
        UsageError: for values out of range, of no known form or of no known name.
    """
    free: dict[str, Any] = {field.name: field.default for field in fields(Steering)}
    if unknown := sorted(changes.keys() - free.keys()):
        raise UsageError(f"There is nothing '{unknown[0][:40]}' to steer: {', '.join(free)} are.")
    # No tags are none, as no curve is.
    names = {
        name for name, value in changes.items() if value is None or (name == "tags" and not value)
    }
    values = {name: value for name, value in changes.items() if name not in names}
    base = replace(earlier, **{name: free[name] for name in names})
    try:
        # Without an end, a plain list of values has nothing to spread over.
        return steer(base, 0.0, **values)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"Nothing can be steered by these values: {error}.") from error
