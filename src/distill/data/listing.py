"""Sound files in a folder, found by their names: none is opened."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from distill.audio.io import AUDIO_EXTENSIONS
from distill.files import FilePath


@dataclass
class FolderListing:
    """Contents of a folder.

    Attributes:
        sounds: Sound files, sorted by path.
        others: Number of other files, by their ending.
        errors: Why folders in it cannot be opened.
    """

    sounds: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    errors: list[OSError] = field(default_factory=list)


def list_folder(folder: FilePath) -> FolderListing:
    """List the files of a folder and of all folders in it.

    Links are followed. Hidden files and folders are left out, and those that macOS adds to
    archives.
    """
    listing = FolderListing()
    for path in _walk(Path(folder), listing.errors):
        ending = path.suffix.lower()
        if ending in AUDIO_EXTENSIONS:
            listing.sounds.append(path)
        else:
            listing.others[ending] += 1
    listing.sounds.sort()
    return listing


def name_in_corpus(path: Path, root: Path) -> str:
    """Name of a file below `root`; one that lies outside says that it was added."""
    if path.is_relative_to(root):
        return _plain_name(path.relative_to(root).as_posix())
    # No slash: the outermost folder of a name is its tag.
    return _plain_name(f"{path.stem} (added){path.suffix}")


def _plain_name(name: str) -> str:
    # File names can hold bytes that are no text, which could be neither printed nor stored.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _walk(root: Path, errors: list[OSError]) -> Iterator[Path]:
    """Files below `root` that are not hidden; each folder once, even when links form a circle."""
    real_paths: set[str] = set()
    for folder, folders, names in os.walk(root, onerror=errors.append, followlinks=True):
        place = os.path.realpath(folder)
        if place in real_paths:
            folders.clear()
            continue
        real_paths.add(place)
        # In place: `os.walk` goes on with the folders that are left in the list.
        folders[:] = [name for name in folders if not _is_hidden(name)]
        for name in names:
            if not _is_hidden(name) and _is_file(folder, name):
                yield Path(folder, name)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_file(folder: str, name: str) -> bool:
    # A broken link stays in the list, so that it is reported; a pipe would block whoever opens it.
    path = os.path.join(folder, name)
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))
