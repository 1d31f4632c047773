"""The control log: all that was done to a sound that played, enough to render it again.

A file of lines, JSON each: first the settings, then a line for each control with its frame, last
how long the sound was. A recording holds the same in its tags, where it fits.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill import __version__
from distill.audio.formats import FORMATS
from distill.audio.tags import find_json
from distill.errors import CodebookMismatchError, UsageError
from distill.files import FilePath, open_regular, parse_json, replace_atomically
from distill.live.controls import Control, read_control
from distill.live.settings import LiveSettings, settings_of
from distill.models.persistence import LoadedVQModel

warnings = logging.getLogger(__name__)

FORMAT = "distill-control-log"
"""Marks the first line of a file."""

VERSION = 1

KEY = "distill"
"""The entry of the JSON comment of a recording, as for other sounds."""

LIVE = "live"
"""The entry within it that makes it one of a sound that played."""

LARGEST_FILE = 1 << 26
"""Bytes of a log, at most: a day of a fader that never stands still."""

MOST_TAG_BYTES = 40_000
"""Bytes of controls that a recording holds: texts of a WAV file over 50 kB cannot be read back."""

MOST_AHEAD = 1000
"""Frames after the end of a recording whose controls it holds: the decoder looks ahead by fewer."""

MOST_FRAMES = 1 << 40
"""Frames of a sound, at most: seven centuries."""


@dataclass
class ControlLog:
    """What was done to a sound.

    Attributes:
        settings: What it began with.
        entries: The same as entries of JSON, with model, device and threads.
        controls: Frames and what counts from each on, in order.
        frames: Length of the sound in code frames; None while it plays.
        first_frame: Frame at which a recording of it begins.
    """

    settings: LiveSettings
    entries: dict[str, Any]
    controls: list[tuple[int, Control]] = field(default_factory=list)
    frames: int | None = None
    first_frame: int = 0

    def note(self, frame: int, control: Control) -> None:
        """Add a control that counts from `frame` on."""
        self.controls.append((frame, control))

    def check_model(self, loaded: LoadedVQModel, path: FilePath) -> None:
        """`CodebookMismatchError` unless `loaded` is the model that played."""
        if self.entries["model_hash"] != loaded.weights_hash:
            raise CodebookMismatchError(
                f"{path} was played with another model (id {self.entries['model_id']}) than "
                f"{loaded.path}, or before its prior was trained again: name that one."
            )
        device = loaded.model.rvq.codebooks.device.type
        if (self.entries["distill"], self.entries["device"]) != (__version__, device):
            warnings.warning(
                "%s was played by Distill %s on %s: it may not come out the same.",
                path,
                self.entries["distill"],
                self.entries["device"],
            )

    def save(self, path: FilePath) -> Path:
        """Write the log, whole or not at all. `OutputError` if that fails."""
        header = {"format": FORMAT, "version": VERSION, **self.entries}
        lines = [header, *map(_entry, self.controls), {"frames": self.frames}]
        with replace_atomically(path) as file:
            file.writelines(json.dumps(line).encode() + b"\n" for line in lines)
        return Path(path)

    def tags(self, first_frame: int, frames: int, **extra: Any) -> dict[str, str]:
        """Tags of a recording: model, settings, and all controls up to its end, if they fit.

        Args:
            first_frame: Frame of the sound at which it begins.
            frames: Frame at which it ends.
            extra: Further entries, such as a copy report.
        """
        controls = [_entry(item) for item in self.controls if item[0] < frames + MOST_AHEAD]
        live: dict[str, Any] = {
            "settings": self.entries,
            "first_frame": first_frame,
            "frames": frames,
            "controls": controls,
        }
        if len(json.dumps(controls)) > MOST_TAG_BYTES:
            live["controls"] = None
        own = {
            "version": self.entries["distill"],
            "model_id": self.entries["model_id"],
            "model_hash": self.entries["model_hash"],
            LIVE: live,
        }
        text = json.dumps({KEY: own, **extra})
        return {"software": f"Distill {own['version']}", "comment": text}


class ControlPlayer:
    """Gives the controls of a log at their frames.

    Args:
        controls: As in a log.
    """

    def __init__(self, controls: Sequence[tuple[int, Control]]) -> None:
        self._controls = controls
        self._next = 0

    def take(self, frame: int) -> list[Control]:
        """The controls up to `frame` that were not given yet."""
        taken = []
        while self._next < len(self._controls) and self._controls[self._next][0] <= frame:
            taken.append(self._controls[self._next][1])
            self._next += 1
        return taken


def read_log(path: FilePath) -> ControlLog:
    """The log in a file, or in the tags of a recording.

    Raises:
        UsageError: There is none, or it is damaged.
    """
    try:
        if Path(path).suffix.lower() in FORMATS:
            return _log_of_recording(path)
        return _log_of_lines(path)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(
            f"{path} is no control log of 'distill play', or is damaged: name one, or a recording "
            "of it."
        ) from error


def _log_of_lines(path: FilePath) -> ControlLog:
    with open_regular(path) as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError("too long")
    header, *lines = (parse_json(line) for line in content.splitlines())
    if header["format"] != FORMAT:
        raise ValueError("another format")
    if header["version"] != VERSION:
        raise UsageError(f"{path} was written by a newer Distill: update this one.")
    return _make_log(header, lines[:-1], lines[-1]["frames"])


def _log_of_recording(path: FilePath) -> ControlLog:
    for text in find_json(path, KEY):
        own, _ = json.JSONDecoder().raw_decode(text.lstrip())
        live = own.get(LIVE) if isinstance(own, dict) else None
        if not live:
            continue
        if live["controls"] is None:
            raise UsageError(
                f"{path} had too many controls for its tags: name the file of --control-log."
            )
        log = _make_log(live["settings"], live["controls"], live["frames"])
        log.first_frame = _frame(live["first_frame"])
        return log
    raise ValueError("no tags")


def _make_log(header: dict[str, Any], lines: Iterable[Any], frames: Any) -> ControlLog:
    entries = {name: header[name] for name in header if name not in ("format", "version")}
    return ControlLog(
        settings=settings_of(entries),
        entries=entries,
        controls=[_read_entry(line) for line in lines],
        frames=_frame(frames),
    )


def _entry(item: tuple[int, Control]) -> dict[str, Any]:
    frame, control = item
    return {"frame": frame, "control": control.name, "value": control.value}


def _read_entry(line: Any) -> tuple[int, Control]:
    value = line["value"]
    values = value if isinstance(value, list) else [value]
    return _frame(line["frame"]), read_control(line["control"], values)


def _frame(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST_FRAMES:
        raise ValueError("no frame")
    return value
