"""Documents for faces without torch: edits go to the player where they take the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distill.errors import UsageError
from distill.files import make_folder
from distill.inference.codes.file import load_codes, save_codes
from distill.library.codes_requests import EditDocument, Encode
from distill.library.document_file import Document
from distill.library.document_sound import model_of_document
from distill.library.documents import check_revision, create_document, open_document
from distill.library.editing import Editor
from distill.library.heard import heard_path
from distill.library.models import load_model
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
    return encode_file_order(workspace, model, sound_path(workspace, kind, sound))


def encode_file_order(workspace: Workspace, model: str, path: Path) -> Encode:
    """The request to encode the sound file at `path`; errors as for `encode_order`."""
    if not model:
        raise UsageError("A sound is encoded by a model: choose one.")
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
        model=model_of_document(workspace, document).path,
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
