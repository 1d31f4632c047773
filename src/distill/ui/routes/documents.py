"""`/documents`: sounds as codes, with all their edits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from distill.library.document_file import Document, DocumentEdit
from distill.library.document_work import (
    EditOutcome,
    decode_order,
    document_of_codes,
    document_of_render,
    edit_here,
    edit_order,
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
from distill.ui.files import NEVER, received, sound_response
from distill.ui.routes.models import DeletedView
from distill.ui.tasks import ask

LARGEST_CODES = 64 << 20
"""Bytes of a codes file, at most."""

ENDINGS = frozenset([".json", ".gz"])


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
        model_id: Id of the model that made the codes.
        codebook_hash: Identifies the codebooks of the codes.
        frame_rate: Code frames a second (Hz).
        frames: Code frames.
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
    codebook_hash: str
    frame_rate: float
    frames: int
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


@dataclass(frozen=True)
class Trial:
    """Edits to hear without keeping them.

    Attributes:
        rev: Revision that the tab knows.
        lines: The edits.
        start: Where to begin, such as `1.5` or `70f`; None for the begin.
        stop: Where to end; None for the end.
        levels: Levels to hear, such as `1-2`; None for all.
    """

    IS_BODY: ClassVar = True
    rev: int
    lines: list[str]
    start: str | None = None
    stop: str | None = None
    levels: str | None = None


def list_all_documents(context: Context) -> DocumentsView:
    """All documents, newest first."""
    shown = list_documents(context.workspace)
    documents = [_view(document, with_edits=False) for document in shown.documents]
    return DocumentsView(documents=documents, remarks=list(shown.remarks))


async def make_document(context: Context, body: NewDocument) -> DocumentView:
    """Make a document of a render or of any sound."""
    if body.kind == "render" and not body.model:
        document = await asyncio.to_thread(
            document_of_render, context.workspace, body.id, body.name
        )
        return _view(document)
    order = await asyncio.to_thread(encode_order, context.workspace, body.model, body.kind, body.id)
    await ask(context, order)
    document = await asyncio.to_thread(encoded_document, context.workspace, order, body.name)
    return _view(document)


async def put_codes(context: Context, name: str, request: Request) -> DocumentView:
    """Make a document of a codes file that is sent; `name` is that of the file."""
    path = check_upload_name(name, ENDINGS)
    async with received(context.workspace, request, path.name, LARGEST_CODES) as upload:
        return _view(await asyncio.to_thread(document_of_codes, context.workspace, upload))


def show_document(context: Context, document: str) -> DocumentView:
    """A document with its edits."""
    return _view(open_document(context.workspace, document))


def name_document(context: Context, document: str, body: DocumentName) -> DocumentView:
    """Give a document another name."""
    return _view(rename_document(context.workspace, document, body.name))


def drop_document(context: Context, document: str, for_good: bool = False) -> DeletedView:
    """Move a document to the bin."""
    deleted = delete_document(context.workspace, document, for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_document_back(context: Context, document: str) -> DocumentView:
    """Bring a deleted document back."""
    return _view(restore_document(context.workspace, document))


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


async def try_edit(context: Context, document: str, body: Trial) -> FileResponse:
    """Hear what edits would make of a document; nothing is kept."""
    return await _hear(
        context,
        document,
        start=body.start,
        stop=body.stop,
        levels=body.levels,
        lines=body.lines,
        revision=body.rev,
    )


async def play_document(
    context: Context,
    document: str,
    from_: str | None = None,
    to: str | None = None,
    levels: str | None = None,
    rev: int | None = None,
) -> FileResponse:
    """The sound of a document, or of a part of it, or of some levels."""
    return await _hear(context, document, start=from_, stop=to, levels=levels, revision=rev)


async def _hear(context: Context, document: str, **settings: Any) -> FileResponse:
    order = await asyncio.to_thread(decode_order, context.workspace, document, **settings)
    output = Path(order.output)
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        await ask(context, order)
    return sound_response(output, NEVER)


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


def _view(document: Document, with_edits: bool = True) -> DocumentView:
    return DocumentView(
        id=document.id,
        name=document.name,
        source=document.source,
        made=document.made,
        model_id=document.model_id,
        codebook_hash=document.codebook_hash,
        frame_rate=document.frame_rate,
        frames=document.frames,
        seconds=document.seconds,
        rev=document.revision,
        cursor=document.cursor,
        edits=list(document.edits) if with_edits else [],
    )


ENDPOINTS = (
    Endpoint("GET", "/documents", list_all_documents),
    Endpoint("POST", "/documents", make_document, status=201),
    Endpoint("PUT", "/documents", put_codes, status=201, takes="application/octet-stream"),
    Endpoint("GET", "/documents/{document}", show_document),
    Endpoint("PATCH", "/documents/{document}", name_document),
    Endpoint("DELETE", "/documents/{document}", drop_document),
    Endpoint("POST", "/documents/{document}/restore", bring_document_back),
    Endpoint("GET", "/documents/{document}/grid", show_grid),
    Endpoint("POST", "/documents/{document}/edits", edit_document),
    Endpoint("POST", "/documents/{document}/undo", undo_edit),
    Endpoint("POST", "/documents/{document}/redo", redo_edit),
    Endpoint("POST", "/documents/{document}/try", try_edit, media="audio/wav"),
    Endpoint("GET", "/documents/{document}/audio", play_document, media="audio/wav"),
    Endpoint("GET", "/documents/{document}/script", show_script, media="text/plain"),
    Endpoint("GET", "/documents/{document}/codes", export_codes, media="application/gzip"),
)
