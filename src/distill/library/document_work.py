"""Documents for faces without torch: edits go to the player where they take the model.

Sounds of documents are decoded into the cache, named by all that decides them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distill.errors import ModelFileError, UsageError
from distill.files import make_folder
from distill.inference.codes.file import load_codes, save_codes
from distill.library.codes_requests import DecodeDocument, EditDocument, Encode
from distill.library.document_file import Document
from distill.library.documents import check_revision, create_document, open_document
from distill.library.editing import Editor
from distill.library.models import list_models, load_model
from distill.library.picture_cache import picture_folder
from distill.library.renders import load_render, render_codes
from distill.library.takes import SoundKind, sound_path
from distill.library.workspace import Workspace, new_id
from distill.workflows.edit import needs_model
from distill.workflows.edit_script import read_line


@dataclass(frozen=True)
class EditOutcome:
    """How an edit of a document went.

    Attributes:
        rev: Revision of the document afterwards.
        line: The edit as it stands in the script.
        changed: Frames that it changed, the second excluded; None where it changed none.
        kept_back: Number of locked codes that would have changed.
        remark: A sentence on what went another way than asked; may be empty.
        distance: Of a blend: mean distance from the exact one.
        frames: Code frames afterwards.
    """

    rev: int
    line: str
    changed: tuple[int, int] | None
    kept_back: int
    remark: str
    distance: float | None
    frames: int


def model_of_document(workspace: Workspace, document: Document) -> Path:
    """A model of the library that reads the codes of a document: its own, or one of its family.

    Raises:
        ModelFileError: There is none.
    """
    models = list_models(workspace).models
    for model in models:
        if document.model_id and model.model_id == document.model_id:
            return model.path
    for model in models:
        if model.family == document.codebook_hash:
            return model.path
    raise ModelFileError(
        f"The model that made the codes of '{document.name}' is not in {workspace.models}: "
        "add it with `distill models add`."
    )


def document_of_render(workspace: Workspace, render_id: str, name: str = "") -> Document:
    """A document of the codes of a render.

    Raises:
        UsageError: There is no such render, or its codes were not kept.
        CodesFileError: Its codes cannot be read.
    """
    render = load_render(workspace, render_id)
    grid = load_codes(render_codes(workspace, render))
    return create_document(workspace, grid, name or render.title, source=grid.source)


def document_of_codes(workspace: Workspace, codes: Path, name: str = "") -> Document:
    """A document of a codes file. `CodesFileError` if it cannot be read."""
    return create_document(workspace, load_codes(codes), name)


def encode_order(workspace: Workspace, model: str, kind: SoundKind, sound: str) -> Encode:
    """The request to encode a sound into a codes file of the cache, for `encoded_document`.

    Raises:
        UsageError: No model is named.
        NotFoundError: There is no such model or sound.
    """
    if not model:
        raise UsageError("A sound is encoded by a model: choose one.")
    path = sound_path(workspace, kind, sound)
    output = heard_path(workspace, [new_id()], ".json.gz")
    make_folder(output.parent)
    return Encode(model=load_model(workspace, model).path, sound=path, output=output)


def encoded_document(workspace: Workspace, order: Encode, name: str = "") -> Document:
    """A document of what was encoded; the codes file goes."""
    codes = Path(order.output)
    grid = load_codes(codes)
    document = create_document(workspace, grid, name or Path(order.sound).stem, source=grid.source)
    codes.unlink(missing_ok=True)
    return document


# --- grids ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PackedGrid:
    """Codes as a face draws them.

    Attributes:
        content: Codes as uint16 `[T, Q]` (little endian), then a bit a code for locks, the first
            in the lowest bit.
        frames: `T`.
        levels: `Q`.
        codebook_size: Entries of a level.
        revision: Revision of the document.
        seams: Frames of the whole grid at which an edit broke the sound.
    """

    content: bytes
    frames: int
    levels: int
    codebook_size: int
    revision: int
    seams: tuple[int, ...]


def packed_grid(
    editor: Editor, document_id: str, start: int, stop: int | None, revision: int | None
) -> PackedGrid:
    """Frames of the grid of a document.

    Args:
        editor: Makes grids.
        document_id: Id of the document.
        start: First frame.
        stop: Frame after the last; None for all.
        revision: Revision that the caller knows; None for the present one.

    Raises:
        RevisionError: The document has changed since that revision.
    """
    document = open_document(editor.workspace, document_id)
    check_revision(document, revision)
    grid = editor.grid(document)
    frames = slice(max(0, start), stop if stop is None else max(0, stop))
    codes = grid.codes[frames]
    locked = np.zeros(codes.shape, bool) if grid.locked is None else grid.locked[frames]
    bits = np.packbits(locked.reshape(-1), bitorder="little")
    return PackedGrid(
        content=codes.astype("<u2").tobytes() + bits.tobytes(),
        frames=codes.shape[0],
        levels=codes.shape[1],
        codebook_size=grid.codebook_size,
        revision=document.revision,
        seams=grid.seams,
    )


def exported_codes(editor: Editor, document_id: str) -> tuple[Path, str]:
    """The codes of a document as a codes file in the cache, and a name for people."""
    document = open_document(editor.workspace, document_id)
    path = heard_path(editor.workspace, [document.grid], ".json.gz")
    make_folder(path.parent)
    save_codes(path, editor.grid(document))
    return path, f"{document.name}.json.gz"


# --- edits ----------------------------------------------------------------------------------------


def is_for_model(lines: Sequence[str]) -> bool:
    """Whether some of the edits take the model. `UsageError` for a line that is no edit."""
    steps = [read_line(line) for line in lines]
    return any(step is not None and needs_model(step.name) for step in steps)


def edit_order(
    workspace: Workspace, document_id: str, lines: Sequence[str], revision: int | None
) -> EditDocument:
    """The request for edits that take the model.

    Raises:
        RevisionError: The document has changed since that revision.
        ModelFileError: Its model is not there.
    """
    document = open_document(workspace, document_id)
    check_revision(document, revision)
    return EditDocument(
        document=document_id,
        lines=tuple(lines),
        revision=revision,
        model=model_of_document(workspace, document),
    )


def edit_here(
    editor: Editor, document_id: str, lines: Sequence[str], revision: int | None
) -> list[EditOutcome]:
    """Make edits that take no model; errors as for `Editor.run`."""
    editor.run(document_id, lines, revision)
    return last_edits(editor.workspace, document_id, len(lines))


def last_edits(workspace: Workspace, document_id: str, count: int) -> list[EditOutcome]:
    """The last edits in force of a document."""
    document = open_document(workspace, document_id)
    return [
        EditOutcome(
            rev=document.revision,
            line=edit.line,
            changed=edit.changed,
            kept_back=edit.kept_back,
            remark=edit.remark,
            distance=edit.distance,
            frames=edit.frames,
        )
        for edit in document.edits[max(0, document.cursor - count) : document.cursor]
    ]


# --- sound ----------------------------------------------------------------------------------------


def decode_order(
    workspace: Workspace,
    document_id: str,
    *,
    start: str | None = None,
    stop: str | None = None,
    levels: str | None = None,
    lines: Sequence[str] = (),
    revision: int | None = None,
) -> DecodeDocument:
    """The request for the sound of a document, into the cache. It may be there already.

    Args:
        workspace: The workspace.
        document_id: Id of the document.
        start: Where the part begins, as `DecodeDocument` takes it.
        stop: Where it ends.
        levels: Its levels, such as `1-2`.
        lines: Edits to try before, which are not kept.
        revision: Revision that the caller knows.

    Raises:
        RevisionError: The document has changed since that revision.
        ModelFileError: Its model is not there.
    """
    document = open_document(workspace, document_id)
    check_revision(document, revision)
    model = model_of_document(workspace, document)
    status = model.stat()
    parts: list[Any] = [document.grid, start, stop, levels, list(lines)]
    parts += [str(model), status.st_size, status.st_mtime_ns]
    return DecodeDocument(
        document=document_id,
        model=model,
        output=heard_path(workspace, parts),
        start=start,
        stop=stop,
        levels=levels,
        lines=tuple(lines),
        revision=revision,
    )


def heard_path(workspace: Workspace, parts: Sequence[Any], ending: str = ".wav") -> Path:
    """The place in the cache of a sound that is made to be heard once or twice.

    Args:
        workspace: The workspace.
        parts: All that decides how it sounds, as JSON can hold it.
        ending: Of its format.
    """
    digest = hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
    return picture_folder(workspace) / f"heard-{digest}{ending}"
