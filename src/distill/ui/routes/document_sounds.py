"""`/documents/ID/audio`, `/try`, `/sound`: documents of codes, heard as they are or would be."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from starlette.responses import FileResponse

from distill.library.codes_requests import DecodeDocument
from distill.library.document_sound import HeardFacts, decode_order, heard_facts, keep_heard
from distill.library.documents import open_document
from distill.library.heard import remember_heard
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.files import NEVER, sound_response
from distill.ui.tasks import ask


@dataclass(frozen=True)
class Trial:
    """Edits to hear without keeping them.

    Attributes:
        rev: Revision that the tab knows.
        lines: The edits.
        start: Where to begin, such as `1.5` or `70f`; None for the begin.
        stop: Where to end; None for the end.
        levels: Levels to hear, such as `1-2`; None for all.
        around: Code frames to hear on both sides of what the edits change, in place of a part.
    """

    IS_BODY: ClassVar = True
    rev: int
    lines: list[str]
    start: str | None = None
    stop: str | None = None
    levels: str | None = None
    around: int | None = None


@dataclass(frozen=True)
class DocumentSound:
    """The whole sound of a document, for pictures and curves.

    Attributes:
        hash: SHA-256 of the sound, as `/sounds` takes it.
        duration_s: Its length in seconds.
        loudness_lufs: Integrated loudness; None for silence.
    """

    hash: str
    duration_s: float
    loudness_lufs: float | None


async def try_edit(context: Context, document: str, body: Trial) -> FileResponse:
    """Hear what edits would make of a document; nothing is kept."""
    return await _hear(
        context,
        document,
        start=body.start,
        stop=body.stop,
        levels=body.levels,
        lines=body.lines,
        around=body.around,
        revision=body.rev,
    )


async def play_document(
    context: Context,
    document: str,
    from_: str | None = None,
    to: str | None = None,
    levels: str | None = None,
    column: str | None = None,
    grid: str | None = None,
    rev: int | None = None,
) -> FileResponse:
    """The sound of a document, or of a part of it, or of some levels, or of one column.

    `grid` is the key of the grid to hear, also of an earlier one; without it, the present one is
    heard. `X-Span` says which
    frames are heard, `X-Loudness` how loud they are, in LUFS.
    """
    return await _hear(
        context,
        document,
        start=from_,
        stop=to,
        levels=levels,
        column=column,
        grid=grid,
        revision=rev,
    )


async def find_sound(
    context: Context, document: str, grid: str | None = None, rev: int | None = None
) -> DocumentSound:
    """The whole sound of a document by its content, so that `/sounds` draws and measures it."""
    workspace = context.workspace
    order, facts = await _decode(context, document, grid=grid, revision=rev)
    name = (await asyncio.to_thread(open_document, workspace, document)).name
    digest = await asyncio.to_thread(remember_heard, workspace, Path(order.output), name)
    return DocumentSound(
        hash=digest, duration_s=facts.duration_s, loudness_lufs=facts.loudness_lufs
    )


async def _hear(context: Context, document: str, **settings: Any) -> FileResponse:
    order, facts = await _decode(context, document, **settings)
    headers = NEVER | {"X-Span": ",".join(map(str, facts.span))}
    if facts.loudness_lufs is not None:
        headers["X-Loudness"] = f"{facts.loudness_lufs:.2f}"
    return sound_response(Path(order.output), headers)


async def _decode(
    context: Context, document: str, **settings: Any
) -> tuple[DecodeDocument, HeardFacts]:
    """The request for a sound of a document that lies in the cache, and what is known of it."""
    order = await asyncio.to_thread(decode_order, context.workspace, document, **settings)
    facts = await asyncio.to_thread(heard_facts, order)
    if facts is None:
        result = await ask(context, order)
        facts = await asyncio.to_thread(keep_heard, order, result)
    return order, facts


ENDPOINTS = (
    Endpoint("POST", "/documents/{document}/try", try_edit, media="audio/wav"),
    Endpoint("GET", "/documents/{document}/audio", play_document, media="audio/wav"),
    Endpoint("GET", "/documents/{document}/sound", find_sound),
)
