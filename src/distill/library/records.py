"""Records: small JSON files that the workspace keeps about renders, models and presets.

Several processes may change one record: whoever changes it holds the lock of the workspace while it
reads and writes. Entries that this version does not know stay.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from distill.errors import DistillError, OutputError, UsageError
from distill.files import make_folder, open_regular, parse_json, replace_atomically
from distill.library.workspace import Workspace, open_workspace

LARGEST_RECORD = 1 << 20
"""Bytes of a record, at most: a recipe with 800 points of curves takes 40 kB."""

PATIENCE_S = 10.0
"""Seconds to wait for another process that changes a record; each takes milliseconds."""


class RecordError(DistillError):
    """A record is damaged, or a newer Distill wrote it."""


def read_record(path: Path, version: int) -> dict[str, Any]:
    """The entries of the record at `path`.

    Args:
        path: The file.
        version: The newest version of its kind that this Distill knows.

    Raises:
        RecordError: It is damaged, too long, or of a newer version.
        FileNotFoundError: There is none.
    """
    try:
        with open_regular(path) as file:
            content = file.read(LARGEST_RECORD + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse_record(path, content, version)


def parse_record(path: Path, content: bytes, version: int) -> dict[str, Any]:
    """The entries of a record in `content`; arguments and errors as for `read_record`."""
    if len(content) > LARGEST_RECORD:
        raise RecordError(f"{path} is longer than any record of Distill: delete it.")
    try:
        entries = parse_json(content)
    except ValueError as error:
        raise RecordError(f"{path} is damaged: delete it.") from error
    number = entries.get("version") if isinstance(entries, dict) else None
    # True is an int to isinstance.
    if type(number) is not int or number < 1:
        raise RecordError(f"{path} is damaged: delete it.")
    if number > version:
        raise RecordError(
            f"A newer Distill wrote {path} (version {str(number)[:9]}, this one knows {version}): "
            "update Distill."
        )
    return dict(entries)


def write_record(path: Path, entries: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all; its folder is made.

    Raises:
        OutputError: It cannot be written.
    """
    make_folder(path.parent)
    # ASCII with escapes: names of files that are no valid Unicode survive.
    content = json.dumps(dict(entries), indent=1)
    with replace_atomically(path) as file:
        file.write(content.encode("ascii"))


@contextmanager
def record_lock(workspace: Workspace) -> Iterator[None]:
    """While inside, no other process changes records of the workspace.

    Raises:
        OutputError: The workspace cannot be written, or another process does not end its change.
        UsageError: It is no folder, or a newer Distill wrote it.
    """
    open_workspace(workspace.root)
    lock = FileLock(workspace.hidden / "records.lock", timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(
            f"Another process changes {workspace.root} and does not end: try again."
        ) from error
    except OSError as error:
        raise OutputError(
            f"Cannot write into {workspace.hidden}: {error.strerror or error}."
        ) from error
    try:
        yield
    finally:
        lock.release()


def check_text(text: str, entry: str, most: int) -> str:
    """A text that a user gives a record, without blanks at its ends and without NULs.

    Args:
        text: The text.
        entry: What it is, for messages: "name".
        most: Characters, at most.

    Raises:
        UsageError: It is longer.
    """
    # Arguments of a command may hold halves of signs, which no database takes.
    plain = text.encode("utf-8", "backslashreplace").decode()
    # Nobody sees a NUL, and searches of SQLite end at one.
    plain = plain.replace("\0", "").strip()
    if len(plain) > most:
        raise UsageError(f"The {entry} has {len(plain):,} characters: {most:,} are the most.")
    return plain


# --- places ---------------------------------------------------------------------------------------


def stored_path(workspace: Workspace, path: Path) -> str:
    """`path` as a record keeps it: relative inside the workspace, so that it may be moved."""
    if path.is_relative_to(workspace.root):
        return path.relative_to(workspace.root).as_posix()
    return str(path)


def absolute_path(workspace: Workspace, text: str) -> Path:
    """The path that a record keeps as `text`."""
    return workspace.root / text
