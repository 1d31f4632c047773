"""Atomic writes: a file is there whole or not at all, and half-written ones of killed runs go away.

A file that is being written is locked. One that can be locked belongs to a run that is dead. Checks
of a place tell before the work begins that it cannot be written.
"""

import errno
import json
import os
import re
import shutil
import stat
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from distill.errors import OutputError, TooLittleRoomError

FilePath = str | os.PathLike[str]
"""Name of a file or folder."""


TEMPORARY = re.compile(r"\.distill-[0-9a-f]{32}\.tmp")
"""Names of half-written files."""

_clean_folders: set[Path] = set()
"""Folders that this process has cleared."""


def make_folder(folder: FilePath) -> None:
    """Make a folder, and those above it, where there is none. `OutputError` if that fails."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot make the folder {folder}: {error.strerror or error}.") from error


@contextmanager
def replace_atomically(path: FilePath, is_lasting: bool = True) -> Iterator[BinaryIO]:
    """Give a binary file to write to, which becomes `path` in one step at the end of the block.

    Until then an earlier file at `path` stays as it is. The bytes go to a uniquely named file in
    the same folder, which is synced to disk and renamed; then the folder is synced. Any failure
    but a kill removes it. The next run that writes there removes what a killed run left. A
    symbolic link at `path` is kept: the file that it points to is replaced.

    Args:
        path: File to write.
        is_lasting: Whether to sync, which takes some milliseconds. Without, a power cut may leave
            an empty file or the earlier one.

    Raises:
        OutputError: If the file cannot be written (no such folder, no permission, disk full), with
            the system's reason, or if `path` is a folder, a device or a pipe. Errors other than
            OSError pass through.

    Example:
        with replace_atomically("notes.txt") as file:
            file.write(b"hello")
    """
    # A rename would replace a device or a pipe by a file.
    check_regular(path)
    target = Path(os.path.realpath(path))
    _clear_once(target.parent)
    temporary = _temporary(target.parent)
    try:
        with _create(temporary) as file:
            yield file
            file.flush()
            if is_lasting:
                os.fsync(file.fileno())
            if sys.platform != "win32":
                # The lock ends with the block: nobody may take the file for a leftover before.
                _put_in_place(temporary, target)
        if sys.platform == "win32":
            # No open file can be renamed there.
            _put_in_place(temporary, target)
        if is_lasting:
            _sync_folder(target.parent)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def open_regular(path: FilePath) -> BufferedReader:
    """Open a file for reading, but no device and no pipe: reading those may never end.

    Raises:
        OSError: If it is one, or cannot be opened.
    """
    mode = os.stat(path).st_mode
    # Of folders, opening says what they are.
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "a device or a pipe, not a file")
    return open(path, "rb")


def _clear_once(folder: Path) -> None:
    """`clear_leftovers`, at the first time that this process writes into `folder`."""
    if folder not in _clean_folders:
        _clean_folders.add(folder)
        clear_leftovers(folder)


def clear_leftovers(folder: FilePath) -> int:
    """Remove the half-written files of dead runs from `folder`; returns the bytes freed.

    Files that a living run writes stay, and so does all that cannot be removed.
    """
    n_bytes = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if TEMPORARY.fullmatch(entry.name):
                n_bytes += remove_if_dead(entry.path)
    return n_bytes


def _temporary(folder: Path) -> Path:
    """A name in `folder` that no other file has."""
    # A short name: one built from a target of 200 characters would be too long for the folder.
    return folder / f".distill-{uuid.uuid4().hex}.tmp"


def _create(path: Path) -> BinaryIO:
    """Open a new file and lock it, so that others see that its run is alive."""
    while True:
        file = _open_new(path)
        _lock(file)
        # Another run may have removed it before it was locked.
        if path.exists():
            return file
        file.close()


def create_locked(path: Path) -> BinaryIO | None:
    """Open a new file whose name other runs may want too, and lock it.

    Returns:
        The file; None, and no file is left, where the disk knows no locks.

    Raises:
        OSError: The file cannot be made; `FileExistsError` if another run has it.
    """
    while True:
        file = _open_new(path)
        if not _lock(file):
            file.close()
            path.unlink()
            return None
        # Another run may have removed it before it was locked, and made its own.
        with suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        file.close()


def _open_new(path: Path) -> BinaryIO:
    # Plain open (not `tempfile`), so that the user's umask decides who may read the result.
    return open(path, "x+b")


if sys.platform == "win32":

    def _lock(_file: BinaryIO) -> bool:
        """No open file can be removed there: it needs no lock."""
        return True

    def remove_if_dead(path: FilePath) -> int:
        """Remove a file unless a run has it open; returns its bytes."""
        with suppress(OSError):
            size = os.stat(path).st_size
            os.unlink(path)
            return size
        return 0

else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        """Lock until `file` is closed. Where the disk knows no locks, nothing is ever cleared."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            return False
        return True

    def remove_if_dead(path: FilePath) -> int:
        """Remove a file unless a run has it locked; returns its bytes."""
        with suppress(OSError), open(path, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = os.fstat(file.fileno()).st_size
            os.unlink(path)
            return size
        return 0


def _put_in_place(temporary: Path, target: Path) -> None:
    _keep_permissions(target, temporary)
    os.replace(temporary, target)


def _sync_folder(folder: Path) -> None:
    """Write the entries of a folder to disk: else a power cut may undo a rename."""
    # Not everywhere can a folder be opened or synced (Windows, some network drives). The file is
    # in its place by now, so that this is no failure.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep_permissions(existing: Path, new: Path) -> None:
    """Give `new` the permissions of `existing`, if there is such a file."""
    with suppress(OSError):
        mode = existing.stat().st_mode & 0o777
        os.chmod(new, mode)


# --- checks before work begins --------------------------------------------------------------------


def file_status(path: FilePath) -> os.stat_result | None:
    """Facts of the file or folder at `path`, links followed; None if there is none.

    Raises:
        OutputError: If there can be none: a name that is too long, links in a circle.
    """
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Cannot write {path}: {reason}.") from error


def check_regular(path: FilePath) -> None:
    """Raise `OutputError` if there is something at `path` that is no regular file."""
    status = file_status(path)
    if status is None or stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        raise OutputError(f"'{path}' is a folder: name a file for the result.")
    raise OutputError(f"'{path}' is a device or a pipe: name a file for the result.")


def check_place(path: FilePath) -> None:
    """Check that a file can be written at `path`, before the work that makes it.

    A file of another name is created in the folder and removed again: permissions alone do not
    tell of locked cards and read-only disks.

    Raises:
        OutputError: If the folder does not exist or cannot be written, or if `path` is a folder, a
            device or a pipe.
    """
    check_regular(path)
    folder = Path(path).parent
    if not os.path.isdir(folder):
        raise OutputError(
            f"The folder '{folder}' does not exist: create it first, or choose another --output."
        )
    # A link may point to another folder: that one is written.
    check_folder(Path(os.path.realpath(path)).parent)


def check_folder(folder: Path) -> None:
    """Check that files can be written into `folder`, or that it can be made.

    Raises:
        OutputError: If they cannot, with the system's reason.
    """
    while file_status(folder) is None and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise OutputError(f"'{folder}' is a file: name a folder for the results.")
    # A run that was killed here may have left its probe, where no result will lie.
    _clear_once(Path(os.path.realpath(folder)))
    probe = _temporary(folder)
    try:
        _create(probe).close()
    except OSError as error:
        raise OutputError(
            f"Cannot write into the folder '{folder}': {error.strerror or error}. "
            "Choose another folder."
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink()


def check_space(path: FilePath, size: int) -> None:
    """Check that the disk of `path` has room for `size` bytes.

    Raises:
        TooLittleRoomError: If it has not.
    """
    folder = Path(os.path.realpath(path)).parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        # Some network disks do not say.
        return
    if free < size:
        raise TooLittleRoomError(
            f"Too little room in '{folder}': about {_megabytes(size)} MB are needed, "
            f"{_megabytes(free)} MB are free. Make room, or choose another folder."
        )


def _megabytes(size: int) -> int:
    return round(size / 1e6)


def parse_json(text: str | bytes) -> Any:
    """Read JSON that may come from anywhere.

    Raises:
        ValueError: If it is no JSON, or nested more deeply than Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def plain_json(value: Any) -> Any:
    """`value` as JSON can hold it: infinity and NaN (the loudness of silence) become null.

    Numbers of NumPy and torch become those of Python.
    """
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else None
    # Nothing here knows NumPy: its numbers, and tensors with one, have this in common.
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain_json(value.item())
    return str(value) if isinstance(value, Path) else value
