"""Requests for sounds of documents, and what is known of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import ModelFileError, NotFoundError, RevisionError
from distill.inference.codes.grid import CodeGrid
from distill.library.document_file import Document
from distill.library.document_sound import decode_order, find_model, heard_facts, keep_heard
from distill.library.documents import create_document
from distill.library.editing import Editor
from distill.library.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path, trained: Path) -> Workspace:
    workspace = open_workspace(tmp_path / "studio")
    workspace.models.mkdir()
    (workspace.models / "plucks.sda").write_bytes(trained.read_bytes())
    return workspace


@pytest.fixture
def document(workspace: Workspace, new_grid: Callable[..., CodeGrid], trained: Path) -> Document:
    from distill.library.models import list_models

    (model,) = list_models(workspace).models
    return create_document(workspace, new_grid(codebook_hash=model.family, model_id=""))


def test_a_sound_is_named_by_all_that_decides_it(workspace: Workspace, document: Document) -> None:
    def place(**settings: object) -> str:
        return str(decode_order(workspace, document.id, **settings).output)  # type: ignore[arg-type]

    whole = place()
    Editor(workspace).edit(document.id, "reverse")
    assert place(grid=document.first) == whole
    assert place() != whole
    others = [place(column="1f"), place(lines=["reverse"]), place(lines=["reverse"], around=2)]
    assert len({whole, place(), *others}) == 5
    with pytest.raises(NotFoundError, match="no such state"):
        decode_order(workspace, document.id, grid="ab" * 16)
    with pytest.raises(RevisionError):
        decode_order(workspace, document.id, revision=7)


def test_facts_are_known_while_the_sound_is_there(workspace: Workspace, document: Document) -> None:
    order = decode_order(workspace, document.id)
    assert heard_facts(order) is None
    result = {"duration_s": 0.5, "loudness_lufs": None, "span": [0, 5], "steps": []}
    kept = keep_heard(order, result)
    # The facts alone are no sound.
    assert heard_facts(order) is None
    Path(order.output).write_bytes(b"RIFF")
    assert heard_facts(order) == kept
    Path(order.output).with_suffix(".json").write_bytes(b"{}")
    assert heard_facts(order) is None


def test_without_its_model_it_is_not_heard(workspace: Workspace, document: Document) -> None:
    (workspace.models / "plucks.sda").unlink()
    assert find_model(workspace, document) is None
    with pytest.raises(ModelFileError, match="distill models add"):
        decode_order(workspace, document.id)
