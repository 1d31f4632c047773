"""A preset: settings of `generate` under a name. Free of torch.

Settings are checked as `generate` checks them, wherever they come from.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from distill.audio.descriptor_names import DESCRIPTORS
from distill.bounds import check_bound
from distill.errors import UsageError
from distill.inference.modes.request import SETTING_OPTIONS, ModeSettings
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.curves import Steering, steer
from distill.inference.sampling.settings import Sampling

NUMBERS = ("duration", "bars", "max_copy")
"""Numbers of a request that presets may hold, beside those of sampling, modes and steering."""

SAMPLING = tuple(entry.name for entry in fields(Sampling))

SETTINGS = (*NUMBERS, *SAMPLING, "way", *SETTING_OPTIONS, *DESCRIPTORS, "tags", "guidance")
"""All settings that a preset may hold: arguments of `distill.generate`, and `way`, a mode's kind.

A seed is none of them, nor is a sound file.
"""

LONGEST_TEXT = 1000
"""Characters of a text among the settings, at most."""

MOST_BITS = 63
"""Bits of a whole number among the settings, at most."""

MOST_TAGS = 1000
"""Tags of a preset, at most."""


@dataclass(frozen=True)
class ModelMention:
    """The model that a preset was made for, by id, and its name for people."""

    id: str
    name: str


@dataclass(frozen=True)
class Preset:
    """Settings under a name.

    Attributes:
        id: Its id, which follows from folder and name.
        name: Its name.
        folder: Folders that it lies in, as `drums/slow`; empty for none.
        settings: Values of `SETTINGS`, those that are set: curves as points of seconds and
            percentiles, tags as names and weights.
        model: The model that it was made for; None for any.
        notes: Notes of a person.
    """

    id: str
    name: str
    folder: str
    settings: dict[str, Any] = field(default_factory=dict)
    model: ModelMention | None = None
    notes: str = ""

    @property
    def title(self) -> str:
        """Folder and name."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


def check_settings(settings: Any) -> dict[str, Any]:
    """Settings as a preset holds them, once `generate` would take them.

    Args:
        settings: Values by name. Curves and tags may be in any form that `generate` takes.

    Raises:
        UsageError: A setting is unknown, of another type, or out of range.
    """
    if not isinstance(settings, Mapping):
        raise UsageError("its settings are no table of names and values")
    values = {name: value for name, value in settings.items() if is_set(value)}
    if unknown := sorted(map(str, values.keys() - set(SETTINGS))):
        raise UsageError(f"there is no setting '{unknown[0][:40]}'")
    for name, value in values.items():
        _check_type(name, value)
    _check_ranges(values)
    steering = asdict(_steering(values))
    for name in (*DESCRIPTORS, "tags"):
        if name in values:
            values[name] = [list(pair) for pair in steering[name]]
    return {name: values[name] for name in SETTINGS if name in values}


def settings_of_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that made a sound, as a preset holds them.

    Args:
        recipe: Entries of its `Recipe`.

    Raises:
        UsageError: They cannot be read.
    """
    way = recipe.get("way") or {}
    settings = dict(recipe.get("sampling") or {}) | dict(recipe.get("steering") or {})
    settings = {name: value for name, value in settings.items() if name in SETTINGS}
    settings |= {name: way.get(name) for name in SETTING_OPTIONS}
    settings["way"] = way.get("kind", "new")
    settings["duration"] = recipe.get("duration")
    settings["max_copy"] = recipe.get("max_copy")
    # These last as long as their source.
    if settings["way"] in ("variation", "infill"):
        settings["duration"] = None
    return check_settings(settings)


def is_set(value: Any) -> bool:
    """Whether a value says anything: 0 does, nothing and what is empty do not."""
    if isinstance(value, str | list | tuple | dict):
        return len(value) > 0
    return value is not None and value is not False


def _is_number(value: Any) -> bool:
    """Whether it is a number within reason: JSON may hold whole numbers of any length."""
    if type(value) is int:
        return value.bit_length() <= MOST_BITS
    return type(value) is float and math.isfinite(value)


def _check_type(name: str, value: Any) -> None:
    if name in ("way", "like", "form"):
        is_right = isinstance(value, str) and len(value) <= LONGEST_TEXT
    elif name == "free_time":
        is_right = value is True
    elif name == "top_k":
        is_right = type(value) is int and _is_number(value)
    elif name in DESCRIPTORS:
        is_right = isinstance(value, str | list | tuple) or _is_number(value)
    elif name == "tags":
        is_right = isinstance(value, list | tuple | dict) and len(value) <= MOST_TAGS
    else:
        is_right = _is_number(value)
    if not is_right:
        raise UsageError(f"its setting '{name}' is of no use")


def _check_ranges(values: Mapping[str, Any]) -> None:
    """`UsageError` for values that `generate` would refuse."""
    for name in ("duration", "bars"):
        check_bound(f"--{name}", values.get(name))
    if "duration" in values and "bars" in values:
        raise UsageError("--bars and --duration both say how long: leave one of them out.")
    if not 0 <= values.get("max_copy", 0) <= 100:
        raise UsageError("--max-copy must lie between 0 and 100 percent.")
    if values.get("way", "new") not in TRAITS:
        raise UsageError(f"there is no mode '{values['way'][:40]}'")
    Sampling(**{name: values[name] for name in SAMPLING if name in values})
    ModeSettings(**{name: values[name] for name in SETTING_OPTIONS if name in values})
    _steering(values)


def _steering(values: Mapping[str, Any]) -> Steering:
    """Curves and tags of settings."""
    tags = values.get("tags")
    if tags is not None:
        tags = _tag_weights(list(tags.items()) if isinstance(tags, Mapping) else tags)
    curves = {name: values[name] for name in DESCRIPTORS if name in values}
    # A plain list of values would spread over a duration: presets hold points.
    for name, value in curves.items():
        if isinstance(value, list | tuple) and not all(_is_point(point) for point in value):
            raise UsageError(f"its setting '{name}' holds no points of seconds and percentile")
    return steer(None, 0.0, tags, values.get("guidance"), **curves)


def _tag_weights(tags: Any) -> Any:
    """Tags as pairs in a mapping; texts as they are."""
    if all(isinstance(tag, str) and len(tag) <= LONGEST_TEXT for tag in tags):
        return tags
    pairs = [tag for tag in tags if isinstance(tag, list | tuple) and len(tag) == 2]
    is_right = len(pairs) == len(tags) and all(
        isinstance(name, str) and len(name) <= LONGEST_TEXT and _is_number(weight)
        for name, weight in pairs
    )
    if not is_right:
        raise UsageError("its setting 'tags' holds no names and weights")
    return {name: float(weight) for name, weight in pairs}


def _is_point(point: Any) -> bool:
    is_pair = isinstance(point, list | tuple) and len(point) == 2
    return is_pair and all(_is_number(number) for number in point)
