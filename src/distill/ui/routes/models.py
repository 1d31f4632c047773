"""`/models`: the models of the workspace."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse

from distill.errors import UsageError
from distill.library.codes_requests import CountCodes, DecodeEntry
from distill.library.commands import model_commands
from distill.library.generation_requests import Warm
from distill.library.heard import heard_path
from distill.library.model import CorpusChange, CorpusFile, Model, Parent
from distill.library.model_health import ModelHealth
from distill.library.models import (
    add_model,
    change_model,
    delete_model,
    list_models,
    load_model,
    restore_model,
)
from distill.library.upload_names import check_upload_name
from distill.library.workspace import check_id
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.files import FOREVER, received, sound_response
from distill.ui.tasks import ask

ENDINGS = frozenset([".sda"])


@dataclass(frozen=True)
class ModelView:
    """A model.

    Attributes:
        id: Its id.
        name: Its name.
        notes: Notes of a person.
        file: Name of its file.
        created: Start of its training, UTC.
        version: Its version, from 1 on.
        parent: The version that it goes on from; None for a first one.
        family: Hash of its codebooks: versions have the same.
        health: Use of its codebooks.
        verdict: Sentence on its training.
        verdict_kind: Its kind.
        minutes: Length of its training; None if unknown.
        has_prior: Whether it can generate.
        prior_verdict: Sentence on the training of its prior; None without one.
        sample_rate: In Hz.
        channels: Of decoded sounds.
        levels: Number of quantiser levels.
        codebook_size: Entries of a codebook.
        corpus_files: Number of files that it learned from.
        corpus_s: Their length in seconds.
        bytes: Size of the file.
        tags: Tags that it can be steered by.
        change: What its corpus has that its parent's had not; None without a parent.
        change_text: The same in short.
        corpus: The files that it learned from; empty in lists.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    id: str
    name: str
    notes: str
    file: str
    created: str
    version: int
    parent: Parent | None
    family: str
    health: ModelHealth
    verdict: str
    verdict_kind: str
    minutes: float | None
    has_prior: bool
    prior_verdict: str | None
    sample_rate: int
    channels: int
    levels: int
    codebook_size: int
    corpus_files: int
    corpus_s: float
    bytes: int
    tags: list[str]
    change: CorpusChange | None
    change_text: str
    corpus: list[CorpusFile]
    commands: dict[str, str]


@dataclass(frozen=True)
class ModelsView:
    """The models of the workspace.

    Attributes:
        models: Families together, versions after their parents.
        problems: Sentences on files that cannot be used.
    """

    models: list[ModelView]
    problems: list[str]


@dataclass(frozen=True)
class Notes:
    """What a person notes; what is left out stays.

    Attributes:
        name: Another name.
        notes: Other notes.
    """

    IS_BODY: ClassVar = True
    name: str | None = None
    notes: str | None = None


@dataclass(frozen=True)
class CodebookLevelView:
    """Use of one codebook in the corpus.

    Attributes:
        name: Name of the level.
        codebook_size: Its entries.
        utilisation: Share of the codes that are used; None if unknown.
        perplexity: Number of codes that, used equally often, would be as varied.
        counts: How often each code occurs; None if unknown.
        dead_codes: Codes that never occur; None if unknown.
    """

    name: str
    codebook_size: int
    utilisation: float | None
    perplexity: float | None
    counts: list[int] | None
    dead_codes: list[int] | None


@dataclass(frozen=True)
class DeletedView:
    """What was deleted; a day long it can be brought back.

    Attributes:
        id: Its id.
        name: Its name.
    """

    id: str
    name: str


def list_all_models(context: Context, q: str = "") -> ModelsView:
    """The models, in families."""
    shown = list_models(context.workspace, q)
    return ModelsView(
        models=[_view(context, model, with_corpus=False) for model in shown.models],
        problems=shown.problems,
    )


