"""`/sounds`: any sound that the workspace knows, by the SHA-256 of its file."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from distill.errors import NotFoundError
from distill.library.commands import Commands, file_commands
from distill.library.corpora import load_corpus
from distill.library.corpus_listing import ListedFile
from distill.library.drawings import (
    drawn_peaks,
    drawn_spectrogram,
    drawn_thumbnail,
    drawn_tile,
)
from distill.library.measurement_cache import keep_facts, measurement_path, read_facts
from distill.library.models import load_model
from distill.library.player_requests import (
    DrawSound,
    FindSources,
    MeasureCurves,
    MeasureLoudness,
    Urgency,
)
from distill.library.sound_files import KnownSound, find_known_sound, playable_copy
from distill.library.spectrogram import Spectrogram
from distill.ui.api import REVALIDATED, Endpoint
from distill.ui.context import Context
from distill.ui.files import FOREVER, KEPT, playable, sound_response
from distill.ui.tasks import ask


@dataclass(frozen=True)
class SoundView:
    """A sound.

    Attributes:
        hash: SHA-256 of its file.
        name: Its name.
        corpus: Id of its corpus; empty for a generated sound.
        render: Id of its render; empty for a recording.
        facts: Of a recording: what the last scan found.
        spectrogram: Its tiles; None before it is drawn.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    hash: str
    name: str
    corpus: str
    render: str
    facts: ListedFile | None
    spectrogram: Spectrogram | None
    commands: dict[str, str]


@dataclass(frozen=True)
class MeasuredCurves:
    """Descriptors of a sound, as percentiles of the corpus of a model.

    Attributes:
        frame_rate: Values a second (Hz).
        curves: Percentiles of each frame by descriptor; None where there is no value.
    """

    frame_rate: float
    curves: dict[str, list[float | None]]


@dataclass(frozen=True)
class Loudness:
    """How loud a stretch of a sound is.

    Attributes:
        loudness_lufs: Integrated loudness, as it is heard; None for silence.
    """

    loudness_lufs: float | None


def show_sound(context: Context, sound: str) -> SoundView:
    """What is known of a sound."""
    known = find_known_sound(context.workspace, sound)
    return SoundView(
        hash=sound,
        name=known.name,
        corpus=known.corpus,
        render=known.render,
        facts=known.facts,
        spectrogram=drawn_spectrogram(context.workspace, sound),
        commands=_commands(context, known),
    )


def _commands(context: Context, known: KnownSound) -> Commands:
    """What can be done with a recording; a generated sound has its own record."""
    if not known.corpus:
        return {}
    corpus = load_corpus(context.workspace, known.corpus)
    return file_commands(context.workspace, corpus, known.name)


async def play_sound(context: Context, sound: str) -> FileResponse:
    """The sound, or a range of it: the file itself, or FLAC where browsers cannot play that."""
    known = await _known(context, sound)
    path = await playable(context, known.path, playable_copy(context.workspace, sound))
    return sound_response(path, FOREVER | {"ETag": f'"{sound}"'})


async def show_peaks(context: Context, sound: str, per: int = 256) -> Response:
    """Least and greatest sample of each `per` samples, as int8; `X-Sample-Rate` is in Hz."""
    peaks = await asyncio.to_thread(drawn_peaks, context.workspace, sound, per)
    if peaks is None:
        await _draw(context, sound)
        peaks = await asyncio.to_thread(drawn_peaks, context.workspace, sound, per)
    if peaks is None:
        raise NotFoundError("This sound has no peaks.")
    headers = FOREVER | {"X-Sample-Rate": str(peaks.sample_rate), "X-Per": str(peaks.per)}
    return Response(peaks.values.tobytes(), headers=headers)


async def show_spectrogram(context: Context, sound: str) -> Spectrogram:
    """How many tiles the spectrogram has; they are drawn where they are not yet."""
    shape = await asyncio.to_thread(drawn_spectrogram, context.workspace, sound)
    if shape is None:
        await _draw(context, sound)
        shape = await asyncio.to_thread(drawn_spectrogram, context.workspace, sound)
    if shape is None:
        raise NotFoundError("This sound has no spectrogram.")
    return shape


