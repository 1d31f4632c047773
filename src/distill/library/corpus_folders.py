"""Folders of corpora: kept in the list of a workspace, made, filled from a browser, forgotten.

Nothing here loads torch.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from distill.data.folder import check_corpus_folder
from distill.errors import OutputError, UsageError
from distill.files import FilePath, make_folder
from distill.library.corpora import (
    MOST_CHOICES,
    Corpus,
    FileChoices,
    added_folder,
    change,
    find_corpus,
    record_path,
    write_corpus,
)
from distill.library.corpus_files import (
    GENERATED_WEIGHT,
    content_hash,
    free_name,
    is_generated,
    sound_files,
)
from distill.library.corpus_listing import forget_scans, kept_listing
from distill.library.records import record_lock
from distill.library.upload_names import check_upload_name
from distill.library.workspace import Workspace


@dataclass(frozen=True)
class PutFile:
    """A sound file that was put into a corpus.

    Attributes:
        name: Its name there.
        hash: SHA-256 of the file.
        is_present: Whether the corpus had the same content already; then nothing was added.
        is_generated: Whether a model made it.
    """

    name: str
    hash: str
    is_present: bool
    is_generated: bool


def remember_corpus(workspace: Workspace, folder: FilePath) -> Corpus:
    """Keep a folder of sounds in the list of corpora; nothing is written into it.

    Raises:
        CorpusError: There is no such folder.
        OutputError: The workspace cannot be written.
    """
    check_corpus_folder(folder)
    with record_lock(workspace):
        corpus = find_corpus(workspace, folder)
        if not record_path(workspace, corpus.id).exists():
            write_corpus(workspace, corpus)
    return corpus


def create_corpus(workspace: Workspace, name: str) -> Corpus:
    """Make an empty corpus, whose folder belongs to the workspace.

    Args:
        workspace: The workspace.
        name: Name of the folder.

    Raises:
        UsageError: There is one of that name, or no folder can be called so.
        OutputError: It cannot be made.
    """
    part = check_upload_name(name, frozenset([PurePosixPath(name).suffix.lower()]))
    folder = workspace.sounds / part
    if len(part.parts) != 1 or os.path.lexists(folder):
        raise UsageError(f"A corpus cannot be called '{part}': choose another name.")
    make_folder(folder)
    return remember_corpus(workspace, folder)


def forget_corpus(workspace: Workspace, corpus: str) -> None:
    """Forget a corpus: what was chosen about its files, and its last scan. Its sounds stay.

    Raises:
        OutputError: Its record cannot be removed.
    """
    record = record_path(workspace, corpus)
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot remove {record}: {error.strerror or error}.") from error
    forget_scans(workspace, corpus)
    with suppress(OSError):
        added_folder(workspace, corpus).rmdir()


def put_file(workspace: Workspace, corpus: Corpus, name: PurePosixPath, upload: Path) -> PutFile:
    """Move a whole file that was received into a corpus, under a name that no other has.

    It goes into the folder of a corpus that belongs to the workspace. Another folder stays as it
    is: the file lies in the workspace then. It is not decoded: the next scan says what it is.

    Args:
        workspace: The workspace.
        corpus: The corpus.
        name: Its name there, as `check_upload_name` gives it.
        upload: The file, on the disk of the workspace.

    Raises:
        UsageError: The corpus has too many files.
        OutputError: The file cannot be moved.
    """
    digest = content_hash(upload)
    listing = kept_listing(workspace, corpus)
    known = {file.hash for file in listing.files} if listing else set()
    if digest in known or digest in corpus.files:
        upload.unlink(missing_ok=True)
        return PutFile(name=str(name), hash=digest, is_present=True, is_generated=False)
    if len(sound_files(corpus)) >= MOST_CHOICES:
        raise UsageError(f"A corpus that sounds are sent to has {MOST_CHOICES:,} files at most.")
    is_made = is_generated(upload)
    target = _move(workspace, corpus, name, upload)
    shown = target.relative_to(corpus.folder).as_posix() if corpus.is_owned else target.name
    if is_made:

        def settle(_: str, choices: FileChoices) -> FileChoices:
            return replace(choices, weight=GENERATED_WEIGHT, generated=True)

        change(workspace, corpus, {digest: shown}, settle)
    return PutFile(name=shown, hash=digest, is_present=False, is_generated=is_made)


def _move(workspace: Workspace, corpus: Corpus, name: PurePosixPath, upload: Path) -> Path:
    if corpus.is_owned:
        folder = corpus.folder / name.parent
        # A link in it could lead anywhere.
        make_folder(folder)
        if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(corpus.folder)):
            raise UsageError(f"'{name.parent}' is a link to another folder: choose another name.")
    else:
        folder = added_folder(workspace, corpus.id)
        make_folder(folder)
    target = free_name(folder, name.name)
    try:
        os.rename(upload, target)
    except OSError as error:
        raise OutputError(f"Cannot write {target}: {error.strerror or error}.") from error
    return target
