"""Sounds of documents: decoded into the cache, named by all that decides them. Free of torch.

What was heard is found again by its content, as other sounds are: so it has peaks, a spectrogram
and curves.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distill.errors import ModelFileError
from distill.files import make_folder, parse_json
from distill.library.codes_requests import DecodeDocument
from distill.library.document_file import Document
from distill.library.documents import check_revision, open_document
from distill.library.heard import heard_path
from distill.library.model import Model
from distill.library.models import list_models
from distill.library.picture_cache import fetch, store
from distill.library.workspace import Workspace


@dataclass(frozen=True)
class HeardFacts:
    """What is known of a decoded part of a document.

    Attributes:
        duration_s: Its length in seconds.
        loudness_lufs: Integrated loudness; None for silence.
        span: Its frames in the grid that was decoded, the second excluded.
    """

    duration_s: float
    loudness_lufs: float | None
    span: tuple[int, int]


def find_model(workspace: Workspace, document: Document) -> Model | None:
    """A model of the library that reads the codes of a document: its own, or one of its family."""
    models = list_models(workspace).models
    for model in models:
        if document.model_id and model.model_id == document.model_id:
            return model
    return next((model for model in models if model.family == document.codebook_hash), None)


def model_of_document(workspace: Workspace, document: Document) -> Model:
    """The model that `find_model` finds.

    Raises:
        ModelFileError: There is none.
    """
    model = find_model(workspace, document)
    if model is None:
        raise ModelFileError(
            f"The model that made the codes of '{document.name}' is not in {workspace.models}: "
            "add it with `distill models add`."
        )
    return model


def decode_order(
    workspace: Workspace,
    document_id: str,
    *,
    start: str | None = None,
    stop: str | None = None,
    levels: str | None = None,
    column: str | None = None,
    lines: Sequence[str] = (),
    around: int | None = None,
    grid: str | None = None,
    revision: int | None = None,
) -> DecodeDocument:
    """The request for the sound of a document, into the cache. It may be there already.

    Args:
        workspace: The workspace.
        document_id: Id of the document.
        start: Where the part begins, as `DecodeDocument` takes it.
        stop: Where it ends.
        levels: Its levels, such as `1-2`.
        column: Place of one column to hold, in place of a part.
        lines: Edits to try before, which are not kept.
        around: Code frames to hear on both sides of what these edits change.
        grid: Key of the grid to hear, which may be undone or edited since. Default: the present
            one.
        revision: Revision that the caller knows.

    Raises:
        RevisionError: The document has changed since that revision.
        ModelFileError: Its model is not there.
        NotFoundError: It never had that grid, or it is forgotten.
    """
    document = open_document(workspace, document_id)
    check_revision(document, revision)
    if grid is not None:
        document.count_at(grid)
    model = model_of_document(workspace, document).path
    status = model.stat()
    parts: list[Any] = [grid or document.grid, start, stop, levels, column, around, list(lines)]
    parts += [str(model), status.st_size, status.st_mtime_ns]
    output = heard_path(workspace, parts)
    make_folder(output.parent)
    return DecodeDocument(
        document=document_id,
        model=model,
        output=output,
        start=start,
        stop=stop,
        levels=levels,
        column=column,
        lines=tuple(lines),
        around=around,
        grid=grid,
        revision=revision,
    )


def heard_facts(order: DecodeDocument) -> HeardFacts | None:
    """Facts of a sound that is in the cache; None where it has to be decoded."""
    path = Path(order.output)
    text = fetch(_facts_path(path))
    if not path.exists() or text is None:
        return None
    with suppress(ValueError, KeyError, TypeError):
        entry = parse_json(text)
        first, last = entry["span"]
        return HeardFacts(
            duration_s=float(entry["duration_s"]),
            loudness_lufs=entry["loudness_lufs"],
            span=(int(first), int(last)),
        )
    return None


def keep_heard(order: DecodeDocument, result: Mapping[str, Any]) -> HeardFacts:
    """Keep what the player tells of a decoded sound."""
    first, last = result["span"]
    facts = HeardFacts(
        duration_s=result["duration_s"],
        loudness_lufs=result["loudness_lufs"],
        span=(first, last),
    )
    store(_facts_path(Path(order.output)), json.dumps(asdict(facts)).encode())
    return facts


def _facts_path(path: Path) -> Path:
    return path.with_suffix(".json")
