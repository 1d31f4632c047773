"""Edits of documents: sequences with undo equal to replay, trials, other sounds, the model."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distill
from distill.errors import CodesFileError, UsageError
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.document_file import Document
from distill.library.documents import (
    create_document,
    document_folder,
    open_document,
    redo,
    undo,
)
from distill.library.editing import Editor
from distill.library.workspace import Workspace, open_workspace
from distill.models.persistence import LoadedVQModel
from distill.workflows.edit_script import apply, read_line, read_script

NewGrid = Callable[..., CodeGrid]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def document(workspace: Workspace, new_grid: NewGrid) -> Document:
    return create_document(workspace, new_grid(T=12), name="dialogue")


@pytest.fixture(scope="module")
def model(trained: Path) -> LoadedVQModel:
    return distill.load(trained, threads=1)


@pytest.fixture
def encoded(workspace: Workspace, model: LoadedVQModel, corpus_dir: Path) -> Document:
    sound = corpus_dir / "high" / "pluck 6.wav"
    return create_document(workspace, distill.encode(model, sound))


ACTIONS = st.sampled_from(
    [
        "undo",
        "redo",
        "reverse --from 1f --to 5f",
        "reverse --levels 1",
        "cut --to 1f",
        "repeat --to 2f",
        "lock --from 2f --to 4f --levels 2",
        "unlock",
        "shuffle --block 2f --seed 3",
        "set --code 5 --from 1f --to 2f",
        "copy --at 0f --from 1f --to 3f --mode overwrite",
        "crop --to 6f",
        "paste OTHER --at 1f",
        "transplant OTHER --levels 1",
    ]
)


@settings(max_examples=25)
@given(actions=st.lists(ACTIONS, max_size=24))
def test_any_sequence_of_edits_undo_and_redo_equals_replay(
    tmp_path_factory: pytest.TempPathFactory, new_grid: NewGrid, actions: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Without waiting for the disk, which only a power cut could tell.
        patch.setattr(os, "fsync", lambda file: None)
        workspace = open_workspace(tmp_path_factory.mktemp("studio"))
        first = new_grid(T=8)
        other = new_grid(T=3, seed=1)
        document_id = create_document(workspace, first).id
        other_id = create_document(workspace, other).id
        # What the document should be: all grids so far, and the place among them.
        grids = [first]
        cursor = 0
        editor = Editor(workspace)
        for action in actions:
            if action == "undo" and cursor > 0:
                undo(workspace, document_id)
                cursor -= 1
            elif action == "redo" and cursor < len(grids) - 1:
                redo(workspace, document_id)
                cursor += 1
            elif action not in ("undo", "redo"):
                step = read_line(action)
                assert step is not None
                if "other" in step.options:
                    step.options["other"] = other
                try:
                    expected = apply(step, grids[cursor]).grid
                except UsageError:
                    with pytest.raises(UsageError):
                        editor.edit(document_id, action.replace("OTHER", other_id))
                    continue
                edited = editor.edit(document_id, action.replace("OTHER", other_id))
                grids[cursor + 1 :] = [expected]
                cursor += 1
                assert edited.grid == expected
            document = open_document(workspace, document_id)
            assert (document.cursor, len(document.edits)) == (cursor, len(grids) - 1)
        # Nothing in memory; then without the grids that were kept; then as a script.
        document = open_document(workspace, document_id)
        folder = document_folder(workspace, document_id)
        for _ in range(2):
            assert [Editor(workspace).grid(document, n) for n in range(len(grids))] == grids
            shutil.rmtree(folder / "grids", ignore_errors=True)
        patch.chdir(folder)
        grid = load_codes(folder / "first.json.gz")
        for step in read_script(folder / "script.txt"):
            grid = apply(step, grid).grid
        assert grid == grids[cursor]
        shutil.rmtree(workspace.root)


def test_an_edit_answers_how_it_went(workspace: Workspace, document: Document) -> None:
    editor = Editor(workspace)
    editor.edit(document.id, "lock --from 2f --to 4f")
    edited = editor.edit(document.id, "  set   --code 5 --from=1f --to 4f # paint")
    assert edited.line == "set --code 5 --from 1f --to 4f"
    assert (edited.document.revision, edited.document.cursor) == (2, 2)
    assert (edited.facts.changed_frames, edited.facts.kept_back) == ((1, 2), 6)
    kept = edited.document.edits[-1]
    assert (kept.line, kept.changed, kept.kept_back) == (edited.line, (1, 2), 6)


def test_a_trial_is_not_kept_until_it_is_made(workspace: Workspace, document: Document) -> None:
    editor = Editor(workspace)
    before = editor.grid(document)
    tried = editor.try_edit(document.id, "reverse")
    assert tried.grid != before
    assert tried.document == document == open_document(workspace, document.id)
    assert Editor(workspace).grid(document) == before
    assert editor.edit(document.id, "reverse").grid is tried.grid
    assert editor.edit(document.id, "reverse").grid == before


def test_a_script_is_kept_as_a_whole_or_not_at_all(
    workspace: Workspace, document: Document
) -> None:
    editor = Editor(workspace)
    with pytest.raises(UsageError, match="past the end"):
        editor.run(document.id, ["reverse", "cut --from 100f"])
    assert open_document(workspace, document.id) == document
    edits = editor.run(document.id, ["reverse", "cut --to 2f"])
    assert [edited.line for edited in edits] == ["reverse", "cut --to 2f"]
    assert {edited.document.revision for edited in edits} == {1}
    assert undo(workspace, document.id).document.cursor == 1


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("", "holds no edit"),
        ("# nothing", "holds no edit"),
        ("fly", "no edit 'fly'"),
        ("reverse\ncut", "takes no 'cut'"),
        ("heal", "heal needs the model"),
        ("cut", "nothing of the sound"),
        ("reverse --levels bass", "bass"),
        ("swap ../../secret.json", "no id"),
        ("swap /etc/passwd", "no id"),
        ("swap 20200101-000000-abcdef", "no document"),
        ("swap ''", "no id"),
    ],
)
def test_a_line_that_is_no_edit_changes_nothing(
    workspace: Workspace, document: Document, line: str, part: str
) -> None:
    with pytest.raises(UsageError, match=part):
        Editor(workspace).edit(document.id, line)
    assert open_document(workspace, document.id) == document


def test_another_sound_is_copied_into_the_document(
    workspace: Workspace, document: Document, new_grid: NewGrid, tmp_path: Path
) -> None:
    other = new_grid(T=4, seed=2)
    path = save_codes(tmp_path / "my other.json", other)
    with pytest.raises(UsageError, match="no id"):
        Editor(workspace).edit(document.id, f"paste '{path}' --at 1f")
    edited = Editor(workspace, reads_files=True).edit(document.id, f"paste '{path}' --at 1f")
    path.unlink()
    assert Editor(workspace).grid(edited.document) == edited.grid
    # Its line can be given again, from anywhere.
    again = Editor(workspace).edit(document.id, edited.line)
    assert len(again.grid.codes) == 20
    others = document_folder(workspace, document.id) / "others"
    for file in others.iterdir():
        file.write_bytes(b"")
    with pytest.raises(CodesFileError, match="gone or damaged"):
        Editor(workspace).grid(again.document)


def test_a_document_can_take_from_itself(workspace: Workspace, document: Document) -> None:
    edited = Editor(workspace).edit(document.id, f"paste {document.id} --at 12f")
    assert len(edited.grid.codes) == 24
    assert Editor(workspace).grid(edited.document) == edited.grid


def test_edits_through_the_model_are_undone_without_it(
    workspace: Workspace, encoded: Document, model: LoadedVQModel
) -> None:
    editor = Editor(workspace)
    lines = [
        "reverse --to 10f",
        "heal --from 4f --to 8f --seed 3",
        "drift --amount 0.5",
        "cut --to 2f",
    ]
    grids = [editor.edit(encoded.id, line, model=model).grid for line in lines]
    for count in (4, 3, 2, 1):
        document = open_document(workspace, encoded.id)
        assert document.cursor == count
        assert Editor(workspace).grid(document) == grids[count - 1]
        undo(workspace, encoded.id)
    edits = open_document(workspace, encoded.id).edits
    assert [bool(edit.model) for edit in edits] == [False, True, True, False]


def test_a_lost_grid_is_made_again_with_the_model_or_named(
    workspace: Workspace, encoded: Document, model: LoadedVQModel
) -> None:
    edited = Editor(workspace).edit(encoded.id, "drift --amount 0.5", model=model)
    shutil.rmtree(document_folder(workspace, encoded.id) / "grids")
    with pytest.raises(CodesFileError, match=r"codes after 'drift --amount 0.5' are gone"):
        Editor(workspace).edit(encoded.id, "reverse")
    assert Editor(workspace).grid(edited.document, model=model) == edited.grid
    assert undo(workspace, encoded.id).document.cursor == 0
    assert Editor(workspace).edit(encoded.id, "reverse").document.cursor == 1


CODE = """
import sys
from distill.library.editing import Editor
from distill.library.documents import undo
from distill.library.workspace import open_workspace
workspace = open_workspace(sys.argv[1])
Editor(workspace).edit(sys.argv[2], "reverse --to 4f")
undo(workspace, sys.argv[2])
assert "torch" not in sys.modules and "scipy" not in sys.modules
"""


def test_an_edit_without_the_model_loads_no_torch(workspace: Workspace, document: Document) -> None:
    subprocess.run([sys.executable, "-c", CODE, str(workspace.root), document.id], check=True)
    assert len(open_document(workspace, document.id).edits) == 1
