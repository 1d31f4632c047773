"""A lock while something in the workspace is read, changed and written."""

from collections.abc import Iterator
from contextlib import contextmanager

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
    locks = workspace.hidden / "locks"
    make_folder(locks)
    lock = take_lock(locks / f"{name}.lock", PATIENCE_S)
    if lock is None:
        raise OutputError(f"Another process is changing {name}: wait for its end.")
    try:
        yield
    finally:
        lock.release()
