"""Places: folders of this machine that a person may choose as a corpus. Free of torch."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distill.audio.io import AUDIO_EXTENSIONS
from distill.errors import CorpusError

MOST_ENTRIES = 2000
"""Files and folders that are looked at to count sounds, at most: a home folder has millions."""

MOST_PLACES = 1000
"""Folders of one list, at most."""

MOUNTS = ("/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")
"""Where systems show other disks."""


@dataclass(frozen=True)
class Place:
    """A folder.

    Attributes:
        path: The folder.
        name: Its name, for people.
        sounds: Number of sound files in it and below, as far as was counted.
        is_counted: Whether all of it was counted.
        has_folders: Whether it has folders in it.
    """

    path: Path
    name: str
    sounds: int
    is_counted: bool
    has_folders: bool


def root_places() -> list[Place]:
    """The home folder and all other disks."""
    paths = []
    with suppress(RuntimeError):
        paths.append(Path.home())
    if sys.platform == "win32":
        paths += [Path(f"{letter}:\\") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    for pattern in MOUNTS:
        paths += sorted(Path("/").glob(pattern.lstrip("/")))
    return [_place(path) for path in paths if os.path.isdir(path)]


def places_in(folder: Path) -> list[Place]:
    """The folders in a folder, by name; hidden ones and links are left out.

    Raises:
        CorpusError: The folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            paths = [Path(entry.path) for entry in entries if _is_folder(entry)]
    except OSError as error:
        raise CorpusError(f"{folder} cannot be read: {error.strerror or error}.") from error
    paths.sort(key=lambda path: path.name.casefold())
    return [_place(path) for path in paths[:MOST_PLACES]]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    return False


def _place(path: Path) -> Place:
    sounds = 0
    has_folders = False
    looked_at = 0
    for folder, entry in _entries(path):
        looked_at += 1
        if looked_at > MOST_ENTRIES:
            break
        if _is_folder(entry):
            has_folders = has_folders or folder == str(path)
        elif os.path.splitext(entry.name)[1].lower() in AUDIO_EXTENSIONS:
            sounds += not entry.name.startswith(".")
    return Place(
        path=path,
        name=path.name or str(path),
        sounds=sounds,
        is_counted=looked_at <= MOST_ENTRIES,
        has_folders=has_folders,
    )


def _entries(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All entries below a folder, near ones first, each with its folder."""
    waiting = [str(root)]
    for folder in waiting:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if _is_folder(entry):
                    waiting.append(entry.path)
                yield folder, entry