async def show_tile(context: Context, sound: str, number: int) -> Response:
    """A tile of the spectrogram, from 0."""
    tile = await asyncio.to_thread(drawn_tile, context.workspace, sound, number)
    if tile is None:
        await _draw(context, sound)
        tile = await asyncio.to_thread(drawn_tile, context.workspace, sound, number)
    return _picture(tile)


async def show_thumbnail(context: Context, sound: str) -> Response:
    """A small spectrogram of the whole sound."""
    picture = await asyncio.to_thread(drawn_thumbnail, context.workspace, sound)
    if picture is None:
        await _draw(context, sound)
        picture = await asyncio.to_thread(drawn_thumbnail, context.workspace, sound)
    return _picture(picture)


async def measure_descriptors(context: Context, sound: str, model: str) -> MeasuredCurves:
    """Descriptors as percentiles of the corpus of a model."""
    known = await _known(context, sound)
    path = await _model_path(context, model)
    facts = await _measure(context, "curves", sound, MeasureCurves(model=path, sound=known.path))
    return MeasuredCurves(frame_rate=facts["frame_rate"], curves=facts["curves"])


async def measure_loudness(
    context: Context, sound: str, start: float = 0.0, stop: float | None = None
) -> Loudness:
    """Loudness from `start` to `stop`, in seconds, so that two sounds are played as loud."""
    known = await _known(context, sound)
    request = MeasureLoudness(sound=known.path, start_s=start, stop_s=stop)
    kind = f"loudness-{start:.4f}-{'end' if stop is None else f'{stop:.4f}'}"
    facts = await _measure(context, kind, sound, request)
    return Loudness(loudness_lufs=facts["loudness_lufs"])


async def find_sources(context: Context, sound: str, model: str) -> dict[str, Any]:
    """Where a sound repeats recordings of the corpus of a model."""
    known = await _known(context, sound)
    path = await _model_path(context, model)
    return await _measure(context, "sources", sound, FindSources(model=path, sound=known.path))


async def _measure(
    context: Context, kind: str, sound: str, request: MeasureCurves | FindSources | MeasureLoudness
) -> dict[str, Any]:
    """What the player measures of a sound, or of one beside a model; it measures once."""
    model = None if isinstance(request, MeasureLoudness) else Path(request.model)
    place = await asyncio.to_thread(measurement_path, context.workspace, kind, sound, model)
    facts = await asyncio.to_thread(read_facts, place)
    if facts is None:
        facts = await ask(context, request)
        await asyncio.to_thread(keep_facts, place, facts)
    return facts


async def _known(context: Context, sound: str) -> KnownSound:
    return await asyncio.to_thread(find_known_sound, context.workspace, sound)


async def _model_path(context: Context, model: str) -> Path:
    return (await asyncio.to_thread(load_model, context.workspace, model)).path


async def _draw(context: Context, sound: str) -> None:
    """Let the player draw a sound, whose picture somebody waits for."""
    known = await _known(context, sound)
    await ask(context, DrawSound(sound=known.path), Urgency.EDIT)


def _picture(content: bytes | None) -> Response:
    if content is None:
        raise NotFoundError("This sound has no such picture.")
    return Response(content, headers=FOREVER, media_type="image/webp")


ENDPOINTS = (
    Endpoint("GET", "/sounds/{sound}", show_sound, cache=REVALIDATED),
    Endpoint("GET", "/sounds/{sound}/audio", play_sound, media="audio/*"),
    Endpoint("GET", "/sounds/{sound}/peaks", show_peaks, media="application/octet-stream"),
    Endpoint("GET", "/sounds/{sound}/spectrogram", show_spectrogram, cache=KEPT),
    Endpoint("GET", "/sounds/{sound}/spectrogram/{number}", show_tile, media="image/webp"),
    Endpoint("GET", "/sounds/{sound}/thumbnail", show_thumbnail, media="image/webp"),
    Endpoint("GET", "/sounds/{sound}/loudness", measure_loudness, cache=KEPT),
    Endpoint("GET", "/sounds/{sound}/descriptors", measure_descriptors, cache=REVALIDATED),
    Endpoint("GET", "/sounds/{sound}/sources", find_sources, cache=REVALIDATED),
)
