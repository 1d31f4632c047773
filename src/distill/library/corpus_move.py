"""A corpus whose folder has moved: its choices and added files go along.

The id of a corpus follows from the path of its folder. So a moved folder begins without choices.
"""

import os
from dataclasses import replace
from pathlib import Path

from distill.data.folder import check_corpus_folder
from distill.errors import OutputError, UsageError
from distill.files import FilePath, make_folder
from distill.library.corpora import (
    Corpus,
    added_folder,
    corpus_id,
    find_corpus,
    record_path,
    reload_corpus,
    write_corpus,
)
from distill.library.corpus_files import content_hash, free_name, sound_files
from distill.library.corpus_folders import forget_corpus
from distill.library.records import record_lock
from distill.library.workspace import Workspace, is_id


def move_corpus(workspace: Workspace, id_or_folder: FilePath, folder: FilePath) -> Corpus:
    """Give the choices of a corpus to the folder in which its files lie now.

    Choices that the new folder has already win. Killed in between, it can be called again.

    Args:
        workspace: The workspace.
        id_or_folder: Id of the corpus, or the folder that it had.
        folder: The folder that it has now.

    Returns:
        The corpus of the new folder.

    Raises:
        UsageError: Nothing was chosen about such a corpus, it has that folder already, or none of
            the files with choices lies there.
        CorpusError: There is no such folder.
        RecordError: A record is damaged, or a newer Distill wrote it.
        OutputError: A file cannot be written.

    Example:
        >>> move_corpus(workspace, "voices-1c5fd3a7", "/media/disk/voices").id
        'voices-90b7d1e4'
    """
    old_id = _id_of(workspace, os.fspath(id_or_folder))
    check_corpus_folder(folder)
    old = find_corpus(workspace, old_id)
    new = find_corpus(workspace, os.path.realpath(folder))
    if new.id == old.id:
        raise UsageError(f"The corpus {old.id} has the folder {folder} already.")
    # Before the lock: reading all files takes long.
    _check_files(old, new)
    with record_lock(workspace):
        # Others may have chosen something in the meantime.
        old = find_corpus(workspace, old_id)
        new = find_corpus(workspace, new.folder)
        result = replace(new, files={**old.files, **new.files}, others={**old.others, **new.others})
        # In this order: nothing is lost before it is at its new place.
        write_corpus(workspace, result)
        _move_added(old, added_folder(workspace, new.id))
        forget_corpus(workspace, old_id)
    return reload_corpus(workspace, result)


def _id_of(workspace: Workspace, text: str) -> str:
    """The id of the corpus with choices that a person calls `text`."""
    for corpus in (text if is_id(text) else "", corpus_id(workspace, text)):
        if corpus and record_path(workspace, corpus).exists():
            return corpus
    raise UsageError(
        f"Nothing was chosen about a corpus '{text}': 'distill corpus list' shows the ids."
    )


def _check_files(old: Corpus, new: Corpus) -> None:
    """Refuse a folder that holds none of the files with choices: it is another one."""
    hashes = set(old.files).difference(content_hash(path) for path in old.added)
    if hashes and hashes.isdisjoint(content_hash(path) for path in sound_files(new)):
        raise UsageError(
            f"None of the files with choices in {old.id} lies in {new.folder}: name the folder "
            "that holds them now."
        )


def _move_added(old: Corpus, target: Path) -> None:
    if not old.added:
        return
    make_folder(target)
    try:
        for path in old.added:
            path.rename(free_name(target, path.name))
    except OSError as error:
        raise OutputError(f"Cannot move {path}: {error.strerror or error}.") from error
