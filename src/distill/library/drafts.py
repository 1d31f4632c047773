"""Drafts: what a person has set on a page and not used yet. Free of torch."""

import json
import time
from pathlib import Path
from typing import Any

from distill.errors import OutputError, UsageError
from distill.files import make_folder, replace_atomically
from distill.library.records import LARGEST_RECORD, RecordError, read_record
from distill.library.workspace import Workspace, check_id

VERSION = 1
"""Version of the file."""

MOST_DRAFTS = 500
"""Drafts, at most: beyond, the oldest go."""


def load_draft(workspace: Workspace, place: str) -> dict[str, Any]:
    """The draft of a place; empty if there is none, or a damaged one."""
    try:
        return dict(read_record(_path(workspace, place), VERSION)["draft"])
    except (FileNotFoundError, RecordError, KeyError, TypeError, ValueError):
        return {}


def save_draft(workspace: Workspace, place: str, draft: dict[str, Any]) -> None:
    """Keep a draft in place of an earlier one.

    Args:
        workspace: The workspace.
        place: What it belongs to, as an id: `make-voices`.
        draft: What is set, as JSON can hold it.

    Raises:
        UsageError: It is too long, or the place is no id.
        OutputError: It cannot be written.
    """
    path = _path(workspace, place)
    entries = {"version": VERSION, "saved": time.time(), "draft": draft}
    content = json.dumps(entries).encode("ascii")
    if len(content) > LARGEST_RECORD:
        raise UsageError("This draft is too long to be kept.")
    make_folder(path.parent)
    with replace_atomically(path) as file:
        file.write(content)
    _drop_oldest(path.parent)


def delete_draft(workspace: Workspace, place: str) -> None:
    """Forget a draft; one that is not there is forgotten already."""
    path = _path(workspace, place)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot remove {path}: {error.strerror or error}.") from error


def _path(workspace: Workspace, place: str) -> Path:
    return workspace.hidden / "drafts" / f"{check_id(place)}.json"


def _drop_oldest(folder: Path) -> None:
    paths = list(folder.glob("*.json"))
    if len(paths) > MOST_DRAFTS:
        paths.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in paths[: len(paths) - MOST_DRAFTS]:
            path.unlink(missing_ok=True)
