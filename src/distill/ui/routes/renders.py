"""`/renders`: generated sounds."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from starlette.responses import FileResponse

from distill.audio.delivery import AS_IS, Delivery
from distill.audio.formats import nearest_rate
from distill.errors import UsageError
from distill.library.commands import render_commands
from distill.library.file_manager import show_file
from distill.library.generation_requests import MakeAgain, Vary
from distill.library.heard import heard_path
from distill.library.preset import settings_of_recipe
from distill.library.render import Render
from distill.library.render_models import list_renders as list_named_renders
from distill.library.render_models import with_present_name
from distill.library.render_table import RenderQuery, RenderRow
from distill.library.renders import (
    change_render,
    delete_render,
    file_state,
    load_render,
    render_codes,
    restore_render,
)
from distill.library.sound_requests import ConvertSound
from distill.ui.api import REVALIDATED, Endpoint, HttpError
from distill.ui.context import Context
from distill.ui.files import NEVER, playable, sound_response
from distill.ui.routes.models import DeletedView
from distill.ui.tasks import TaskView, ask, submit

PAGE = 200
"""Renders of a page, where nothing else is asked for."""


ExportFormat = Literal["wav", "aiff", "flac", "ogg", "opus", "mp3", "codes"]
"""Formats that a render is exported in."""


@dataclass(frozen=True)
class RenderLine:
    """A render in a list.

    Attributes:
        id: Its id.
        title: Its name, or that of its file.
        hash: SHA-256 of the sound file.
        model_name: Present name of its model in the library, else that in its recipe.
        model_id: The id in the metadata of its model.
        way: Kind of its mode.
        seed: Of its draw.
        duration_s: Length in seconds.
        loudness_lufs: Integrated loudness; None for silence.
        copy_percent: Percentage of it that repeats passages of the corpus; None if unknown.
        tempo: In beats per minute; None where it keeps no beat.
        made: When, UTC.
        starred: Whether it has a star.
        replaced: Whether a later render was written over its file.
    """

    id: str
    title: str
    hash: str
    model_name: str
    model_id: str
    way: str
    seed: int
    duration_s: float
    loudness_lufs: float | None
    copy_percent: float | None
    tempo: float | None
    made: str
    starred: bool
    replaced: bool


@dataclass(frozen=True)
class RenderPage:
    """A page of renders, the latest first.

    Attributes:
        renders: The renders.
        total: How many there are on this page and those after it.
        cursor: Where the next page begins; empty on the last.
        problems: Sentences on records that cannot be used.
    """

    renders: list[RenderLine]
    total: int
    cursor: str
    problems: list[str]


@dataclass(frozen=True)
class RenderView:
    """A render with all that is known of it.

    Attributes:
        id: Its id.
        title: Its name, or that of its file.
        name: The name that a person gave it; may be empty.
        notes: Notes of a person.
        starred: Whether it has a star.
        file: Its sound file, for people.
        hash: SHA-256 of the sound file.
        exists: Whether the file is there.
        is_same: Whether the file is as it was written.
        has_codes: Whether its codes were kept.
        codes_start_s: Where the codes begin in the sound, in seconds.
        made: When, UTC.
        way: Kind of its mode.
        seed: Of its draw.
        recipe: How it was made.
        settings: Its settings as a preset holds them; empty where they cannot be read.
        model_name: Present name of its model in the library, else that in its recipe.
        model_id: The id in the metadata of its model.
        model_hash: SHA-256 of the weights of its model.
        duration_s: Length in seconds.
        sample_rate: In Hz.
        channels: Number of channels.
        loudness_lufs: Integrated loudness; None for silence.
        copy: The copy report; None if the model cannot tell.
        timing: Tempo, beats and loop; None where it keeps no beat.
        heard: Recordings that served as the prompt.
        draws: Sounds that were drawn until one copied little enough.
        remarks: Sentences on what was changed or lost of the source.
        origin: The id of the render that it was made from; may be empty.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    id: str
    title: str
    name: str
    notes: str
    starred: bool
    file: str
    hash: str
    exists: bool
    is_same: bool
    has_codes: bool
    codes_start_s: float
    made: str
    way: str
    seed: int
    recipe: dict[str, Any]
    settings: dict[str, Any]
    model_name: str
    model_id: str
    model_hash: str
    duration_s: float
    sample_rate: int
    channels: int
    loudness_lufs: float | None
    copy: dict[str, Any] | None
    timing: dict[str, Any] | None
    heard: list[str]
    draws: int
    remarks: list[str]
    origin: str
    commands: dict[str, str]


