"""Files of a corpus: found by what a person writes, added, and removed."""

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from distill.audio.io import AUDIO_EXTENSIONS, probe
from distill.audio.tags import find_json
from distill.bounds import check_bound
from distill.data.curation import USUAL_WEIGHT
from distill.errors import AudioError, OutputError, UsageError
from distill.files import FilePath, check_space, make_folder, open_regular, replace_atomically
from distill.library.bin import Deleted, delete_files, restore_files
from distill.library.corpora import (
    Corpus,
    FileChoices,
    Files,
    added_folder,
    change,
    mute,
    reload_corpus,
)
from distill.library.workspace import Workspace, new_id

GENERATED_WEIGHT = 0.5
"""Weight of a generated sound that joins a corpus, if none is given: recordings lead."""

RECIPE_KEY = "distill"
"""Entry of the comment of a sound file that Distill wrote."""

SHORTEST_HASH = 8
"""Characters of a content hash, at least, that stand for a file."""

BLOCK = 1 << 20
"""Bytes that are copied at a time."""


@dataclass(frozen=True)
class Addition:
    """Files that were added to a corpus.

    Attributes:
        corpus: The corpus as it is then.
        files: The added files, by content hash.
        present: Names of files whose content the corpus had already.
        generated: How many of the added files a model made.
    """

    corpus: Corpus
    files: Files
    present: tuple[str, ...]
    generated: int


@dataclass(frozen=True)
class Removal:
    """Files that were taken out of a corpus.

    Attributes:
        corpus: The corpus as it is then.
        deleted: What went to the bin; None where nothing did.
        muted: Names of those that were muted, since they are a person's own, by content hash.
    """

    corpus: Corpus
    deleted: Deleted | None
    muted: Files


# --- finding --------------------------------------------------------------------------------------


def find_files(corpus: Corpus, names: Sequence[str]) -> dict[str, str]:
    """The files that a person means, by content hash.

    Args:
        corpus: The corpus.
        names: For each: a name as `distill corpus list` shows it, a folder in the corpus, a pattern
            with `*` or `?`, or the beginning of a content hash.

    Returns:
        Names by content hash.

    Raises:
        UsageError: A name means no file of the corpus.
        AudioError: A file cannot be opened.
    """
    files: dict[str, str] = {}
    for name in names:
        matches = _matches(corpus, name)
        if not matches:
            raise UsageError(
                f"There is no sound '{name}' in {corpus.folder}: "
                f"'distill corpus list' shows their names."
            )
        files |= matches
    return files


def _matches(corpus: Corpus, name: str) -> dict[str, str]:
    """The files that one name means, by content hash."""
    path = Path(os.path.normpath(corpus.folder / name))
    is_inside = path.is_relative_to(corpus.folder) and path != corpus.folder
    # Of `os.path`: those of `Path` raise for names that are too long.
    if is_inside and os.path.isfile(path):
        return {content_hash(path): _name(corpus, path)}
    if is_inside and os.path.isdir(path):
        inside = f"{path.relative_to(corpus.folder).as_posix()}/*"
        return _by_pattern(corpus, inside)
    by_hash = {
        key: choices.name
        for key, choices in corpus.files.items()
        if len(name) >= SHORTEST_HASH and key.startswith(name.lower())
    }
    return by_hash or _by_pattern(corpus, name)


def _by_pattern(corpus: Corpus, pattern: str) -> dict[str, str]:
    paths = [path for path in sound_files(corpus) if fnmatchcase(_name(corpus, path), pattern)]
    return {content_hash(path): _name(corpus, path) for path in paths}


