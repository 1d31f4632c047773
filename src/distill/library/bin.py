"""Deleting: files go to the bin of the system, and can be brought back for a day.

No system brings a file back on request. So links to the files (copies where the disk has no links)
stay in the workspace for a day. They are made before anything is deleted: whatever ends the process
in between, nothing is lost. For files that are deleted for good, they go at the end.
"""

import filecmp
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from send2trash import send2trash

from distill.errors import OutputError, UsageError
from distill.files import make_folder
from distill.library.change_lock import change_lock, forget_lock
from distill.library.records import (
    RecordError,
    absolute_path,
    read_record,
    record_lock,
    stored_path,
    write_record,
)
from distill.library.workspace import Workspace, check_id

VERSION = 1
"""Version of the manifest of what was deleted."""

UNDO_S = 24 * 3600.0
"""Seconds for which deleted files can be brought back."""

MANIFEST = "deleted.json"


@dataclass(frozen=True)
class Deleted:
    """Files that were deleted together.

    Attributes:
        kind: `render`, `model`, `preset`, `sound`, `document` or `comparison`.
        id: Its id.
        name: Its name, for messages.
        deleted_at: When, in seconds since 1970.
        paths: Where the files were.
        folder: The folder of all of them, where it goes to the bin as a whole; else None.
    """

    kind: str
    id: str
    name: str
    deleted_at: float
    paths: tuple[Path, ...]
    folder: Path | None = None


def delete_files(workspace: Workspace, deleted: Deleted, for_good: bool = False) -> None:
    """Move files to the bin of the system. Those that are gone already are skipped.

    Args:
        workspace: Keeps what is needed to bring them back.
        deleted: What is deleted.
        for_good: Whether to delete them without a bin, and keep nothing to bring them back.

    Raises:
        OutputError: A file cannot be deleted, or has no bin; then all files are as they were.
    """
    clear_deleted(workspace)
    folder = _folder(workspace, deleted.kind, deleted.id)
    _forget(folder)
    make_folder(folder)
    files = [path for path in deleted.paths if path.is_file()]
    for number, path in enumerate(files):
        _duplicate(path, folder / str(number))
    write_record(
        folder / MANIFEST,
        {
            "version": VERSION,
            "kind": deleted.kind,
            "id": deleted.id,
            "name": deleted.name,
            "deleted_at": deleted.deleted_at,
            "paths": [stored_path(workspace, path) for path in files],
        },
    )
    for path in files if deleted.folder is None else [deleted.folder]:
        try:
            _remove(path, for_good)
        except OutputError:
            _bring_back(folder, files)
            raise
    if for_good:
        _forget(folder)


def delete_folder(
    workspace: Workspace, kind: str, folder: Path, name: str, *, for_good: bool
) -> Deleted:
    """Move a folder, whose name is an id, to the bin of the system.

    Args:
        workspace: The workspace.
        kind: Such as `document`, for `restore_files`.
        folder: The folder.
        name: Name that people know it by.
        for_good: Whether to delete without a bin.

    Raises:
        OutputError: It cannot be deleted; then it stays.
    """
    with change_lock(workspace, folder.name):
        record = Deleted(
            kind=kind,
            id=folder.name,
            name=name,
            deleted_at=time.time(),
            paths=tuple(sorted(path for path in folder.rglob("*") if path.is_file())),
            folder=folder,
        )
        delete_files(workspace, record, for_good)
    forget_lock(workspace, folder.name)
    return record


def restore_files(workspace: Workspace, kind: str, deleted_id: str) -> Deleted:
    """Bring back what was deleted.

    Args:
        workspace: The workspace.
        kind: As in `Deleted`.
        deleted_id: Its id.

    Raises:
        UsageError: There is nothing of that id to bring back, or other files lie in its place.
        OutputError: A file cannot be written.
    """
    folder = _folder(workspace, kind, deleted_id)
    # Before the lock, which would make the workspace.
    _find(workspace, folder, kind, deleted_id)
    with record_lock(workspace):
        record = _find(workspace, folder, kind, deleted_id)
        for number, path in enumerate(record.paths):
            if path.exists() and not _is_same(path, folder / str(number)):
                raise UsageError(f"Another file lies at {path}: move it away, then try again.")
        _bring_back(folder, record.paths)
    return record


def list_deleted(workspace: Workspace, kind: str) -> list[Deleted]:
    """What can be brought back, the latest first."""
    clear_deleted(workspace)
    records = []
    for folder in _folders(workspace):
        with suppress(FileNotFoundError, RecordError):
            record = _read(workspace, folder)
            if record.kind == kind:
                records.append(record)
    return sorted(records, key=lambda record: -record.deleted_at)


def clear_deleted(workspace: Workspace, older_than_s: float = UNDO_S) -> None:
    """Forget what was deleted more than `older_than_s` seconds ago."""
    for folder in _folders(workspace):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > older_than_s:
                shutil.rmtree(folder)


def _folder(workspace: Workspace, kind: str, deleted_id: str) -> Path:
    return workspace.hidden / "deleted" / f"{kind}-{check_id(deleted_id)}"


def _folders(workspace: Workspace) -> list[Path]:
    try:
        return [path for path in (workspace.hidden / "deleted").iterdir() if path.is_dir()]
    except OSError:
        return []


def _find(workspace: Workspace, folder: Path, kind: str, deleted_id: str) -> Deleted:
    """What `folder` keeps. `UsageError` if there is nothing."""
    try:
        return _read(workspace, folder)
    except (FileNotFoundError, RecordError) as error:
        raise UsageError(
            f"There is no deleted {kind} {deleted_id} to bring back: after a day, look for it in "
            "the bin of your system; files deleted for good are gone."
        ) from error


def _read(workspace: Workspace, folder: Path) -> Deleted:
    entries = read_record(folder / MANIFEST, VERSION)
    try:
        return Deleted(
            kind=str(entries["kind"]),
            id=str(entries["id"]),
            name=str(entries["name"]),
            deleted_at=float(entries["deleted_at"]),
            paths=tuple(absolute_path(workspace, path) for path in entries["paths"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{folder / MANIFEST} is damaged: delete it.") from error


def _remove(path: Path, for_good: bool) -> None:
    remove: Callable[[Path], None] = send2trash
    if for_good:
        remove = shutil.rmtree if path.is_dir() else os.unlink
    try:
        remove(path)
    except OSError as error:
        if for_good:
            raise OutputError(f"Cannot delete {path}: {error.strerror or error}.") from error
        raise OutputError(
            f"There is no bin for {path} ({error.strerror or error}): delete it with --for-good."
        ) from error


def _is_same(path: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    try:
        return filecmp.cmp(path, other, shallow=False)
    except OSError:
        return False


def _bring_back(folder: Path, paths: Sequence[Path]) -> None:
    """Put the files that `folder` keeps back in their places."""
    for number, path in enumerate(paths):
        if not path.exists():
            make_folder(path.parent)
            _duplicate(folder / str(number), path)
    _forget(folder)


def _forget(folder: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)


def _duplicate(path: Path, other: Path) -> None:
    """Make `other` a link to the file at `path`, or a copy. `OutputError` if neither works."""
    try:
        try:
            os.link(path, other)
        except OSError:
            # Another disk, or one without links.
            shutil.copy2(path, other)
    except OSError as error:
        raise OutputError(f"Cannot write {other}: {error.strerror or error}.") from error