@dataclass(frozen=True)
class RenderNotes:
    """What a person notes of a render; what is left out stays.

    Attributes:
        name: Another name.
        notes: Other notes.
        starred: Whether it has a star.
    """

    IS_BODY: ClassVar = True
    name: str | None = None
    notes: str | None = None
    starred: bool | None = None


@dataclass(frozen=True)
class Again:
    """A render to make once more.

    Attributes:
        duration: Seconds of another length; None for the same sound.
    """

    IS_BODY: ClassVar = True
    duration: float | None = None


@dataclass(frozen=True)
class Variations:
    """Variations to make of a render.

    Attributes:
        amount: Share that is drawn anew, 0 to 1; None for 0.3.
        seed: Of the first; None for a new one.
        count: Number of variations.
    """

    IS_BODY: ClassVar = True
    amount: float | None = None
    seed: int | None = None
    count: int = 1


def list_renders(
    context: Context,
    q: str = "",
    model: str = "",
    way: str = "",
    starred: bool | None = None,
    most_copy: float | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> RenderPage:
    """Generated sounds, the latest first, page by page."""
    query = RenderQuery(
        text=q, model=model, way=way, starred=starred, most_copy=most_copy, before=cursor
    )
    found = list_named_renders(context.workspace, query, min(limit, 10 * PAGE))
    is_last = found.total <= len(found.rows)
    return RenderPage(
        renders=[_line(row) for row in found.rows],
        total=found.total,
        cursor="" if is_last or not found.rows else found.rows[-1].id,
        problems=found.problems,
    )


def show_render(context: Context, render: str) -> RenderView:
    """A render with its recipe."""
    return _view(context, load_render(context.workspace, render))


def note_render(context: Context, render: str, body: RenderNotes) -> RenderView:
    """Give a render a star, a name or notes."""
    changed = change_render(
        context.workspace, render, name=body.name, notes=body.notes, starred=body.starred
    )
    return _view(context, changed)


def drop_render(context: Context, render: str, for_good: bool = False) -> DeletedView:
    """Move a render to the bin."""
    deleted = delete_render(context.workspace, render, for_good=for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_render_back(context: Context, render: str) -> RenderView:
    """Bring a deleted render back."""
    return _view(context, restore_render(context.workspace, render))


def make_again(context: Context, render: str, body: Again) -> TaskView:
    """Make a render once more, the same to the sample, or longer."""
    load_render(context.workspace, render)
    return submit(context, MakeAgain(render=render, duration=body.duration))


def vary(context: Context, render: str, body: Variations) -> TaskView:
    """Make variations of a render."""
    load_render(context.workspace, render)
    request = Vary(render=render, amount=body.amount, seed=body.seed, count=body.count)
    return submit(context, request)


async def play_render(context: Context, render: str) -> FileResponse:
    """The sound of a render, or a range of it."""
    found = await asyncio.to_thread(load_render, context.workspace, render)
    copy = heard_path(context.workspace, [found.sha256, "playable"], ".flac")
    return sound_response(await playable(context, found.path, copy), NEVER)


async def export_render(
    context: Context,
    render: str,
    format_: ExportFormat = "wav",
    rate: int | None = None,
    bits: str | None = None,
    bitrate: int | None = None,
    loudness_target: float | None = None,
    mono: bool | None = None,
    width: float | None = None,
) -> FileResponse:
    """A render as a file to keep, with its recipe in it; or its codes."""
    found = await asyncio.to_thread(load_render, context.workspace, render)
    if format_ == "codes":
        codes = render_codes(context.workspace, found)
        return FileResponse(
            codes, media_type="application/gzip", filename=f"{found.path.stem}.codes.json.gz"
        )
    delivery = Delivery(
        rate=rate,
        bits=bits,
        bitrate=bitrate,
        loudness_target=loudness_target,
        mono=mono,
        width=width,
    )
    path = found.path
    if path.suffix.lower() != f".{format_}" or delivery != AS_IS:
        # Refused here, in place of after a while by the player.
        name = f"{found.path.stem}.{format_}"
        delivery.check_file(name, nearest_rate(name, found.sample_rate))
        key = [found.sha256, "export", delivery.entries()]
        path = heard_path(context.workspace, key, f".{format_}")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            request = ConvertSound(sound=found.path, output=path, delivery=delivery.entries())
            await ask(context, request)
    return sound_response(path, NEVER, f"{found.path.stem}.{format_}")


def reveal_render(context: Context, render: str) -> None:
    """Show the file of a render in the file manager of this machine."""
    if not context.is_local:
        raise HttpError(403, "Files are shown on the machine of the server alone.", "NotLocal")
    show_file(load_render(context.workspace, render).path)


def _line(row: RenderRow) -> RenderLine:
    return RenderLine(
        id=row.id,
        title=row.title,
        hash=row.sha256,
        model_name=row.model_name,
        model_id=row.model_id,
        way=row.way,
        seed=row.seed,
        duration_s=row.duration_s,
        loudness_lufs=row.loudness_lufs,
        copy_percent=row.copy_percent,
        tempo=row.tempo,
        made=row.made,
        starred=row.starred,
        replaced=row.replaced,
    )


def _settings(render: Render) -> dict[str, Any]:
    try:
        return settings_of_recipe(render.recipe)
    except UsageError:
        # A recipe of another version still shows, and is made again by the model.
        return {}


def _view(context: Context, render: Render) -> RenderView:
    state = file_state(render)
    model_name = with_present_name(context.workspace, render).model_name
    return RenderView(
        id=render.id,
        title=render.title,
        name=render.name,
        notes=render.notes,
        starred=render.starred,
        file=str(render.path),
        hash=render.sha256,
        exists=state.exists,
        is_same=state.is_same,
        has_codes=render.codes is not None,
        codes_start_s=render.codes_start_s,
        made=render.made,
        way=render.way,
        seed=render.seed,
        recipe=render.recipe,
        settings=_settings(render),
        model_name=model_name,
        model_id=render.model_id,
        model_hash=render.model_hash,
        duration_s=render.duration_s,
        sample_rate=render.sample_rate,
        channels=render.channels,
        loudness_lufs=render.loudness_lufs,
        copy=render.copy,
        timing=render.timing,
        heard=list(render.heard),
        draws=render.draws,
        remarks=list(render.remarks),
        origin=render.origin,
        commands=render_commands(context.workspace, render),
    )


ENDPOINTS = (
    Endpoint("GET", "/renders", list_renders),
    Endpoint("GET", "/renders/{render}", show_render, cache=REVALIDATED),
    Endpoint("PATCH", "/renders/{render}", note_render),
    Endpoint("DELETE", "/renders/{render}", drop_render),
    Endpoint("POST", "/renders/{render}/restore", bring_render_back),
    Endpoint("POST", "/renders/{render}/again", make_again, status=201),
    Endpoint("POST", "/renders/{render}/vary", vary, status=201),
    Endpoint("GET", "/renders/{render}/audio", play_render, media="audio/*"),
    Endpoint("GET", "/renders/{render}/export", export_render),
    Endpoint("POST", "/renders/{render}/reveal", reveal_render),
)
