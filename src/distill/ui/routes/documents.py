"""`/documents`: sounds as codes, with all their edits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from distill.audio.io import AUDIO_EXTENSIONS
from distill.library.document_file import Document, DocumentEdit
from distill.library.document_sound import find_model
from distill.library.document_work import (
    EditOutcome,
    document_of_codes,
    document_of_render,
    edit_here,
    edit_order,
    encode_file_order,
    encode_order,
    encoded_document,
    exported_codes,
    is_for_model,
    last_edits,
    packed_grid,
)
from distill.library.documents import (
    Step,
    delete_document,
    list_documents,
    open_document,
    redo,
    rename_document,
    restore_document,
    undo,
)
from distill.library.takes import SoundKind
from distill.library.upload_names import check_upload_name
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.files import LARGEST_UPLOAD, NEVER, received
from distill.ui.routes.models import DeletedView
from distill.ui.tasks import ask

LARGEST_CODES = 64 << 20
"""Bytes of a codes file, at most."""

CODES_ENDINGS = frozenset([".json", ".gz"])


@dataclass(frozen=True)
class NewDocument:
    """A document to make.

    Attributes:
        kind: `render` for the codes of a generated sound, `sound` for any by its SHA-256.
        id: Id of the render, or SHA-256 of the file.
        model: Id of the model that encodes the sound; empty for a render with codes.
        name: Its name; empty for that of the sound.
    """

    IS_BODY: ClassVar = True
    kind: SoundKind
    id: str
    model: str = ""
    name: str = ""


@dataclass(frozen=True)
class DocumentView:
    """A sound as codes.

    Attributes:
        id: Its id.
        name: Its name.
        source: Name of the sound.
        made: When it was made: ISO 8601, UTC.
        model_id: Id in the metadata of the model that made the codes.
        model: Id of a model of the library that reads them; empty where there is none, and in
            lists.
        codebook_hash: Identifies the codebooks of the codes.
        frame_rate: Code frames a second (Hz).
        first: Key of the grid before all edits.
        grid: Key of the present grid.
        frames: Code frames.
        first_frames: Code frames before all edits.
        seconds: Its length.
        rev: Its revision.
        cursor: Number of edits that are in force; those after it can be redone.
        edits: All edits, oldest first; empty in lists.
    """

    id: str
    name: str
    source: str
    made: str
    model_id: str
    model: str
    codebook_hash: str
    frame_rate: float
    first: str
    grid: str
    frames: int
    first_frames: int
    seconds: float
    rev: int
    cursor: int
    edits: list[DocumentEdit]


@dataclass(frozen=True)
class DocumentsView:
    """All documents.

    Attributes:
        documents: Those that can be read, newest first, without their edits.
        remarks: A sentence for each that cannot.
    """

    documents: list[DocumentView]
    remarks: list[str]


@dataclass(frozen=True)
class DocumentName:
    """Another name of a document.

    Attributes:
        name: The name.
    """

    IS_BODY: ClassVar = True
    name: str


@dataclass(frozen=True)
class NewEdit:
    """Edits to make: one, or several, all or none.

    Attributes:
        rev: Revision that the tab knows.
        line: An edit in the words of `distill edit run`.
        lines: Several edits, in place of one.
    """

    IS_BODY: ClassVar = True
    rev: int
    line: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """All edits."""
        return [self.line] if self.line else self.lines


@dataclass(frozen=True)
class Revision:
    """The revision that a tab knows.

    Attributes:
        rev: The revision.
    """

    IS_BODY: ClassVar = True
    rev: int


@dataclass(frozen=True)
class StepView:
    """An undo or redo.

    Attributes:
        rev: Revision afterwards.
        line: The edit that was undone or redone.
        changed: Frames that differ from before, the second excluded; None where none does.
        frames: Code frames afterwards.
        cursor: Number of edits in force afterwards.
    """

    rev: int
    line: str
    changed: tuple[int, int] | None
    frames: int
    cursor: int


def list_all_documents(context: Context) -> DocumentsView:
    """All documents, newest first."""
    shown = list_documents(context.workspace)
    documents = [_view(context, document, is_listed=True) for document in shown.documents]
    return DocumentsView(documents=documents, remarks=list(shown.remarks))


async def make_document(context: Context, body: NewDocument) -> DocumentView:
    """Make a document of a render or of any sound."""
    if body.kind == "render" and not body.model:
        document = await asyncio.to_thread(
            document_of_render, context.workspace, body.id, body.name
        )
        return await asyncio.to_thread(_view, context, document)
    order = await asyncio.to_thread(encode_order, context.workspace, body.model, body.kind, body.id)
    await ask(context, order)
    document = await asyncio.to_thread(encoded_document, context.workspace, order, body.name)
    return await asyncio.to_thread(_view, context, document)


async def put_document(
    context: Context, name: str, request: Request, model: str = ""
) -> DocumentView:
    """Make a document of a codes file that is sent, or of a sound file, which `model` encodes.

    `name` is that of the file.
    """
    path = check_upload_name(name, CODES_ENDINGS | AUDIO_EXTENSIONS)
    is_sound = path.suffix.lower() in AUDIO_EXTENSIONS
    largest = LARGEST_UPLOAD if is_sound else LARGEST_CODES
    workspace = context.workspace
    async with received(workspace, request, path.name, largest) as upload:
        if is_sound:
            order = await asyncio.to_thread(encode_file_order, workspace, model, upload)
            await ask(context, order)
            document = await asyncio.to_thread(encoded_document, workspace, order)
        else:
            document = await asyncio.to_thread(document_of_codes, workspace, upload)
    return await asyncio.to_thread(_view, context, document)


def show_document(context: Context, document: str) -> DocumentView:
    """A document with its edits."""
    return _view(context, open_document(context.workspace, document))


def name_document(context: Context, document: str, body: DocumentName) -> DocumentView:
    """Give a document another name."""
    return _view(context, rename_document(context.workspace, document, body.name))


def drop_document(context: Context, document: str, for_good: bool = False) -> DeletedView:
    """Move a document to the bin."""
    deleted = delete_document(context.workspace, document, for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_document_back(context: Context, document: str) -> DocumentView:
    """Bring a deleted document back."""
    return _view(context, restore_document(context.workspace, document))


def show_grid(
    context: Context, document: str, from_: int = 0, to: int | None = None, rev: int | None = None
) -> Response:
    """Codes of the frames `from` to `to`, uint16 `[T, Q]` little-endian, then a bit a code for
    locks. `X-Frames` and `X-Levels` say `T` and `Q`, `X-Codebook-Size` the entries of a level."""
    with context.editing:
        grid = packed_grid(context.editor, document, from_, to, rev)
    headers = NEVER | {
        "X-Frames": str(grid.frames),
        "X-Levels": str(grid.levels),
        "X-Codebook-Size": str(grid.codebook_size),
        "X-Revision": str(grid.revision),
        "X-Seams": ",".join(map(str, grid.seams)),
    }
    return Response(grid.content, headers=headers)


async def edit_document(context: Context, document: str, body: NewEdit) -> list[EditOutcome]:
    """Make edits, all or none. 409 where the document has changed since that revision."""
    if await asyncio.to_thread(is_for_model, body.all):
        order = await asyncio.to_thread(edit_order, context.workspace, document, body.all, body.rev)
        await ask(context, order)
        return await asyncio.to_thread(last_edits, context.workspace, document, len(body.all))
    return await asyncio.to_thread(_edit_here, context, document, body.all, body.rev)


def _edit_here(
    context: Context, document: str, lines: Sequence[str], revision: int
) -> list[EditOutcome]:
    with context.editing:
        return edit_here(context.editor, document, lines, revision)


def undo_edit(context: Context, document: str, body: Revision) -> StepView:
    """Undo the last edit."""
    return _step(undo(context.workspace, document, body.rev))


def redo_edit(context: Context, document: str, body: Revision) -> StepView:
    """Redo the last edit that was undone."""
    return _step(redo(context.workspace, document, body.rev))


def show_script(context: Context, document: str) -> PlainTextResponse:
    """The edits in force, as a script for `distill edit run`."""
    return PlainTextResponse(open_document(context.workspace, document).script())


def export_codes(context: Context, document: str) -> FileResponse:
    """The codes as they are now, as a codes file."""
    with context.editing:
        path, name = exported_codes(context.editor, document)
    return FileResponse(path, media_type="application/gzip", filename=name, headers=NEVER)


def _step(step: Step) -> StepView:
    return StepView(
        rev=step.document.revision,
        line=step.line,
        changed=step.changed,
        frames=step.document.frames,
        cursor=step.document.cursor,
    )


def _view(context: Context, document: Document, is_listed: bool = False) -> DocumentView:
    model = None if is_listed else find_model(context.workspace, document)
    return DocumentView(
        id=document.id,
        name=document.name,
        source=document.source,
        made=document.made,
        model_id=document.model_id,
        model=model.id if model else "",
        codebook_hash=document.codebook_hash,
        frame_rate=document.frame_rate,
        first=document.first,
        grid=document.grid,
        frames=document.frames,
        first_frames=document.first_frames,
        seconds=document.seconds,
        rev=document.revision,
        cursor=document.cursor,
        edits=[] if is_listed else list(document.edits),
    )


ENDPOINTS = (
    Endpoint("GET", "/documents", list_all_documents),
    Endpoint("POST", "/documents", make_document, status=201),
    Endpoint("PUT", "/documents", put_document, status=201, takes="application/octet-stream"),
    Endpoint("GET", "/documents/{document}", show_document),
    Endpoint("PATCH", "/documents/{document}", name_document),
    Endpoint("DELETE", "/documents/{document}", drop_document),
    Endpoint("POST", "/documents/{document}/restore", bring_document_back),
    Endpoint("GET", "/documents/{document}/grid", show_grid),
    Endpoint("POST", "/documents/{document}/edits", edit_document),
    Endpoint("POST", "/documents/{document}/undo", undo_edit),
    Endpoint("POST", "/documents/{document}/redo", redo_edit),
    Endpoint("GET", "/documents/{document}/script", show_script, media="text/plain"),
    Endpoint("GET", "/documents/{document}/codes", export_codes, media="application/gzip"),
)
