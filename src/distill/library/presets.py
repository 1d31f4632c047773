"""Presets of the workspace: list, save, find, delete, import and export. Free of torch.

Each is a JSON file, `presets/FOLDER/NAME.json`. Its place gives folder and name, whoever put it
there. Many in one file make a bundle, to be given to others.
"""

import hashlib
import json
import os
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from distill.errors import DistillError, OutputError, UsageError
from distill.files import FilePath, check_place, open_regular, parse_json, replace_atomically
from distill.library.bin import Deleted, clear_deleted, delete_files, restore_files
from distill.library.preset import ModelMention, Preset, check_settings
from distill.library.records import (
    RecordError,
    check_text,
    parse_record,
    read_record,
    record_lock,
    write_record,
)
from distill.library.renders import LONGEST_NOTES
from distill.library.workspace import Workspace, check_id

VERSION = 1
"""Version of a preset, and of a bundle."""

BUNDLE = "distill.presets"
"""Marker of a bundle."""

LARGEST_BUNDLE = 16 << 20
"""Bytes of a bundle, at most."""

MOST_PRESETS = 10_000
"""Presets of a bundle, at most."""

DEEPEST = 4
"""Folders inside of one another, at most."""

LONGEST_NAME = 100
"""Bytes of a name in UTF-8, at most: names of files have 255."""

FORBIDDEN = frozenset('<>:"/\\|?*')
"""Signs that no name of a file may have on some system."""

RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
"""Names that Windows keeps for devices."""


@dataclass(frozen=True)
class PresetList:
    """A listing.

    Attributes:
        presets: The presets, by folder and name.
        problems: Sentences on files that cannot be used.
    """

    presets: list[Preset]
    problems: list[str] = field(default_factory=list)


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
        and text.partition(".")[0].casefold().strip() not in RESERVED
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


# --- find -----------------------------------------------------------------------------------------


def list_presets(workspace: Workspace, text: str = "", model_id: str | None = None) -> PresetList:
    """The presets of a workspace.

    Args:
        workspace: The workspace.
        text: Words, each of which occurs in folder, name, notes or settings.
        model_id: The id in the metadata of a model: general presets, and those made for it. None
            for all.
    """
    clear_deleted(workspace)
    presets = []
    problems = []
    words = text.casefold().split()
    for path in _files(workspace.presets):
        try:
            preset = _load(workspace, path)
        except FileNotFoundError:
            continue
        except (RecordError, UsageError) as error:
            problems.append(str(error))
            continue
        is_for_model = model_id is None or preset.model is None or preset.model.id == model_id
        if is_for_model and _matches(preset, words):
            presets.append(preset)
    return PresetList(
        presets=sorted(presets, key=lambda preset: preset.title.casefold()), problems=problems
    )


def load_preset(workspace: Workspace, text: str) -> Preset:
    """The preset with an id, a title, or a name that only one has.

    Raises:
        UsageError: There is none, or more than one, or `generate` would refuse its settings.
        RecordError: Its file is damaged, or of a newer version.
    """
    path = _find_file(workspace, text)
    try:
        return _load(workspace, path)
    except FileNotFoundError as error:
        raise _none(workspace, text) from error


def find_preset_id(workspace: Workspace, text: str) -> str:
    """The id of the preset that a text means, be its file damaged; errors as for `load_preset`."""
    return preset_id(*_place(workspace, _find_file(workspace, text)))


def _find_file(workspace: Workspace, text: str) -> Path:
    folded = unicodedata.normalize("NFC", text).casefold()
    places = {path: _place(workspace, path) for path in _files(workspace.presets)}
    titles = {path: "/".join(place).lstrip("/") for path, place in places.items()}
    for found in (
        [path for path, place in places.items() if preset_id(*place) == text],
        [path for path, title in titles.items() if title.casefold() == folded],
        [path for path, (_, name) in places.items() if name.casefold() == folded],
    ):
        if len(found) > 1:
            names = ", ".join(titles[path] for path in found[:3])
            raise UsageError(f"'{text}' may be one of several presets ({names}): name its folder.")
        if found:
            return found[0]
    raise _none(workspace, text)


