"""Atomic writes: a file is there whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from distill.errors import OutputError

FilePath = str | os.PathLike[str]
"""Name of a file or folder."""


@contextmanager
def replace_atomically(path: FilePath) -> Iterator[BinaryIO]:
    """Give a binary file to write to, which becomes `path` in one step at the end of the block.

    Until then an earlier file at `path` stays as it is. The bytes go to a uniquely named file in
    the same folder, which is synced to disk and renamed. Any failure but a kill removes it. A
    symbolic link at `path` is kept: the file that it points to is replaced.

    Raises:
        OutputError: If the file cannot be written (no such folder, no permission, disk full), with
            the system's reason. Errors other than OSError pass through.

    Example:
        with replace_atomically("notes.txt") as file:
            file.write(b"hello")
    """
    target = Path(os.path.realpath(path))
    # A short name: one built from a target of 200 characters would be too long for the folder.
    temporary = target.parent / f".distill-{uuid.uuid4().hex}.tmp"
    try:
        with _create(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _keep_permissions(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _create(path: Path) -> BinaryIO:
    # Plain open (not `tempfile`), so that the user's umask decides who may read the result.
    return open(path, "x+b")


def _keep_permissions(existing: Path, new: Path) -> None:
    """Give `new` the permissions of `existing`, if there is such a file."""
    with suppress(OSError):
        mode = existing.stat().st_mode & 0o777
        os.chmod(new, mode)
