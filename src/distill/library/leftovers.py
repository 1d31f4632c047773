"""What killed processes leave in a workspace: kept from lasting.

A folder of several files is locked while it is made. One that is half made and that nobody has
locked belongs to a process that is dead. Nothing else is ever removed: all in a workspace are
ordinary files, and a person may put their own among them.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distill.errors import DistillError
from distill.files import TEMPORARY, clear_leftovers, make_folder
from distill.library.change_lock import change_lock, forget_lock, lock_path
from distill.library.locks import take_lock
from distill.library.workspace import MADE_ID, Workspace, new_id

HALF_MADE = {
    "codes": ("document.json", re.compile(r"first\.json\.gz")),
    "comparisons": ("comparison.json", re.compile(r"pair-\d+-[xy]\.wav")),
}
"""Folders in which things are made that are folders themselves: the file that makes one whole, and
names of those that come before it."""

SESSION_S = 60.0
"""Seconds after which a half-written secret has no writer: it takes some ms."""


@contextmanager
def new_folder(workspace: Workspace, folder: Path) -> Iterator[None]:
    """Make `folder`, and fill it in the block. A failure leaves none; after a kill,
    `clear_workspace` removes it.

    Args:
        workspace: The workspace.
        folder: Where it goes; its name is a new id.

    Raises:
        OutputError: It cannot be made.
    """
    name = _lock_name(folder)
    try:
        with change_lock(workspace, name):
            try:
                make_folder(folder)
                yield
            except BaseException:
                # Ctrl-C, too, leaves no half.
                shutil.rmtree(folder, ignore_errors=True)
                raise
    finally:
        forget_lock(workspace, name)


@contextmanager
def scratch_folder(workspace: Workspace) -> Iterator[Path]:
    """A folder of its own for files that are gone after the block. `OutputError` for none."""
    folder = _scratch(workspace) / new_id()
    with new_folder(workspace, folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def clear_workspace(workspace: Workspace) -> None:
    """Remove what dead processes left in a workspace; what cannot be removed stays."""
    for place, _, _ in os.walk(workspace.root):
        clear_leftovers(place)
    for name, (mark, others) in HALF_MADE.items():
        for folder in _made_folders(workspace.root / name):
            if not (folder / mark).exists() and _holds_only(folder, others):
                _remove_if_dead(workspace, folder, mark)
    for folder in _made_folders(_scratch(workspace)):
        _remove_if_dead(workspace, folder)
    _clear_secrets(workspace)


def _scratch(workspace: Workspace) -> Path:
    return workspace.hidden / "scratch"


def _lock_name(folder: Path) -> str:
    # Not that of the thing itself, which others may change as soon as it is whole.
    return f"new-{folder.name}"


def _made_folders(place: Path) -> list[Path]:
    """Folders in `place` whose names Distill made."""
    with suppress(OSError):
        return [path for path in place.iterdir() if MADE_ID.fullmatch(path.name) and path.is_dir()]
    return []


def _holds_only(folder: Path, names: re.Pattern[str]) -> bool:
    with suppress(OSError):
        return all(
            names.fullmatch(path.name) or TEMPORARY.fullmatch(path.name)
            for path in folder.iterdir()
        )
    return False


def _remove_if_dead(workspace: Workspace, folder: Path, mark: str = "") -> None:
    """Remove a half-made folder, unless somebody is making it, or has just made it whole."""
    name = _lock_name(folder)
    # A disk without locks cannot tell who lives: all stays.
    with suppress(OSError, DistillError):
        make_folder(lock_path(workspace, name).parent)
        lock = take_lock(lock_path(workspace, name))
        if lock is None:
            return
        try:
            if not (mark and (folder / mark).exists()):
                shutil.rmtree(folder)
        finally:
            lock.release()
            forget_lock(workspace, name)


def _clear_secrets(workspace: Workspace) -> None:
    for path in workspace.hidden.glob(".session-*.tmp"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > SESSION_S:
                path.unlink()