def sound_files(corpus: Corpus) -> list[Path]:
    """Sound files in the folder of a corpus, and those that were added."""
    inside = []
    for folder, folders, names in os.walk(corpus.folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside += [Path(folder, name) for name in names if _is_sound(name)]
    return sorted(inside) + list(corpus.added)


def _is_sound(name: str) -> bool:
    return Path(name).suffix.lower() in AUDIO_EXTENSIONS and not name.startswith(".")


def _name(corpus: Corpus, path: Path) -> str:
    """Name of a file as a scan gives it."""
    if path.is_relative_to(corpus.folder):
        return path.relative_to(corpus.folder).as_posix()
    return f"{path.stem} (added){path.suffix}"


def content_hash(path: FilePath) -> str:
    """SHA-256 of a file. `AudioError` if it cannot be opened."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{path} cannot be opened ({error.strerror or error}).") from error


# --- adding and removing --------------------------------------------------------------------------


def add_files(
    workspace: Workspace,
    corpus: Corpus,
    paths: Sequence[FilePath],
    weight: float | None = None,
) -> Addition:
    """Copy sound files into a corpus.

    They go into the folder of a corpus that belongs to the workspace. Another folder stays as it
    is: the copies lie in the workspace then. Sounds that Distill made are marked as such.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        paths: Sound files; content that the corpus has already is left out.
        weight: How often they are heard. Default: 1, of generated sounds 0.5.

    Raises:
        UsageError: A file is no sound, or the weight is out of bounds.
        AudioError: A file cannot be read.
        OutputError: A copy cannot be written. Then none is there.
    """
    check_bound("--weight", weight)
    sources = [Path(path) for path in paths]
    for path in sources:
        _check_sound(path)
    present = {content_hash(path) for path in sound_files(corpus)}
    hashes = {path: content_hash(path) for path in sources}
    new = {key: path for path, key in hashes.items() if key not in present}
    folder = corpus.folder if corpus.is_owned else added_folder(workspace, corpus.id)
    make_folder(folder)
    check_space(folder / "sounds", sum(path.stat().st_size for path in new.values()))
    copies = _copy_all(new, folder)
    of_models = {key for key, path in new.items() if is_generated(path)}
    names = {key: _name(corpus, path) for key, path in copies.items()}

    def settle(key: str, choices: FileChoices) -> FileChoices:
        is_made = key in of_models
        usual = GENERATED_WEIGHT if is_made else USUAL_WEIGHT
        own_weight = usual if weight is None else weight
        return replace(choices, weight=own_weight, generated=is_made, muted=False)

    change(workspace, corpus, names, settle)
    return Addition(
        corpus=reload_corpus(workspace, corpus),
        files=names,
        present=tuple(path.name for path, key in hashes.items() if key in present),
        generated=len(of_models),
    )


def _check_sound(path: Path) -> None:
    if not os.path.isfile(path):
        raise UsageError(f"There is no file {path}: name sound files to add.")
    if not _is_sound(path.name):
        raise UsageError(f"{path} is no sound that Distill reads: convert it to WAV or FLAC.")
    probe(path)


def _copy_all(new: dict[str, Path], folder: Path) -> dict[str, Path]:
    """Copy files into `folder`, all or none; returns the copies by content hash."""
    copies: dict[str, Path] = {}
    try:
        for key, path in new.items():
            copies[key] = free_name(folder, path.name)
            _copy(path, copies[key])
    except (OSError, OutputError) as error:
        for copy in copies.values():
            with suppress(OSError):
                copy.unlink()
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"Cannot copy into {folder}: {error.strerror or error}.") from error
    return copies


def free_name(folder: Path, name: str) -> Path:
    """A path in `folder` that no file has: `name`, or `stem-2.wav`, …"""
    path = folder / name
    number = 2
    while os.path.lexists(path):
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        number += 1
    return path


def _copy(source: Path, target: Path) -> None:
    with open_regular(source) as original, replace_atomically(target) as copy:
        while block := original.read(BLOCK):
            copy.write(block)


def is_generated(path: FilePath) -> bool:
    """Whether Distill made the sound in a file: then it carries a recipe, or names its model."""
    return any(True for _ in find_json(path, RECIPE_KEY))


def remove_files(
    workspace: Workspace, corpus: Corpus, files: Files, for_good: bool = False
) -> Removal:
    """Take files out of a corpus: those in the workspace go to the bin, others are muted.

    `restore_sounds` brings the former back within a day.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        files: The files.
        for_good: Whether to delete without a bin.

    Raises:
        OutputError: A file cannot be deleted; then none is.
    """
    theirs = sound_files(corpus) if corpus.is_owned else list(corpus.added)
    by_hash: dict[str, list[Path]] = {}
    for path in theirs:
        by_hash.setdefault(content_hash(path), []).append(path)
    names = [name for key, name in files.items() if key in by_hash]
    record = None
    if names:
        record = Deleted(
            kind="sound",
            id=new_id(),
            name=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
            deleted_at=time.time(),
            paths=tuple(path for key in files if key in by_hash for path in by_hash[key]),
        )
        delete_files(workspace, record, for_good)
    own = {key: name for key, name in files.items() if key not in by_hash}
    if own:
        mute(workspace, corpus, own)
    return Removal(corpus=reload_corpus(workspace, corpus), deleted=record, muted=own)


def restore_sounds(workspace: Workspace, deleted_id: str) -> Deleted:
    """Bring back sounds that were taken out of a corpus within a day.

    Args:
        workspace: The workspace.
        deleted_id: Id of what was deleted, as in `Removal`.

    Raises:
        UsageError: There are none to bring back, or other files lie in their place.
        OutputError: A file cannot be written.
    """
    return restore_files(workspace, "sound", deleted_id)
