"""What is asked of a sound, in a musician's terms: curves of percentiles over time, and tags."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch

from distill.audio.descriptors import DESCRIPTORS, PercentileTable
from distill.errors import UsageError
from distill.inference.sampling.settings import DEFAULT_GUIDANCE
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel

Curve = tuple[tuple[float, float], ...]
"""Points (seconds, percentile), in order of time: straight lines between them, level before and
after."""

MOST_GUIDANCE = 20.0
MOST_POINTS = 800
"""Of all curves together: a WAV file whose texts are longer than 50 kB cannot be read."""


class Scale(NamedTuple):
    """What a prior can be asked for: descriptors as percentiles by `table`, and `tags`."""

    table: PercentileTable
    tags: tuple[str, ...]


def scale_of(loaded: LoadedVQModel) -> Scale | None:
    """None for a prior that learned nothing of it, or from an older Distill."""
    facts = loaded.prior_facts.steering
    if facts is None or loaded.prior is None or loaded.prior.reader is None:
        return None
    return Scale(PercentileTable(facts.percentiles), tuple(facts.tags))


@dataclass(frozen=True)
class Steering:
    """What is asked for; what is empty is left free. Weights of `tags` count relative to one
    another.

    `guidance` says how strictly all of it is followed. `UsageError` for what makes no sense.
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
            _check_curve(name, getattr(self, name))
        if sum(len(getattr(self, name)) for name in DESCRIPTORS) > MOST_POINTS:
            raise UsageError(
                f"All curves together may have {MOST_POINTS} points: give fewer, between two the line is straight."
            )
        for tag, weight in self.tags:
            if not (math.isfinite(weight) and weight > 0):
                raise UsageError(f"The weight of --tag {tag} must be above 0.")
        if not 0 <= self.guidance <= MOST_GUIDANCE:
            raise UsageError(f"--guidance must lie between 0 and {MOST_GUIDANCE:g}.")

    @property
    def asks_for_level(self) -> bool:
        """Whether the level that comes out is to stay as it is."""
        return bool(self.loudness)

    @classmethod
    def from_plain(cls, stated: Mapping[str, Any]) -> "Steering":
        """From what `asdict` gives, lists in place of tuples. `TypeError` or `ValueError` for
        anything else."""
        if not isinstance(stated, Mapping):
            raise TypeError("no entries")
        known = {field.name for field in fields(cls)}
        if unknown := stated.keys() - known:
            raise ValueError(f"unknown entries: {', '.join(sorted(unknown))}")
        pairs = {
            name: tuple((a, float(b)) for a, b in stated[name])
            for name in stated.keys() - {"guidance"}
        }
        return cls(**pairs, guidance=float(stated.get("guidance", DEFAULT_GUIDANCE)))

    @property
    def asks(self) -> bool:
        """Whether anything is asked for at all."""
        return bool(self.tags) or any(getattr(self, name) for name in DESCRIPTORS)

    @property
    def curves(self) -> list[str]:
        """Names of the descriptors that are to change over time."""
        return [name for name in DESCRIPTORS if len(getattr(self, name)) > 1]

    @property
    def last_s(self) -> float:
        """The time after which nothing changes, in seconds."""
        return max((getattr(self, name)[-1][0] for name in self.curves), default=0.0)

    def targets(self, loaded: LoadedVQModel, frames: int, start: float = 0.0) -> Targets | None:
        """For each of `frames` frames from `start` seconds on, as the prior takes it; None when all
        is free.

        `UsageError` for a prior that cannot be steered, or does not know a tag.
        """
        if not self.asks:
            return None
        scale = scale_of(loaded)
        if scale is None:
            raise UsageError(
                f"The prior in {loaded.path} was trained without steering: train it again (`distill train-prior`), "
                "or leave out what steers."
            )
        self._check_known(scale, loaded)
        seconds = start + (np.arange(frames) + 0.5) / loaded.model.frame_rate
        columns = [_values(getattr(self, name), seconds) / 100 for name in DESCRIPTORS]
        weights = np.tile(self._weights(scale, loaded), (frames, 1))
        values = torch.from_numpy(np.concatenate([np.stack(columns, 1), weights], 1)).float()
        return Targets(values[None], self.guidance)

    def _check_known(self, scale: Scale, loaded: LoadedVQModel) -> None:
        for name, row in zip(DESCRIPTORS, scale.table.rows, strict=True):
            if getattr(self, name) and math.isnan(row[0]):
                raise UsageError(
                    f"No sound that {loaded.path} learned from has any {name}: leave out --{name}."
                )

    def _weights(self, scale: Scale, loaded: LoadedVQModel) -> np.ndarray:
        given = dict(self.tags)
        for tag in given:
            if not scale.tags:
                raise UsageError(
                    f"{loaded.path} knows no tags, since its sounds lay in no folders: leave out --tag."
                )
            if tag not in scale.tags:
                raise UsageError(
                    f"{loaded.path} knows no tag '{tag}': there are {', '.join(scale.tags)}."
                )
        if not given:
            return np.full(len(scale.tags), np.nan)
        weights = np.array([given.get(tag, 0.0) for tag in scale.tags])
        return weights / weights.sum()


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


