"""Bundles of presets: many in one file, to be given to others. Free of torch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill.errors import DistillError, OutputError, UsageError
from distill.files import FilePath, check_place, open_regular, parse_json, replace_atomically
from distill.library.preset import Preset
from distill.library.preset_files import (
    VERSION,
    check_title,
    entries_of,
    files_by_id,
    load_file,
    preset_id,
    preset_of,
    write_preset,
)
from distill.library.records import parse_record, record_lock
from distill.library.workspace import Workspace

BUNDLE = "distill.presets"
"""Marker of a bundle."""

LARGEST_BUNDLE = 16 << 20
"""Bytes of a bundle, at most."""

MOST_PRESETS = 10_000
"""Presets of a bundle, at most."""


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
    entries = [{"title": preset.title, **entries_of(preset)} for preset in presets]
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
    result = []
    with record_lock(workspace):
        files = files_by_id(workspace)
        for preset in presets:
            earlier = files.get(preset.id)
            if earlier is not None and not overwrite:
                if _is_same(workspace, earlier, preset):
                    continue
                preset = _with_number(preset, files)
                earlier = None
            files[preset.id] = write_preset(workspace, preset, earlier)
            result.append(preset)
    return result


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
    for entries in _entries(path, bundle):
        title = entries.get("title")
        if not isinstance(title, str):
            raise UsageError(f"{path} holds a preset without a name.")
        place, name = check_title(f"{folder}/{title}" if folder else title)
        yield preset_of(path, place, name, entries)


def _entries(path: Path, bundle: dict[str, Any]) -> list[dict[str, Any]]:
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
        other = load_file(workspace, earlier)
    except (DistillError, FileNotFoundError):
        return False
    return replace(other, name=preset.name, folder=preset.folder) == preset


def _with_number(preset: Preset, files: Mapping[str, Path]) -> Preset:
    """The preset under the next name that none of `files` has."""
    number = 2
    while True:
        name = f"{preset.name} {number}"
        key = preset_id(preset.folder, name)
        if key not in files:
            return replace(preset, id=key, name=name)
        number += 1
