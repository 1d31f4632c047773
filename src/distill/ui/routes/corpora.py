"""`/corpora`: folders of sounds with what was chosen about their files."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse

from distill.audio.io import AUDIO_EXTENSIONS
from distill.library import jobs
from distill.library.commands import corpus_commands
from distill.library.corpora import Corpus, list_corpora, load_corpus
from distill.library.corpus_choices import change_choices
from distill.library.corpus_folders import (
    PutFile,
    create_corpus,
    forget_corpus,
    put_file,
    remember_corpus,
)
from distill.library.corpus_listing import CorpusListing, present_listing
from distill.library.picture_cache import content_hash
from distill.library.sound_files import find_listed_sound, playable_copy
from distill.library.upload_names import check_upload_name
from distill.ui.api import REVALIDATED, Endpoint
from distill.ui.context import Context
from distill.ui.files import NEVER, playable, received, sound_response, stated_size
from distill.ui.routes.jobs import JobView, view_of
from distill.ui.routes.places import path_of_token


@dataclass(frozen=True)
class NewCorpus:
    """A corpus to begin with: a listed folder, or an empty one of the workspace.

    Attributes:
        place: Token of a listed folder; empty for a new one.
        name: Name of a new folder in the workspace.
    """

    IS_BODY: ClassVar = True
    place: str = ""
    name: str = ""


@dataclass(frozen=True)
class CorpusView:
    """A corpus.

    Attributes:
        id: Its id.
        name: Name of its folder.
        folder: Its folder.
        is_owned: Whether the folder belongs to the workspace.
        is_there: Whether the folder is there.
        listing: Its files; None in the list of all corpora.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    id: str
    name: str
    folder: str
    is_owned: bool
    is_there: bool
    listing: CorpusListing | None
    commands: dict[str, str]


@dataclass(frozen=True)
class CorpusList:
    """All corpora.

    Attributes:
        corpora: The corpora, without their files.
        remarks: Sentences on damaged records.
    """

    corpora: list[CorpusView]
    remarks: list[str]


@dataclass(frozen=True)
class Choices:
    """Changes of what was chosen about files; what is left out stays.

    Attributes:
        muted: Whether a file is left out, by content hash.
        weights: How often a file is heard, by content hash.
        tags: All tags of a file, by content hash.
        notes: Note on a file, by content hash.
    """

    IS_BODY: ClassVar = True
    muted: dict[str, bool] | None = None
    weights: dict[str, float] | None = None
    tags: dict[str, list[str]] | None = None
    notes: dict[str, str] | None = None


def list_all_corpora(context: Context) -> CorpusList:
    """All corpora of the workspace, without their files."""
    corpora, remarks = list_corpora(context.workspace)
    return CorpusList(corpora=[_view(context, corpus, None) for corpus in corpora], remarks=remarks)


def add_corpus(context: Context, body: NewCorpus) -> CorpusView:
    """Begin with a folder of sounds; nothing is written into it."""
    if body.place:
        path = path_of_token(context.secret, body.place)
        return _view(context, remember_corpus(context.workspace, path), None)
    return _view(context, create_corpus(context.workspace, body.name), None)


def show_corpus(context: Context, corpus: str) -> CorpusView:
    """A corpus with its files."""
    found = _find(context, corpus)
    return _view(context, found, present_listing(context.workspace, found))


def choose_files(context: Context, corpus: str, body: Choices) -> CorpusView:
    """Mute files, weight them, tag them, note something about them."""
    changed = change_choices(
        context.workspace,
        _find(context, corpus),
        muted=body.muted,
        weights=body.weights,
        tags=body.tags,
        notes=body.notes,
    )
    return _view(context, changed, present_listing(context.workspace, changed))


def drop_corpus(context: Context, corpus: str) -> None:
    """Forget a corpus; its sounds stay where they are."""
    forget_corpus(context.workspace, _find(context, corpus).id)


def scan(context: Context, corpus: str) -> JobView:
    """Scan the folder, as a job."""
    folder = _find(context, corpus).folder
    context.drops.end(corpus)
    return view_of(context, jobs.start(context.workspace, "scan", sounds=str(folder)))


async def put_sound(context: Context, corpus: str, path: str, request: Request) -> PutFile:
    """Send a sound file into a corpus; `path` is its name there, with folders."""
    name = check_upload_name(path, AUDIO_EXTENSIONS)
    found = await asyncio.to_thread(_find, context, corpus)
    context.drops.add(found.id, stated_size(request))
    async with received(context.workspace, request, name.name) as upload:
        return await asyncio.to_thread(put_file, context.workspace, found, name, upload)


async def play_by_name(context: Context, corpus: str, name: str) -> FileResponse:
    """A file by its name in the list, to hear it before a scan has read it."""
    workspace = context.workspace
    found = await asyncio.to_thread(find_listed_sound, workspace, corpus, name)
    digest = await asyncio.to_thread(content_hash, workspace, found.path)
    path = await playable(context, found.path, playable_copy(workspace, digest))
    # Another file may lie under this name tomorrow.
    return sound_response(path, NEVER)


def _find(context: Context, corpus: str) -> Corpus:
    return load_corpus(context.workspace, corpus)


def _view(context: Context, corpus: Corpus, listing: CorpusListing | None) -> CorpusView:
    return CorpusView(
        id=corpus.id,
        name=corpus.folder.name,
        folder=str(corpus.folder),
        is_owned=corpus.is_owned,
        is_there=corpus.folder.is_dir(),
        listing=listing,
        commands=corpus_commands(context.workspace, corpus),
    )


ENDPOINTS = (
    Endpoint("GET", "/corpora", list_all_corpora),
    Endpoint("POST", "/corpora", add_corpus, status=201),
    Endpoint("GET", "/corpora/{corpus}", show_corpus, cache=REVALIDATED),
    Endpoint("PATCH", "/corpora/{corpus}", choose_files),
    Endpoint("DELETE", "/corpora/{corpus}", drop_corpus),
    Endpoint("POST", "/corpora/{corpus}/scan", scan, status=201),
    Endpoint("GET", "/corpora/{corpus}/audio", play_by_name, media="audio/*"),
    Endpoint(
        "PUT", "/corpora/{corpus}/files", put_sound, status=201, takes="application/octet-stream"
    ),
)
