"""MIDI: controllers by a map, and notes that strike one-shots."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distill.errors import UsageError
from distill.files import FilePath, open_regular
from distill.live.controls import RANGES, Control, Range, read_control
from distill.live.packages import require

HIGHEST = 127
"""Largest value of a controller."""

LARGEST_MAP = 1 << 16
"""Bytes of a map, at most: 128 controllers take a tenth."""


class Target(NamedTuple):
    """What a controller sets.

    Attributes:
        control: Name of the control.
        range: Values at 0 and at 127, in any order.
        tag: Of the control `tag`: which one.
    """

    control: str
    range: Range
    tag: str = ""


DEFAULT_TARGETS = {
    # Wheel, volume, resonance and brightness, as most keyboards have them.
    1: Target("nearness", RANGES["nearness"]),
    7: Target("level", Range(-48, 6)),
    71: Target("temperature", Range(0.2, 2)),
    74: Target("brightness", RANGES["brightness"]),
}
"""Controllers without a map."""


@dataclass(frozen=True)
class MidiMap:
    """What MIDI messages do.

    Attributes:
        targets: By the number of a controller.
        channel: From 1; None for all.
        notes: Whether notes strike one-shots.
    """

    targets: dict[int, Target] = field(default_factory=lambda: dict(DEFAULT_TARGETS))
    channel: int | None = None
    notes: bool = True

    def control_of(self, message: Any) -> Control | None:
        """The control that a message of mido stands for; None for nothing."""
        if self.channel is not None and getattr(message, "channel", None) != self.channel - 1:
            return None
        if message.type == "note_on" and message.velocity and self.notes:
            return read_control("note", [message.note, message.velocity])
        target = self.targets.get(message.control) if message.type == "control_change" else None
        if target is None:
            return None
        share = message.value / HIGHEST
        value = target.range.least + share * (target.range.most - target.range.least)
        return read_control(target.control, [target.tag, value] if target.tag else [value])


def read_midi_map(path: FilePath) -> MidiMap:
    """A map from a TOML file.

    Raises:
        UsageError: It cannot be read, or is no map.
    """
    try:
        with open_regular(path) as file:
            entries = tomllib.loads(file.read(LARGEST_MAP).decode())
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is no TOML ({error}): give a table [controls] with lines such as 1 = 'level'."
        ) from error
    if unknown := sorted(entries.keys() - {"controls", "channel", "notes"}):
        raise UsageError(
            f"{path} has '{unknown[0][:40]}', which no map has: controls, channel, notes."
        )
    controls = entries.get("controls", {})
    channel = entries.get("channel")
    notes = entries.get("notes", True)
    if not isinstance(controls, dict) or type(notes) is not bool:
        raise UsageError(f"{path}: controls is a table, and notes is true or false.")
    if channel is not None and not (type(channel) is int and 1 <= channel <= 16):
        raise UsageError(f"{path}: channel is a number from 1 to 16.")
    targets = {_number(key, path): _target(value, path) for key, value in controls.items()}
    return MidiMap(targets=targets, channel=channel, notes=notes)


def _number(key: str, path: FilePath) -> int:
    if not key.isdecimal() or int(key) > HIGHEST:
        raise UsageError(f"{path}: '{key[:40]}' is no controller: they have numbers from 0 to 127.")
    return int(key)


def _target(value: Any, path: FilePath) -> Target:
    entry = {"control": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or entry.keys() - {"control", "least", "most", "tag"}:
        raise UsageError(
            f"{path}: a controller has the name of a control, or a table of control, least, most "
            "and tag."
        )
    name = str(entry.get("control"))
    tag = entry.get("tag", "")
    whole = Range(0, 1) if name == "tag" else RANGES.get(name)
    if whole is None or not isinstance(tag, str) or bool(tag) != (name == "tag"):
        raise UsageError(
            f"{path}: '{name[:40]}' is no control of a controller: "
            f"{', '.join([*RANGES, 'tag'])} are, the last with the name of a tag."
        )
    least = entry.get("least", whole.least)
    most = entry.get("most", whole.most)
    for end in (least, most):
        # Refuses what the control itself would refuse.
        read_control(name, [tag, end] if tag else [end])
    return Target(control=name, range=Range(least, most), tag=tag)


class MidiInput:
    """Hears a MIDI port. Use as a context manager.

    Args:
        port: Its name or a part of it.
        midi_map: What its messages do.
        put: Takes each control.

    Raises:
        UsageError: mido or python-rtmidi is missing, or there is no such port.
    """

    def __init__(self, port: str, midi_map: MidiMap, put: Callable[[Control], None]) -> None:
        self._map = midi_map
        self._put = put
        names = midi_ports()
        matching = [name for name in names if port.lower() in name.lower()]
        if not matching:
            there = ", ".join(names) or "none"
            raise UsageError(f"There is no MIDI port '{port}': there is {there}.")
        self.name = matching[0]
        self._port = require("mido").open_input(self.name, callback=self._hear)

    def __enter__(self) -> "MidiInput":
        return self

    def __exit__(self, *_: object) -> None:
        self._port.close()

    def _hear(self, message: Any) -> None:
        if control := self._map.control_of(message):
            self._put(control)


def midi_ports() -> list[str]:
    """Names of the MIDI ports that can be heard. `UsageError` where a package is missing."""
    mido = require("mido")
    try:
        return list(mido.get_input_names())
    except ImportError as error:
        raise UsageError(
            "MIDI needs python-rtmidi: run `pip install python-rtmidi`, or "
            "`pip install 'distill[live]'` for all that plays."
        ) from error
    except OSError:
        # A machine without MIDI has no ports.
        return []
