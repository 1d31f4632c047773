"""Sounds by the hash of their content: those of corpora, generated ones, and parts of documents.

Free of torch.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distill.data.listing import name_in_corpus
from distill.errors import AudioError, DistillError, NotFoundError
from distill.library.corpora import CONTENT_HASH, added_folder, list_corpora, load_corpus
from distill.library.corpus_listing import ListedFile, kept_listing, listed_paths
from distill.library.heard import find_heard
from distill.library.picture_cache import content_hash, picture_folder
from distill.library.render_table import RenderQuery
from distill.library.renders import find_renders, load_render
from distill.library.workspace import Workspace


@dataclass(frozen=True)
class KnownSound:
    """A sound that the workspace knows.

    Attributes:
        path: Its file.
        name: Its name, for people.
        corpus: Id of its corpus; empty for a generated sound.
        render: Id of its render; empty for a recording.
        facts: Of a recording: what the last scan found.
    """

    path: Path
    name: str
    corpus: str = ""
    render: str = ""
    facts: ListedFile | None = None


def find_known_sound(workspace: Workspace, sha256: str) -> KnownSound:
    """The sound whose file has this SHA-256, as it lies there now.

    Only files in the folders of corpora, generated sounds, and sounds of documents in the cache are
    looked at. A link that leads out of them is not followed.

    Raises:
        NotFoundError: There is none, or it has changed.
    """
    if CONTENT_HASH.fullmatch(sha256):
        for sound, roots in _candidates(workspace, sha256):
            if _is_there(workspace, sound.path, roots, sha256):
                return sound
    raise NotFoundError(
        f"There is no sound {sha256[:12]}… any more where it was: scan its folder again."
    )


def find_listed_sound(workspace: Workspace, corpus_id: str, name: str) -> KnownSound:
    """The sound that a corpus lists under this name, whether a scan has read it or not.

    A link that leads out of the corpus is not followed.

    Raises:
        NotFoundError: There is none.
    """
    corpus = load_corpus(workspace, corpus_id)
    roots = [corpus.folder, added_folder(workspace, corpus.id)]
    for path in listed_paths(corpus):
        if name_in_corpus(path, corpus.folder) == name and _lies_in(path, roots):
            return KnownSound(path=path, name=name, corpus=corpus.id)
    raise NotFoundError(f"There is no sound '{name}' in {corpus.folder} any more.")


def _candidates(workspace: Workspace, sha256: str) -> Iterator[tuple[KnownSound, list[Path]]]:
    """Sounds that had this content, each with the folders that it may lie in."""
    heard = find_heard(workspace, sha256)
    if heard is not None:
        yield KnownSound(path=heard.path, name=heard.name), [picture_folder(workspace)]
    for corpus in list_corpora(workspace)[0]:
        listing = kept_listing(workspace, corpus)
        roots = [corpus.folder, added_folder(workspace, corpus.id)]
        for facts in listing.files if listing else ():
            if facts.hash == sha256:
                path = corpus.folder / facts.name
                if not path.exists():
                    path = _added(corpus.added, facts.name)
                yield KnownSound(path=path, name=facts.name, corpus=corpus.id, facts=facts), roots
    for row in find_renders(workspace, RenderQuery(sha256=sha256)).rows:
        with suppress(DistillError):
            render = load_render(workspace, row.id)
            sound = KnownSound(path=render.path, name=render.title, render=render.id)
            # It may have been written anywhere: its folder is its root.
            yield sound, [render.path.parent]


def _added(added: tuple[Path, ...], name: str) -> Path:
    """The added file that a scan calls `name`: `kick (added).wav`."""
    plain = name.replace(" (added)", "")
    return next((path for path in added if path.name == plain), Path(name))


def _is_there(workspace: Workspace, path: Path, roots: list[Path], sha256: str) -> bool:
    if not _lies_in(path, roots):
        return False
    with suppress(AudioError):
        return content_hash(workspace, path) == sha256
    return False


def _lies_in(path: Path, roots: list[Path]) -> bool:
    """Whether a file lies in one of these folders, wherever links in its path lead."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(os.path.realpath(root)) for root in roots)


def playable_copy(workspace: Workspace, sha256: str) -> Path:
    """The place in the cache of a copy of a sound that browsers play."""
    return picture_folder(workspace) / f"{sha256}-playable.flac"
