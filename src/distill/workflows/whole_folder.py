"""Folders that are there whole or not at all.

A folder is filled under another name beside its place, with a locked file in it. One whose file can
be locked belongs to a run that is dead.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from distill.errors import OutputError
from distill.files import TEMPORARY, FilePath, check_folder, create_locked, remove_if_dead

_LOCK = ".lock"


def check_new_folder(folder: FilePath) -> None:
    """Check that a folder can be made, before the work that fills it.

    Raises:
        OutputError: There is something already, or its place cannot be written.
    """
    path = Path(folder)
    if os.path.lexists(path):
        raise OutputError(f"'{path}' exists already: choose another name, or remove it.")
    check_folder(path.parent)


@contextmanager
def whole_folder(folder: FilePath) -> Iterator[Path]:
    """Give a folder to fill, which becomes `folder` in one step at the end of the block.

    Any failure but a kill removes it. The next run that makes a folder there removes what a killed
    run left.

    Args:
        folder: The folder; there is none yet.

    Raises:
        OutputError: It cannot be made, or something has taken its place.

    Example:
        with whole_folder("kit") as partial:
            write_sound(partial / "kick.wav", audio)
    """
    target = Path(os.path.abspath(folder))
    check_new_folder(target)
    lock = None
    partial = target.parent / f".distill-{uuid4().hex}.tmp"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(target.parent)
        partial.mkdir()
        lock = create_locked(partial / _LOCK)
        yield partial
        if lock is not None:
            lock.close()
            (partial / _LOCK).unlink()
        # A folder that came there in the meantime is somebody's.
        check_new_folder(target)
        partial.rename(target)
    except OSError as error:
        raise OutputError(f"Cannot make {folder}: {error.strerror or error}.") from error
    finally:
        if lock is not None:
            lock.close()
        shutil.rmtree(partial, ignore_errors=True)


def _clear_leftovers(place: Path) -> None:
    """Remove the half-filled folders of dead runs; what cannot be removed stays."""
    with suppress(OSError):
        for path in place.iterdir():
            lock = path / _LOCK
            if TEMPORARY.fullmatch(path.name) and lock.exists():
                remove_if_dead(lock)
                if not lock.exists():
                    shutil.rmtree(path, ignore_errors=True)