def _none(workspace: Workspace, text: str) -> UsageError:
    return UsageError(
        f"There is no preset '{text}' in {workspace.presets}: `distill presets list` shows all."
    )


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
            yield from _files(Path(entry.path), depth + 1)
        elif entry.name.endswith(".json") and entry.is_file():
            yield Path(entry.path)


def _place(workspace: Workspace, path: Path) -> tuple[str, str]:
    """Folder and name of the preset in a file."""
    folder = path.parent.relative_to(workspace.presets).as_posix()
    return ("" if folder == "." else folder), path.stem


def _load(workspace: Workspace, path: Path) -> Preset:
    folder, name = _place(workspace, path)
    return _preset(path, folder, name, read_record(path, VERSION))


def _preset(path: Path, folder: str, name: str, entries: Mapping[str, Any]) -> Preset:
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


def _matches(preset: Preset, words: Sequence[str]) -> bool:
    values = (f"{name} {value}" for name, value in preset.settings.items())
    text = "\n".join((preset.title, preset.notes, *values)).casefold()
    return all(word in text for word in words)


# --- save and delete ------------------------------------------------------------------------------


def save_preset(
    workspace: Workspace,
    title: str,
    settings: Mapping[str, Any],
    *,
    model: ModelMention | None = None,
    notes: str = "",
    overwrite: bool = False,
) -> Preset:
    """Save settings under a name.

    Args:
        workspace: The workspace.
        title: Its name, with folders before it: `drums/warm`.
        settings: Values of `preset.SETTINGS`.
        model: The model that it is for; None for any.
        notes: Notes of a person.
        overwrite: Whether an earlier preset of that name is replaced.

    Raises:
        UsageError: The name is taken or cannot be one, or a setting is out of range.
        OutputError: The file cannot be written.
    """
    folder, name = check_title(title)
    try:
        checked = check_settings(settings)
    except UsageError as error:
        reason = str(error).rstrip(".")
        raise UsageError(f"The preset {name} cannot be saved: {reason}.") from error
    preset = Preset(
        id=preset_id(folder, name),
        name=name,
        folder=folder,
        settings=checked,
        model=model,
        notes=check_text(notes, "notes", LONGEST_NOTES),
    )
    with record_lock(workspace):
        earlier = _files_by_id(workspace).get(preset.id)
        if earlier is not None and not overwrite:
            raise UsageError(
                f"There is a preset '{preset.title}' already: choose another name, or replace it "
                "with --overwrite."
            )
        _write(workspace, preset, earlier)
    return preset


def _files_by_id(workspace: Workspace) -> dict[str, Path]:
    """The file of each preset."""
    return {preset_id(*_place(workspace, path)): path for path in _files(workspace.presets)}


def _write(workspace: Workspace, preset: Preset, earlier: Path | None) -> Path:
    """Write a preset, in place of that in the file `earlier`; unknown entries of that stay."""
    path = earlier or workspace.presets / preset.folder / f"{preset.name}.json"
    entries: dict[str, Any] = {}
    if earlier is not None:
        with suppress(RecordError, FileNotFoundError):
            entries = read_record(earlier, VERSION)
    write_record(path, entries | _entries(preset))
    return path


def _entries(preset: Preset) -> dict[str, Any]:
    return {
        "version": VERSION,
        "settings": preset.settings,
        "model": asdict(preset.model) if preset.model else None,
        "notes": preset.notes,
    }


def delete_preset(workspace: Workspace, wanted: str, for_good: bool = False) -> Deleted:
    """Move a preset to the bin. `restore_preset` brings it back.

    Args:
        workspace: The workspace.
        wanted: Its id.
        for_good: Whether to delete without a bin.

    Raises:
        UsageError: There is no such preset.
        OutputError: It cannot be moved to the bin.
    """
    with record_lock(workspace):
        path = _files_by_id(workspace).get(check_id(wanted))
        if path is None:
            raise _none(workspace, wanted)
        deleted = Deleted(
            kind="preset", id=wanted, name=path.stem, deleted_at=time.time(), paths=(path,)
        )
        delete_files(workspace, deleted, for_good)
    return deleted


def restore_preset(workspace: Workspace, wanted: str) -> Preset:
    """Bring back a preset that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or another file lies in its place.
        OutputError: The file cannot be written.
    """
    restore_files(workspace, "preset", wanted)
    return load_preset(workspace, wanted)


# --- bundles --------------------------------------------------------------------------------------


