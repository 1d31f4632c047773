"""Sound files in answers, and files in requests."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse

from distill.errors import OutputError, TooLittleRoomError
from distill.files import make_folder
from distill.library.leftovers import scratch_folder
from distill.library.player_requests import ConvertSound, Urgency
from distill.library.workspace import Workspace
from distill.ui.api import HttpError, too_large
from distill.ui.context import Context
from distill.ui.tasks import ask

LARGEST_UPLOAD = 2 << 30
"""Bytes of a file that is sent, at most."""

SPARE_BYTES = 1 << 30
"""Bytes that stay free on the disk, beside twice the size of what is sent."""

CHUNK_S = 30.0
"""Seconds to wait for the next piece of a body."""

MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".opus": "audio/ogg",
}
"""Sound files that browsers play as they are. No engine of three plays AIFF."""

SAVED_TYPES = {".aiff": "audio/aiff", ".aif": "audio/aiff"}
"""Sound files that are saved alone."""

KEPT = "private, max-age=31536000, immutable"

FOREVER = {"Cache-Control": KEPT}
"""For what is named by its content."""

NEVER = {"Cache-Control": "no-store"}


def sound_response(path: Path, headers: dict[str, str], name: str = "") -> FileResponse:
    """A sound file, or the range of it that was asked for.

    Args:
        path: The file.
        headers: Further headers.
        name: Name for a download; empty for a sound that is played in the page.
    """
    kind = path.suffix.lower()
    media = MEDIA_TYPES.get(kind) or SAVED_TYPES.get(kind, "application/octet-stream")
    return FileResponse(path, media_type=media, headers=headers, filename=name or None)


async def playable(context: Context, path: Path, copy: Path) -> Path:
    """The file itself where browsers play it, else a copy as FLAC of 24 bit.

    Args:
        context: The context; its player converts.
        path: The file.
        copy: Where the copy goes; it may be there already.
    """
    if path.suffix.lower() in MEDIA_TYPES:
        return path
    if not copy.exists():
        await asyncio.to_thread(make_folder, copy.parent)
        await ask(context, ConvertSound(sound=path, output=copy), Urgency.AUDITION)
    return copy


# --- uploads --------------------------------------------------------------------------------------


@asynccontextmanager
async def received(
    workspace: Workspace, request: Request, name: str, largest: int = LARGEST_UPLOAD
) -> AsyncIterator[Path]:
    """The body of a request as a whole file called `name`, which is gone after the block.

    Raises:
        HttpError: It is too long, has no stated length, or comes too slowly.
        TooLittleRoomError: The disk would be full.
        OutputError: It cannot be written.
    """
    size = stated_size(request, largest)
    _check_room(workspace, size)
    with scratch_folder(workspace) as folder:
        path = folder / name
        try:
            await _write(request, path, size)
            yield path
        finally:
            # Large files take a while.
            await asyncio.to_thread(path.unlink, missing_ok=True)


def stated_size(request: Request, largest: int = LARGEST_UPLOAD) -> int:
    """The length that a request states for its body. `HttpError` for none, or one too large."""
    stated = request.headers.get("content-length", "")
    if not stated.isdigit():
        raise HttpError(411, "A file is sent with its length (Content-Length).", "LengthMissing")
    if int(stated) > largest:
        raise too_large(largest)
    return int(stated)


def _check_room(workspace: Workspace, size: int) -> None:
    free = shutil.disk_usage(workspace.root).free
    if free < 2 * size + SPARE_BYTES:
        raise TooLittleRoomError(
            f"{size / 1e6:.0f} MB do not fit: only {free / 1e6:.0f} MB are free on the disk of "
            f"{workspace.root}. Make room first."
        )


async def _write(request: Request, path: Path, size: int) -> None:
    received_bytes = 0
    stream = request.stream()
    try:
        # One thread and small pieces: an await a piece would cost more than it saves.
        with open(path, "xb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(stream), CHUNK_S)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise HttpError(408, "The file came too slowly.", "TooSlow") from None
                received_bytes += len(chunk)
                if received_bytes > size:
                    raise too_large(size)
                file.write(chunk)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
    if received_bytes != size:
        raise HttpError(400, "The file was cut short on its way.", "CutShort")
