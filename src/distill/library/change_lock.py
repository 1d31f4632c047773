"""A lock while something in the workspace is read, changed and written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distill.errors import OutputError
from distill.files import make_folder
from distill.library.locks import take_lock
from distill.library.workspace import Workspace, open_workspace

PATIENCE_S = 10
"""Seconds to wait for another process, whose change takes some ms."""


@contextmanager
def change_lock(workspace: Workspace, name: str) -> Iterator[None]:
    """While inside, no other process has the lock of this name.

    Args:
        workspace: The workspace.
        name: An id.

    Raises:
        OutputError: The workspace cannot be written, or another process does not let go.
        UsageError: It is no folder, or a newer Distill wrote it.
    """
    open_workspace(workspace.root)
    path = lock_path(workspace, name)
    make_folder(path.parent)
    lock = take_lock(path, PATIENCE_S)
    if lock is None:
        raise OutputError(f"Another process is changing {name}: wait for its end.")
    try:
        yield
    finally:
        lock.release()


def forget_lock(workspace: Workspace, name: str) -> None:
    """Remove the file of a lock, once the thing of that name is gone."""
    with suppress(OSError):
        lock_path(workspace, name).unlink()


def lock_path(workspace: Workspace, name: str) -> Path:
    """File of the lock of a name."""
    return workspace.hidden / "locks" / f"{name}.lock"