def export_presets(presets: Sequence[Preset], output: FilePath) -> Path:
    """Write presets to one file, whole or not at all.

    Args:
        presets: The presets.
        output: The file, ending in `.json`.

    Raises:
        OutputError: It cannot be written.
    """
    path = Path(output)
    if path.suffix.lower() != ".json":
        raise OutputError(f"Presets are written as JSON: let the name of '{path}' end in .json.")
    check_place(path)
    entries = [{"title": preset.title, **_entries(preset)} for preset in presets]
    bundle = {"format": BUNDLE, "version": VERSION, "presets": entries}
    with replace_atomically(path) as file:
        file.write(json.dumps(bundle, indent=1).encode("ascii"))
    return path


def import_presets(
    workspace: Workspace, source: FilePath, folder: str = "", overwrite: bool = False
) -> list[Preset]:
    """Add the presets of a bundle, or of the file of one preset. All are checked before any.

    A name that another preset has gets a number; presets that are there already are left out.

    Args:
        workspace: The workspace.
        source: The file.
        folder: A folder to put them into; empty for those of the bundle alone.
        overwrite: Whether they replace presets of the same name.

    Returns:
        Those that were added.

    Raises:
        UsageError: The file cannot be read, or holds a preset that cannot be used.
        OutputError: A preset cannot be written.
    """
    path = Path(source)
    presets = list(read_bundle(path, folder))
    added = []
    with record_lock(workspace):
        files = _files_by_id(workspace)
        for preset in presets:
            earlier = files.get(preset.id)
            if earlier is not None and not overwrite:
                if _is_same(workspace, earlier, preset):
                    continue
                preset = _numbered(preset, files)
                earlier = None
            files[preset.id] = _write(workspace, preset, earlier)
            added.append(preset)
    return added


def read_bundle(path: Path, folder: str = "") -> Iterator[Preset]:
    """The presets in a bundle, or in the file of one preset; arguments as `import_presets`."""
    try:
        with open_regular(path) as file:
            content = file.read(LARGEST_BUNDLE + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > LARGEST_BUNDLE:
        raise UsageError(f"{path} is larger than presets are: {LARGEST_BUNDLE >> 20} MB at most.")
    try:
        bundle = parse_json(content)
    except ValueError as error:
        raise UsageError(f"{path} holds no presets: it is no JSON.") from error
    if not isinstance(bundle, dict) or not {"settings", "presets"} & bundle.keys():
        raise UsageError(f"{path} holds no presets: name a file of `distill presets export`.")
    for entries in _bundled(path, bundle):
        title = entries.get("title")
        if not isinstance(title, str):
            raise UsageError(f"{path} holds a preset without a name.")
        place, name = check_title(f"{folder}/{title}" if folder else title)
        yield _preset(path, place, name, entries)


def _bundled(path: Path, bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Entries of each preset in a file."""
    _check_version(path, bundle)
    if "presets" not in bundle:
        return [{"title": path.stem, **bundle}]
    entries = bundle["presets"]
    is_list = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if bundle.get("format") != BUNDLE or not is_list:
        raise UsageError(f"{path} holds no presets: name a file of `distill presets export`.")
    if len(entries) > MOST_PRESETS:
        raise UsageError(f"{path} holds {len(entries):,} presets: {MOST_PRESETS:,} are the most.")
    return entries


def _check_version(path: Path, bundle: dict[str, Any]) -> None:
    """The check of every record, for what has no place of its own yet."""
    try:
        parse_record(path, json.dumps({"version": bundle.get("version")}).encode(), VERSION)
    except DistillError as error:
        raise UsageError(str(error)) from error


def _is_same(workspace: Workspace, earlier: Path, preset: Preset) -> bool:
    """Whether the file `earlier` holds the same preset."""
    try:
        other = _load(workspace, earlier)
    except (DistillError, FileNotFoundError):
        return False
    return replace(other, name=preset.name, folder=preset.folder) == preset


def _numbered(preset: Preset, files: Mapping[str, Path]) -> Preset:
    """The preset under the next name that none of `files` has."""
    number = 2
    while True:
        name = f"{preset.name} {number}"
        wanted = preset_id(preset.folder, name)
        if wanted not in files:
            return replace(preset, id=wanted, name=name)
        number += 1
