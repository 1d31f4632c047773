"""A lock while something in the workspace is read, changed and written."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from distill.errors import OutputError
from distill.library.document_grids import make_folder
from distill.library.workspace import Workspace

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
    """
    locks = workspace.hidden / "locks"
    make_folder(locks)
    lock = FileLock(locks / f"{name}.lock", timeout=PATIENCE_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(f"Another process is changing {name}: wait for its end.") from error
    except OSError as error:
        raise OutputError(f"Cannot write into {locks}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()
