"""Presets of the workspace: list, save, find, delete. Free of torch."""

import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.errors import NotFoundError, UsageError
from distill.library.bin import Deleted, clear_deleted, delete_files, restore_files
from distill.library.preset import ModelMention, Preset, check_settings
from distill.library.preset_files import (
    check_title,
    files_below,
    files_by_id,
    load_file,
    place_of,
    preset_id,
    write_preset,
)
from distill.library.records import RecordError, check_text, record_lock
from distill.library.renders import LONGEST_NOTES
from distill.library.workspace import Workspace, check_id


@dataclass(frozen=True)
class PresetList:
    """A listing.

    Attributes:
        presets: The presets, by folder and name.
        problems: Sentences on files that cannot be used.
    """

    presets: list[Preset]
    problems: list[str] = field(default_factory=list)


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
    for path in files_below(workspace.presets):
        try:
            preset = load_file(workspace, path)
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
        return load_file(workspace, path)
    except FileNotFoundError as error:
        raise _missing(workspace, text) from error


def find_preset_id(workspace: Workspace, text: str) -> str:
    """The id of the preset that a text means, be its file damaged; errors as for `load_preset`."""
    return preset_id(*place_of(workspace, _find_file(workspace, text)))


def _find_file(workspace: Workspace, text: str) -> Path:
    key = unicodedata.normalize("NFC", text).casefold()
    places = {path: place_of(workspace, path) for path in files_below(workspace.presets)}
    titles = {path: "/".join(place).lstrip("/") for path, place in places.items()}
    for matches in (
        [path for path, place in places.items() if preset_id(*place) == text],
        [path for path, title in titles.items() if title.casefold() == key],
        [path for path, (_, name) in places.items() if name.casefold() == key],
    ):
        if len(matches) > 1:
            names = ", ".join(titles[path] for path in matches[:3])
            raise UsageError(f"'{text}' may be one of several presets ({names}): name its folder.")
        if matches:
            return matches[0]
    raise _missing(workspace, text)


def _missing(workspace: Workspace, text: str) -> NotFoundError:
    return NotFoundError(
        f"There is no preset '{text}' in {workspace.presets}: `distill presets list` shows all."
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
        values = check_settings(settings)
    except UsageError as error:
        reason = str(error).rstrip(".")
        raise UsageError(f"The preset {name} cannot be saved: {reason}.") from error
    preset = Preset(
        id=preset_id(folder, name),
        name=name,
        folder=folder,
        settings=values,
        model=model,
        notes=check_text(notes, "notes", LONGEST_NOTES),
    )
    with record_lock(workspace):
        earlier = files_by_id(workspace).get(preset.id)
        if earlier is not None and not overwrite:
            raise UsageError(
                f"There is a preset '{preset.title}' already: choose another name, or replace it "
                "with --overwrite."
            )
        write_preset(workspace, preset, earlier)
    return preset


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
        path = files_by_id(workspace).get(check_id(wanted))
        if path is None:
            raise _missing(workspace, wanted)
        record = Deleted(
            kind="preset", id=wanted, name=path.stem, deleted_at=time.time(), paths=(path,)
        )
        delete_files(workspace, record, for_good)
    return record


def restore_preset(workspace: Workspace, wanted: str) -> Preset:
    """Bring back a preset that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or another file lies in its place.
        OutputError: The file cannot be written.
    """
    restore_files(workspace, "preset", wanted)
    return load_preset(workspace, wanted)
