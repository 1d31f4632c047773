"""Files of presets: their names and places, and how one is read and written. Free of torch.

Each is a JSON file, `presets/FOLDER/NAME.json`. Its place gives folder and name, whoever put it
there.
"""

import hashlib
import os
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distill.errors import UsageError
from distill.library.preset import ModelMention, Preset, check_settings
from distill.library.records import RecordError, read_record, write_record
from distill.library.workspace import Workspace

VERSION = 1
"""Version of a preset, and of a bundle."""

DEEPEST = 4
"""Folders inside of one another, at most."""

LONGEST_NAME = 100
"""Bytes of a name in UTF-8, at most: names of files have 255."""

FORBIDDEN = frozenset('<>:"/\\|?*')
"""Signs that no name of a file may have on some system."""

DEVICE_NAMES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
"""Names that Windows keeps for devices."""


# --- names ----------------------------------------------------------------------------------------


def check_name(name: str) -> str:
    """A name of a preset or folder, in one form of Unicode.

    Raises:
        UsageError: It could not be the name of a file on every system.
    """
    text = unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode()).strip()
    is_plain = (
        bool(text)
        and all(sign.isprintable() for sign in text)
        and not FORBIDDEN & set(text)
        and not text.startswith(".")
        and not text.endswith(".")
        and text.partition(".")[0].casefold().strip() not in DEVICE_NAMES
    )
    if not is_plain:
        raise UsageError(
            f"'{name[:LONGEST_NAME]}' cannot be the name of a preset: use letters, digits, blanks "
            "and hyphens."
        )
    if len(text.encode()) > LONGEST_NAME:
        raise UsageError(f"'{text[:20]}…' is too long for a name: use {LONGEST_NAME} letters.")
    return text


def check_title(title: str) -> tuple[str, str]:
    """Folder and name of a title such as `drums/slow/warm`. `UsageError` if it is none."""
    parts = [check_name(part) for part in title.split("/")]
    if len(parts) > DEEPEST + 1:
        raise UsageError(f"'{title[:40]}…' lies in more than {DEEPEST} folders.")
    return "/".join(parts[:-1]), parts[-1]


def preset_id(folder: str, name: str) -> str:
    """The id of a preset: upper and lower case are one, as on many disks."""
    key = f"{folder}/{name}".casefold().encode("utf-8", "surrogatepass")
    return f"preset-{hashlib.sha256(key).hexdigest()[:12]}"


# --- files ----------------------------------------------------------------------------------------


def files_below(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            items = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in items:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
            yield from files_below(Path(entry.path), depth + 1)
        elif entry.name.endswith(".json") and entry.is_file():
            yield Path(entry.path)


def place_of(workspace: Workspace, path: Path) -> tuple[str, str]:
    """Folder and name of the preset in a file."""
    folder = path.parent.relative_to(workspace.presets).as_posix()
    return ("" if folder == "." else folder), path.stem


def load_file(workspace: Workspace, path: Path) -> Preset:
    folder, name = place_of(workspace, path)
    return preset_of(path, folder, name, read_record(path, VERSION))


def preset_of(path: Path, folder: str, name: str, entries: Mapping[str, Any]) -> Preset:
    """The preset of such entries, which came from `path`."""
    try:
        settings = check_settings(entries.get("settings"))
    except UsageError as error:
        reason = str(error).rstrip(".")
        raise UsageError(f"The preset {name} in {path} cannot be used: {reason}.") from error
    model = entries.get("model")
    mention = None
    if isinstance(model, dict) and all(type(model.get(key)) is str for key in ("id", "name")):
        mention = ModelMention(id=model["id"], name=model["name"])
    notes = entries.get("notes", "")
    return Preset(
        id=preset_id(folder, name),
        name=name,
        folder=folder,
        settings=settings,
        model=mention,
        notes=notes if isinstance(notes, str) else "",
    )


def files_by_id(workspace: Workspace) -> dict[str, Path]:
    """The file of each preset."""
    return {preset_id(*place_of(workspace, path)): path for path in files_below(workspace.presets)}


def write_preset(workspace: Workspace, preset: Preset, earlier: Path | None) -> Path:
    """Write a preset, in place of that in the file `earlier`; unknown entries of that stay."""
    path = earlier or workspace.presets / preset.folder / f"{preset.name}.json"
    entries: dict[str, Any] = {}
    if earlier is not None:
        with suppress(RecordError, FileNotFoundError):
            entries = read_record(earlier, VERSION)
    write_record(path, entries | entries_of(preset))
    return path


def entries_of(preset: Preset) -> dict[str, Any]:
    return {
        "version": VERSION,
        "settings": preset.settings,
        "model": asdict(preset.model) if preset.model else None,
        "notes": preset.notes,
    }