def _values(curve: Curve, seconds: np.ndarray) -> np.ndarray:
    """`[T]` at the times `seconds` `[T]`; NaN for an empty curve."""
    if not curve:
        return np.full(len(seconds), np.nan)
    times, percentiles = zip(*curve, strict=True)
    return np.interp(seconds, times, percentiles)


def curve_of(
    name: str, given: str | float | Sequence[Any] | np.ndarray | None, duration: float
) -> Curve:
    """A curve for the descriptor `name` from what a user gives.

    A number (or its text) stays the same all the time; `"0:20,5:90"` and pairs `[n, 2]` are seconds
    and percentiles; percentiles `[n]` are spread evenly over `duration` seconds. `UsageError` for
    anything else.
    """
    if given is None:
        return ()
    try:
        points = _points(given, duration)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"--{name} takes a number, as in 80, or points of a curve, as in 0:20,5:90,10:40, not '{given}'."
        ) from error
    return tuple((float(seconds), float(percentile)) for seconds, percentile in points)


def _points(given: Any, duration: float) -> Sequence[Sequence[Any]]:
    if isinstance(given, str):
        if ":" not in given:
            return [(0.0, float(given))]
        return [(float(a), float(b)) for a, b in (point.split(":") for point in given.split(","))]
    values = np.asarray(given, dtype=float)
    if values.ndim == 0:
        return [(0.0, float(values))]
    if values.ndim == 1 and len(values):
        return list(zip(np.linspace(0, duration, len(values)), values, strict=True))
    if values.ndim == 2 and values.shape[1] == 2 and len(values):
        return values.tolist()
    raise ValueError("no curve")


def tags_of(given: Sequence[str] | Mapping[str, float] | None) -> tuple[tuple[str, float], ...]:
    """Tags and their weights from `["drums:0.7", "voice:0.3"]`, `["drums"]` or a mapping.
    `UsageError` for neither."""
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple((name, float(weight)) for name, weight in given.items())
    return tuple(_tag(text) for text in given)


def _tag(text: str) -> tuple[str, float]:
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
    **given: Any,
) -> Steering:
    """What is asked for a sound of `duration` seconds; what is None is as in the `earlier` one, or
    free.

    `given` are descriptors, each as `curve_of` takes them.
    """
    changes: dict[str, Any] = {
        name: curve_of(name, value, duration) for name, value in given.items() if value is not None
    }
    if tags:
        changes["tags"] = tags_of(tags)
    if guidance is not None:
        changes["guidance"] = guidance
    return replace(earlier or Steering(), **changes)