def show_model(context: Context, model: str) -> ModelView:
    """A model with the files that it learned from."""
    return _view(context, load_model(context.workspace, model))


async def put_model(context: Context, name: str, request: Request) -> ModelView:
    """Send a model file; `name` is that of the file."""
    path = check_upload_name(name, ENDINGS)
    if len(path.parts) > 1:
        raise UsageError("A model has a name without folders.")
    async with received(context.workspace, request, path.name) as upload:
        return _view(context, await asyncio.to_thread(add_model, context.workspace, upload))


def note_model(context: Context, model: str, body: Notes) -> ModelView:
    """Give a model another name or notes."""
    found = load_model(context.workspace, model)
    return _view(
        context, change_model(context.workspace, found.id, name=body.name, notes=body.notes)
    )


def drop_model(context: Context, model: str, for_good: bool = False) -> DeletedView:
    """Move a model to the bin."""
    deleted = delete_model(context.workspace, check_id(model), for_good)
    return DeletedView(id=deleted.id, name=deleted.name)


def bring_model_back(context: Context, model: str) -> ModelView:
    """Bring a deleted model back."""
    return _view(context, restore_model(context.workspace, model))


def warm_model(context: Context, model: str) -> None:
    """Let the player load a model, so that its first sound comes soon; nothing waits for it."""
    path = load_model(context.workspace, model).path
    if path not in context.player.models:
        context.player.submit(Warm(model=path))


async def count_codes(context: Context, model: str) -> list[CodebookLevelView]:
    """How a model uses its codes, level by level."""
    found = await asyncio.to_thread(load_model, context.workspace, model)
    facts = await ask(context, CountCodes(model=found.path))
    return [CodebookLevelView(**level) for level in facts["levels"]]


async def play_entry(context: Context, model: str, level: int, code: int) -> FileResponse:
    """One code of a level, from 1, held for half a second."""
    found = await asyncio.to_thread(load_model, context.workspace, model)
    stamp = found.path.stat().st_mtime_ns
    output = heard_path(context.workspace, [str(found.path), stamp, level, code])
    if not output.exists():
        request = DecodeEntry(model=found.path, entry=f"{level}:{code}", output=output)
        output.parent.mkdir(parents=True, exist_ok=True)
        await ask(context, request)
    return sound_response(output, FOREVER)


def _view(context: Context, model: Model, with_corpus: bool = True) -> ModelView:
    return ModelView(
        id=model.id,
        name=model.name,
        notes=model.notes,
        file=model.path.name,
        created=model.created,
        version=model.version,
        parent=model.parent,
        family=model.family,
        health=model.health,
        verdict=model.verdict,
        verdict_kind=model.verdict_kind,
        minutes=model.minutes,
        has_prior=model.has_prior,
        prior_verdict=model.prior_verdict,
        sample_rate=model.sample_rate,
        channels=model.channels,
        levels=model.levels,
        codebook_size=model.codebook_size,
        corpus_files=model.corpus_files,
        corpus_s=model.corpus_s,
        bytes=model.bytes,
        tags=list(model.tags),
        change=model.change,
        change_text=model.change.text if model.change else "",
        corpus=list(model.corpus) if with_corpus else [],
        commands=model_commands(context.workspace, model),
    )


ENDPOINTS = (
    Endpoint("GET", "/models", list_all_models),
    Endpoint("PUT", "/models", put_model, status=201, takes="application/octet-stream"),
    Endpoint("GET", "/models/{model}", show_model),
    Endpoint("PATCH", "/models/{model}", note_model),
    Endpoint("DELETE", "/models/{model}", drop_model),
    Endpoint("POST", "/models/{model}/restore", bring_model_back),
    Endpoint("POST", "/models/{model}/warm", warm_model, status=204),
    Endpoint("GET", "/models/{model}/codebook", count_codes),
    Endpoint("GET", "/models/{model}/entries/{level}/{code}/audio", play_entry, media="audio/wav"),
)
