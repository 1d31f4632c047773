"""Documents: sounds as codes, whose edits can be undone at any time, also after a crash.

A document is a folder in `codes`: the first grid, the edits as lines of a script, and a cursor
between them. Undo and redo move the cursor. The grid at the cursor comes from the first grid, or
from the last one that was kept, by the edits after it (`editing`).

Every change begins from a revision. If another face has changed the document meanwhile, it is
refused, and nothing is lost. Nothing here loads torch.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from distill.errors import NotFoundError, RevisionError, UsageError
from distill.inference.codes.file import save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.bin import Deleted, delete_folder, restore_files
from distill.library.change_lock import change_lock
from distill.library.document_file import (
    FILE,
    LONGEST_NAME,
    Document,
    DocumentEdit,
    read_document,
    write_document,
)
from distill.library.document_grids import (
    FIRST,
    GRIDS,
    OTHERS,
    forget_grids,
    grid_key,
    keep_grid,
    other_keys,
)
from distill.library.leftovers import new_folder
from distill.library.workspace import ID, Workspace, check_id, new_id
from distill.printable import one_line

KEEP_EVERY = 20
"""Edits from one kept grid to the next: so many are made again in 0.02 s for a minute of sound, and
a kept grid of it takes 37 kB."""


@dataclass(frozen=True)
class DocumentList:
    """All documents of a workspace, newest first.

    Attributes:
        documents: Those that can be read.
        remarks: A sentence for each that cannot.
    """

    documents: tuple[Document, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """An undo or redo.

    Attributes:
        document: The document afterwards.
        line: The edit that was undone or redone.
        changed: Frames of the present grid that differ from before, as in `EditResult`.
    """

    document: Document
    line: str
    changed: tuple[int, int] | None


@dataclass(frozen=True)
class NewEdit:
    """An edit that is to be kept.

    Attributes:
        edit: The edit.
        grid: The grid after it.
        others: Other sounds that it took something from, by key.
    """

    edit: DocumentEdit
    grid: CodeGrid
    others: Mapping[str, CodeGrid]


# --- all documents --------------------------------------------------------------------------------


def create_document(
    workspace: Workspace, grid: CodeGrid, name: str = "", source: str = ""
) -> Document:
    """Make a document of `grid`.

    Args:
        workspace: The workspace.
        grid: The codes before all edits.
        name: Name of the document. Default: that of the sound.
        source: Name of the sound. Default: as in `grid`.

    Raises:
        UsageError: The name is too long.
        OutputError: It cannot be written.
    """
    source = source or grid.source
    document = Document(
        id=new_id(),
        name=_check_name(name or Path(source).stem or "untitled"),
        source=source,
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        model_id=grid.model_id,
        codebook_hash=grid.codebook_hash,
        frame_rate=grid.frame_rate,
        first=grid_key(grid),
        first_frames=len(grid.codes),
    )
    folder = document_folder(workspace, document.id)
    with new_folder(workspace, folder):
        save_codes(folder / FIRST, grid)
        # A folder without this file is no document.
        write_document(folder, document)
    return document


def _check_name(name: str) -> str:
    line = " ".join(one_line(name).split())
    if not 0 < len(line) <= LONGEST_NAME:
        raise UsageError(f"A name has 1 to {LONGEST_NAME} characters.")
    return line


def list_documents(workspace: Workspace) -> DocumentList:
    """All documents, newest first. Those that cannot be read become remarks."""
    documents = []
    remarks = []
    for folder in _folders(workspace):
        try:
            documents.append(read_document(folder))
        except UsageError as error:
            remarks.append(str(error))
    documents.sort(key=lambda document: (document.made, document.id), reverse=True)
    return DocumentList(documents=tuple(documents), remarks=tuple(remarks))


def documents_of_model(workspace: Workspace, model_id: str) -> list[Document]:
    """The documents whose codes a model made, newest first; none for a model without an id."""
    documents = list_documents(workspace).documents
    return [document for document in documents if model_id and document.model_id == model_id]


def _folders(workspace: Workspace) -> list[Path]:
    """Folders of documents; one that a killed run left half made is none."""
    try:
        with os.scandir(workspace.documents) as entries:
            names = [entry.name for entry in entries if ID.fullmatch(entry.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(
            f"{workspace.documents} cannot be read ({error.strerror or error})."
        ) from error
    folders = [workspace.documents / name for name in names]
    return [folder for folder in folders if os.path.exists(folder / FILE)]


def document_folder(workspace: Workspace, document_id: str) -> Path:
    """The folder of the document with this id.

    Raises:
        UsageError: The text is no id.
    """
    return workspace.documents / check_id(document_id)


def open_document(workspace: Workspace, document_id: str) -> Document:
    """The document with this id.

    Raises:
        UsageError: There is none, or it cannot be read.
    """
    folder = document_folder(workspace, document_id)
    if not (folder / FILE).exists():
        raise NotFoundError(
            f"There is no document '{document_id}': 'distill documents list' shows all."
        )
    return read_document(folder)


def find_document(workspace: Workspace, text: str) -> Document:
    """The document that a person calls `text`: its id, or its name.

    Raises:
        UsageError: There is none, several have that name, or it cannot be read.
    """
    return open_document(workspace, resolve_document(workspace, text))


def resolve_document(workspace: Workspace, text: str) -> str:
    """The id of the document that a person calls `text`, as `find_document` finds it."""
    ids = _ids_of(workspace, text)
    if not ids:
        raise NotFoundError(f"There is no document '{text}': 'distill documents list' shows all.")
    if len(ids) > 1:
        first = ", ".join(ids[:3])
        raise UsageError(f"{len(ids)} documents are called '{text}': give an id ({first}).")
    return ids[0]


def has_document(workspace: Workspace, text: str) -> bool:
    """Whether a document has the id or the name `text`.

    Raises:
        UsageError: The documents cannot be listed.
    """
    return bool(_ids_of(workspace, text))


def _ids_of(workspace: Workspace, text: str) -> list[str]:
    """Ids of the documents that a person may mean by `text`."""
    # `Path.exists` raises where a name is too long.
    if ID.fullmatch(text) and os.path.exists(workspace.documents / text / FILE):
        return [text]
    return [entry.id for entry in list_documents(workspace).documents if entry.name == text]


# --- changes --------------------------------------------------------------------------------------


def undo(workspace: Workspace, document_id: str, revision: int | None = None) -> Step:
    """Undo the last edit.

    Args:
        workspace: The workspace.
        document_id: Its id.
        revision: Revision that the caller knows. Default: the present one.

    Raises:
        UsageError: There is nothing to undo, or no such document.
        RevisionError: The document has changed since that revision.
    """
    with _changing(workspace, document_id, revision) as document:
        if document.cursor == 0:
            raise UsageError(f"There is nothing to undo in '{document.name}'.")
        return _move(workspace, document, document.cursor - 1)


def redo(workspace: Workspace, document_id: str, revision: int | None = None) -> Step:
    """Redo the last edit that was undone, as `undo` undoes it."""
    with _changing(workspace, document_id, revision) as document:
        if document.cursor == len(document.edits):
            raise UsageError(f"There is nothing to redo in '{document.name}'.")
        return _move(workspace, document, document.cursor + 1)


def _move(workspace: Workspace, document: Document, cursor: int) -> Step:
    edit = document.edits[min(cursor, document.cursor)]
    result = replace(document, cursor=cursor, revision=document.revision + 1)
    write_document(document_folder(workspace, document.id), result)
    span = edit.changed
    if span is not None and document.frames != result.frames:
        # All after the first difference has moved.
        span = (min(span[0], result.frames), result.frames)
    return Step(document=result, line=edit.line, changed=span)


def keep_edits(workspace: Workspace, document: Document, edits: Sequence[NewEdit]) -> Document:
    """Add edits after the cursor. Those that were undone are forgotten.

    Args:
        workspace: The workspace.
        document: The document as it was when the edits were made.
        edits: The edits, in their order.

    Returns:
        The document with them.

    Raises:
        RevisionError: The document has changed meanwhile; nothing is kept.
    """
    folder = document_folder(workspace, document.id)
    with _changing(workspace, document.id, document.revision) as present:
        lines = (*present.edits[: present.cursor], *(entry.edit for entry in edits))
        result = replace(present, edits=lines, cursor=len(lines), revision=present.revision + 1)
        for place, entry in enumerate(edits, present.cursor + 1):
            for key, grid in entry.others.items():
                keep_grid(folder, OTHERS, key, grid)
            # Another machine may not make the same codes with a model.
            if entry.edit.model or place % KEEP_EVERY == 0:
                keep_grid(folder, GRIDS, entry.edit.grid, entry.grid)
        # In this order: the document never names a grid that is not there.
        write_document(folder, result)
        _forget(folder, result)
    return result


def _forget(folder: Path, document: Document) -> None:
    """Remove the grids that only forgotten edits needed."""
    forget_grids(folder, GRIDS, {edit.grid for edit in document.edits})
    lines = [edit.line for edit in document.edits]
    forget_grids(folder, OTHERS, {key for line in lines for key in other_keys(line)})


def rename_document(workspace: Workspace, document_id: str, name: str) -> Document:
    """Give a document another name."""
    with _changing(workspace, document_id) as document:
        result = replace(document, name=_check_name(name))
        write_document(document_folder(workspace, document_id), result)
    return result


def delete_document(workspace: Workspace, document_id: str, for_good: bool = False) -> Deleted:
    """Move a document to the bin of the system. `restore_document` brings it back within a day.

    Args:
        workspace: The workspace.
        document_id: Its id.
        for_good: Whether to delete without a bin.

    Raises:
        UsageError: There is no such document.
        OutputError: It cannot be deleted; then it stays.
    """
    folder = document_folder(workspace, document_id)
    name = document_id
    # A damaged document can be deleted, too.
    if (folder / FILE).exists():
        with suppress(UsageError):
            name = read_document(folder).name
    else:
        open_document(workspace, document_id)
    return delete_folder(workspace, "document", folder, name, for_good=for_good)


def restore_document(workspace: Workspace, document_id: str) -> Document:
    """Bring back a document that was deleted within a day.

    Raises:
        UsageError: There is none to bring back, or other files lie in its place.
        OutputError: A file cannot be written.
    """
    restore_files(workspace, "document", document_id)
    return open_document(workspace, document_id)


def check_revision(document: Document, revision: int | None) -> None:
    """Raise `RevisionError` if `document` has another revision than the caller knows, if any."""
    if revision is not None and document.revision != revision:
        error = RevisionError(
            f"'{document.name}' has changed meanwhile (revision {document.revision}, not "
            f"{revision}): look at it again, then edit."
        )
        error.revision = document.revision
        raise error


@contextmanager
def _changing(
    workspace: Workspace, document_id: str, revision: int | None = None
) -> Iterator[Document]:
    """The present document, which no other process changes while inside."""
    # Before any lock: an id without a document leaves nothing behind.
    open_document(workspace, document_id)
    with change_lock(workspace, document_id):
        document = open_document(workspace, document_id)
        check_revision(document, revision)
        yield document
