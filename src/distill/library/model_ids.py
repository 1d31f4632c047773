"""Ids of model files: they stay where files are copied, renamed or moved. Free of torch.

A file holds its id, and so do all its copies. So the workspace notes which file has which id: the
first one that was known keeps that in it, and each copy gets one of its own. A file whose name is
new is the one that is gone, if both are alike.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from distill.errors import DistillError
from distill.files import replace_atomically
from distill.library.change_lock import change_lock
from distill.library.index import Stamp
from distill.library.model import file_id
from distill.library.records import RecordError, read_record
from distill.library.workspace import Workspace, is_id

VERSION = 1
"""Version of the file that keeps them."""

MOST_HOLDERS = 2_000
"""Files that are noted, at most: of those that are gone, the oldest notes go."""


@dataclass(frozen=True)
class ModelFile:
    """A model file of the library.

    Attributes:
        name: Its path in the folder of models.
        own_id: The id in it; empty for none.
        stamp: Its time and size.
    """

    name: str
    own_id: str
    stamp: Stamp


@dataclass(frozen=True)
class Holder:
    """A file that has an id.

    Attributes:
        id: The id.
        name: Path of the file in the folder of models.
        own_id: The id in the file.
        stamp: Its time and size when it was last seen.
    """

    id: str
    name: str
    own_id: str
    stamp: Stamp


def assign_ids(
    workspace: Workspace, files: Sequence[ModelFile], first: Mapping[str, str]
) -> dict[str, str]:
    """The id of each file, by its name. A workspace that cannot be written forgets them.

    Args:
        workspace: The workspace.
        files: All model files.
        first: Names of files that come first where copies are new at the same time, by their ids.
    """
    holders = _read(workspace)
    assigned = _assign(holders, files, first)
    if assigned != holders and workspace.hidden.is_dir():
        with suppress(DistillError), change_lock(workspace, "model-ids"):
            # Another process may have met the same files.
            assigned = _assign(_read(workspace), files, first)
            _write(workspace, assigned)
    names = {file.name for file in files}
    return {holder.name: holder.id for holder in assigned if holder.name in names}


def _assign(
    holders: Sequence[Holder], files: Sequence[ModelFile], first: Mapping[str, str]
) -> list[Holder]:
    """Holders of ids: those that are gone, then all `files`."""
    at_place = {holder.name: holder for holder in holders}
    present: list[Holder] = []
    new: list[ModelFile] = []
    for file in files:
        holder = at_place.get(file.name)
        if holder is not None and holder.own_id == file.own_id:
            present.append(replace(holder, stamp=file.stamp))
        else:
            new.append(file)
    ids = {holder.id for holder in present}
    gone = [holder for holder in holders if holder.id not in ids]
    for found, file in _earlier(new, gone, first):
        gone.remove(found)
        new.remove(file)
        present.append(Holder(found.id, file.name, file.own_id, file.stamp))
    taken = {holder.id for holder in (*present, *gone)}
    for file in _in_order(new, first):
        new_id = _new_id(file, taken)
        taken.add(new_id)
        present.append(Holder(new_id, file.name, file.own_id, file.stamp))
    rest = max(0, MOST_HOLDERS - len(present))
    return [*gone[len(gone) - min(len(gone), rest) :], *sorted(present, key=lambda one: one.name)]


def _earlier(
    new: Sequence[ModelFile], gone: Sequence[Holder], first: Mapping[str, str]
) -> Iterator[tuple[Holder, ModelFile]]:
    """New files that are one that is gone: with its bytes, or alone with the id in them."""
    holders = list(gone)
    files = list(_in_order(new, first))
    for is_same in (_is_renamed, _is_original):
        for file in list(files):
            match = next((holder for holder in holders if is_same(holder, file)), None)
            if match is not None:
                holders.remove(match)
                files.remove(file)
                yield match, file


def _is_renamed(holder: Holder, file: ModelFile) -> bool:
    return holder.own_id == file.own_id and holder.stamp == file.stamp


def _is_original(holder: Holder, file: ModelFile) -> bool:
    return holder.own_id == file.own_id == holder.id


def _in_order(files: Sequence[ModelFile], first: Mapping[str, str]) -> list[ModelFile]:
    """Files in the order in which they get the id in them.

    Systems name a copy by the original and more: `rain copy.sda`, `rain (2).sda`.
    """
    return sorted(
        files, key=lambda file: (first.get(file.own_id) != file.name, len(file.name), file.name)
    )


def _new_id(file: ModelFile, taken: set[str]) -> str:
    if is_id(file.own_id) and file.own_id not in taken:
        return file.own_id
    number = 1
    name = file.name
    while (new_id := file_id(name)) in taken:
        number += 1
        name = f"{file.name} {number}"
    return new_id


# --- their file -----------------------------------------------------------------------------------


def _path(workspace: Workspace) -> Path:
    return workspace.hidden / "model-ids.json"


def _read(workspace: Workspace) -> list[Holder]:
    """Holders, as they were noted; none where the file is gone or damaged."""
    with suppress(FileNotFoundError, RecordError, KeyError, TypeError, ValueError):
        entries = read_record(_path(workspace), VERSION)["files"]
        return [_holder(entry) for entry in entries]
    return []


def _holder(entry: Mapping[str, Any]) -> Holder:
    time_ns, size = entry["stamp"]
    return Holder(
        id=str(entry["id"]),
        name=str(entry["name"]),
        own_id=str(entry["own_id"]),
        stamp=(int(time_ns), int(size)),
    )


def _write(workspace: Workspace, holders: Sequence[Holder]) -> None:
    content = {"version": VERSION, "files": [asdict(holder) for holder in holders]}
    # ASCII with escapes: names of files that are no valid Unicode survive.
    with replace_atomically(_path(workspace)) as file:
        file.write(json.dumps(content, indent=1).encode("ascii"))
