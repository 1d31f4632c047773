"""Documents: what they hold, that undo survives a kill at every step, and that two faces agree."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from distill.errors import CodesFileError, OutputError, RevisionError, UsageError
from distill.inference.codes.file import load_codes, save_codes
from distill.inference.codes.grid import CodeGrid
from distill.library.document_file import SCRIPT, Document
from distill.library.documents import (
    KEEP_EVERY,
    check_revision,
    create_document,
    delete_document,
    document_folder,
    documents_of_model,
    find_document,
    list_documents,
    open_document,
    redo,
    rename_document,
    restore_document,
    undo,
)
from distill.library.editing import Editor
from distill.library.workspace import Workspace, open_workspace

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills, and forks between them")

LINES = ["reverse --from 1f --to 4f", "cut --to 2f", "repeat --times 3", "lock --levels 1"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


@pytest.fixture
def document(workspace: Workspace, new_grid: Callable[..., CodeGrid]) -> Document:
    return create_document(workspace, new_grid(T=12), name="dialogue")


def test_a_document_keeps_the_codes_that_it_was_made_of(
    workspace: Workspace, new_grid: Callable[..., CodeGrid]
) -> None:
    grid = new_grid(T=9)
    document = create_document(workspace, grid)
    folder = document_folder(workspace, document.id)
    assert load_codes(folder / "first.json.gz") == grid
    assert (document.name, document.source) == ("sound 0", "sound 0.wav")
    assert (document.revision, document.cursor, document.frames) == (0, 0, 9)
    assert open_document(workspace, document.id) == document
    assert Editor(workspace).grid(document) == grid


def test_undo_and_redo_move_the_cursor_and_name_the_edit(
    workspace: Workspace, document: Document
) -> None:
    for line in LINES:
        Editor(workspace).edit(document.id, line)
    backwards = [undo(workspace, document.id) for _ in LINES]
    assert [step.line for step in backwards] == LINES[::-1]
    assert [step.document.revision for step in backwards] == [5, 6, 7, 8]
    # The lock; up to the end twice, where the length changed; the frames of the first edit.
    assert [step.changed for step in backwards] == [(0, 30), (10, 10), (0, 12), (1, 4)]
    with pytest.raises(UsageError, match="nothing to undo in 'dialogue'"):
        undo(workspace, document.id)
    forwards = [redo(workspace, document.id) for _ in LINES]
    assert [step.line for step in forwards] == LINES
    assert [step.changed for step in forwards] == [(1, 4), (0, 10), (10, 30), (0, 30)]
    with pytest.raises(UsageError, match="nothing to redo"):
        redo(workspace, document.id)


def test_the_script_has_the_edits_in_force(workspace: Workspace, document: Document) -> None:
    script = document_folder(workspace, document.id) / SCRIPT
    for line in LINES:
        Editor(workspace).edit(document.id, line)
    assert script.read_text().splitlines() == LINES
    undo(workspace, document.id)
    assert script.read_text().splitlines() == LINES[:-1]


def test_what_one_face_changed_another_must_look_at(
    workspace: Workspace, document: Document
) -> None:
    one = Editor(workspace)
    other = Editor(workspace)
    one.edit(document.id, LINES[0], revision=0)
    with pytest.raises(RevisionError, match=r"'dialogue' has changed .* \(revision 1, not 0"):
        other.edit(document.id, LINES[1], revision=0)
    with pytest.raises(RevisionError):
        undo(workspace, document.id, revision=0)
    present = open_document(workspace, document.id)
    check_revision(present, 1)
    assert [edit.line for edit in present.edits] == LINES[:1]
    assert other.edit(document.id, LINES[1], revision=1).document.revision == 2


def test_documents_are_found_by_id_and_by_name(
    workspace: Workspace, document: Document, new_grid: Callable[..., CodeGrid]
) -> None:
    assert find_document(workspace, document.id) == document
    assert find_document(workspace, "dialogue") == document
    second = create_document(workspace, new_grid(T=4), name="dialogue")
    with pytest.raises(UsageError, match=f"2 documents .* give an id .*{second.id}"):
        find_document(workspace, "dialogue")
    rename_document(workspace, second.id, " new\nname ")
    assert find_document(workspace, "new\\nname").id == second.id
    assert {entry.id for entry in list_documents(workspace).documents} == {document.id, second.id}


def test_documents_of_a_model(workspace: Workspace, new_grid: Callable[..., CodeGrid]) -> None:
    own = create_document(workspace, dataclasses.replace(new_grid(T=4), model_id="aa"))
    create_document(workspace, dataclasses.replace(new_grid(T=4), model_id=""))
    assert documents_of_model(workspace, "aa") == [own]
    assert documents_of_model(workspace, "") == []


@pytest.mark.parametrize("name", ["../codes", "/etc", "a/b", "", "20200101-000000-abcdef", "NUL:"])
def test_an_id_that_is_none(workspace: Workspace, document: Document, name: str) -> None:
    for change in (open_document, undo, find_document):
        with pytest.raises(UsageError, match=r"no id|no document"):
            change(workspace, name)


@pytest.mark.parametrize("name", ["  ", "a" * 201])
def test_a_name_has_a_length(workspace: Workspace, document: Document, name: str) -> None:
    with pytest.raises(UsageError, match="1 to 200 characters"):
        rename_document(workspace, document.id, name)


def test_a_copied_folder_is_a_document_of_its_own(workspace: Workspace, document: Document) -> None:
    shutil.copytree(document_folder(workspace, document.id), workspace.documents / "copy1")
    assert open_document(workspace, "copy1").id == "copy1"
    Editor(workspace).edit("copy1", LINES[0])
    undo(workspace, "copy1")
    rename_document(workspace, "copy1", "another")
    assert open_document(workspace, document.id) == document
    copy = open_document(workspace, "copy1")
    assert (copy.name, copy.revision, copy.cursor) == ("another", 2, 0)
    assert [edit.line for edit in copy.edits] == LINES[:1]


def test_a_damaged_document_becomes_a_remark(
    workspace: Workspace, document: Document, new_grid: Callable[..., CodeGrid]
) -> None:
    broken = create_document(workspace, new_grid())
    path = document_folder(workspace, broken.id) / "document.json"
    path.write_bytes(path.read_bytes()[:50])
    # Not of Distill, and a folder that a killed run began.
    (workspace.documents / "notes.txt").write_text("x")
    (workspace.documents / "begun").mkdir()
    shown = list_documents(workspace)
    assert shown.documents == (document,)
    assert len(shown.remarks) == 1
    assert "document.json is no sound document" in shown.remarks[0]


def test_grids_of_forgotten_edits_are_removed(
    workspace: Workspace, document: Document, new_grid: Callable[..., CodeGrid]
) -> None:
    folder = document_folder(workspace, document.id)
    editor = Editor(workspace)
    other = create_document(workspace, new_grid(T=6, seed=1))
    editor.edit(document.id, f"paste {other.id} --at 3f")
    editor.run(document.id, [f"shuffle --block 1f --seed {i}" for i in range(2 * KEEP_EVERY)])
    assert len(list((folder / "grids").iterdir())) == 2
    assert len(list((folder / "others").iterdir())) == 1
    for _ in range(2 * KEEP_EVERY + 1):
        undo(workspace, document.id)
    editor.edit(document.id, "crop --to 3f")
    assert list((folder / "grids").iterdir()) == list((folder / "others").iterdir()) == []


def test_a_first_grid_that_was_exchanged_is_named(
    workspace: Workspace, document: Document, new_grid: Callable[..., CodeGrid]
) -> None:
    first = document_folder(workspace, document.id) / "first.json.gz"
    content = first.read_bytes()
    other = create_document(workspace, new_grid(T=5, seed=3))
    first.write_bytes((document_folder(workspace, other.id) / "first.json.gz").read_bytes())
    with pytest.raises(CodesFileError, match="not the one that the document began with"):
        Editor(workspace).edit(document.id, "reverse")
    first.unlink()
    with pytest.raises(CodesFileError, match="no codes file"):
        Editor(workspace).edit(document.id, "reverse")
    first.write_bytes(content)
    assert Editor(workspace).edit(document.id, "reverse").document.revision == 1


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files")
def test_a_full_disk_loses_nothing(
    workspace: Workspace,
    document: Document,
    full_disk: Callable[[int | None], None],
    new_grid: Callable[..., CodeGrid],
) -> None:
    Editor(workspace).edit(document.id, LINES[0])
    before = open_document(workspace, document.id)
    full_disk(0)
    with pytest.raises(OutputError):
        Editor(workspace).edit(document.id, LINES[1])
    with pytest.raises(OutputError):
        create_document(workspace, new_grid())
    full_disk(None)
    assert list_documents(workspace).documents == (before,)
    assert Editor(workspace).edit(document.id, LINES[1]).document.revision == 2


def test_an_interrupt_leaves_no_document(
    workspace: Workspace, new_grid: Callable[..., CodeGrid], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path, document: Document) -> None:
        assert list(folder.iterdir()) == [folder / "first.json.gz"]
        raise KeyboardInterrupt

    monkeypatch.setattr("distill.library.documents.write_document", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_document(workspace, new_grid())
    assert list(workspace.documents.iterdir()) == []


def test_a_document_can_be_deleted_also_a_damaged_one(
    workspace: Workspace, document: Document, new_grid: Callable[..., CodeGrid]
) -> None:
    broken = create_document(workspace, new_grid())
    (document_folder(workspace, broken.id) / "document.json").write_text("{")
    delete_document(workspace, broken.id, for_good=True)
    delete_document(workspace, document.id, for_good=True)
    assert list(workspace.documents.iterdir()) == []
    with pytest.raises(UsageError, match="no document"):
        delete_document(workspace, document.id, for_good=True)


def test_a_deleted_document_comes_back_with_its_edits_and_leaves_no_lock(
    workspace: Workspace, document: Document
) -> None:
    editor = Editor(workspace)
    editor.edit(document.id, "reverse")
    before = open_document(workspace, document.id)
    grid = editor.grid(before)
    deleted = delete_document(workspace, document.id)
    assert deleted.name == document.name
    assert list(workspace.documents.iterdir()) == []
    assert list((workspace.hidden / "locks").iterdir()) == []
    assert restore_document(workspace, document.id) == before
    assert Editor(workspace).grid(before) == grid
    assert undo(workspace, document.id).document.cursor == 0
    with pytest.raises(UsageError, match="no deleted document"):
        restore_document(workspace, document.id)


# --- kills ----------------------------------------------------------------------------------------

ACT = """
import sys
from pathlib import Path
from distill.inference.codes.file import load_codes, save_codes
from distill.library.documents import create_document, undo
from distill.library.editing import Editor
from distill.library.workspace import Workspace

def act(root, name, action):
    workspace = Workspace(root=Path(root))
    if action == "create":
        create_document(workspace, load_codes(Path(name)))
    elif action == "undo":
        undo(workspace, name)
    else:
        Editor(workspace).edit(name, action)
"""

KILLS = (
    ACT
    + """
import os, shutil, signal

def counted(deed):
    def run(*args, **kwargs):
        global countdown
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        countdown -= 1
        return deed(*args, **kwargs)
    return run

countdown = -1
# Every step that another process can see.
for step in ("replace", "unlink", "mkdir", "fsync", "rmdir"):
    setattr(os, step, counted(getattr(os, step)))

root, name, action = sys.argv[1:]
status = None
number = 0
while status != 0:
    copy = f"{root}-{number}"
    shutil.copytree(root, copy)
    child = os.fork()
    if child == 0:
        countdown = number
        act(copy, name, action)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    number += 1
"""
)


def killed_copies(workspace: Workspace, name: str, action: str) -> list[Workspace]:
    """Copies of `workspace` in which `action` was killed before each of its steps; in the last it
    came to its end."""
    subprocess.run([sys.executable, "-c", KILLS, str(workspace.root), name, action], check=True)
    count = len(list(workspace.root.parent.glob(f"{workspace.root.name}-*")))
    return [Workspace(root=Path(f"{workspace.root}-{number}")) for number in range(count)]


@needs_fork
def test_a_kill_at_any_step_of_an_edit_leaves_the_document_before_or_after(
    workspace: Workspace, new_grid: Callable[..., CodeGrid]
) -> None:
    # The edit forgets an undone one, with its other sound and its kept grid, and keeps a grid.
    document = create_document(workspace, new_grid(T=12))
    other = create_document(workspace, new_grid(T=3, seed=1))
    editor = Editor(workspace)
    editor.run(document.id, ["reverse --to 5f"] * (KEEP_EVERY - 1))
    editor.edit(document.id, f"paste {other.id} --at 2f")
    undo(workspace, document.id)
    before = open_document(workspace, document.id)
    line = f"paste {other.id} --at 4f"
    grid_before = editor.grid(before)
    grid_after = editor.try_edit(document.id, line).grid

    outcomes = []
    for copy in killed_copies(workspace, document.id, line):
        now = open_document(copy, document.id)
        outcomes.append(now != before)
        assert Editor(copy).grid(now) == (grid_after if now != before else grid_before)
        if now == before:
            redone = redo(copy, document.id).document
            assert Editor(copy).grid(redone) == editor.grid(before, KEEP_EVERY)
        # It can be edited as if nothing had been.
        Editor(copy).edit(document.id, line)
        assert Editor(copy).grid(undo(copy, document.id).document) is not None
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}
    assert len(outcomes) > 10


@needs_fork
def test_a_kill_at_any_step_of_an_undo_leaves_the_document_before_or_after(
    workspace: Workspace, document: Document
) -> None:
    Editor(workspace).run(document.id, LINES)
    before = open_document(workspace, document.id)
    outcomes = []
    for copy in killed_copies(workspace, document.id, "undo"):
        now = open_document(copy, document.id)
        outcomes.append(before.cursor - now.cursor)
        assert now.edits == before.edits
        assert Editor(copy).grid(now) == Editor(workspace).grid(before, now.cursor)
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {0, 1}


@needs_fork
def test_a_document_whose_making_was_killed_is_none_or_whole(
    workspace: Workspace, new_grid: Callable[..., CodeGrid], tmp_path: Path
) -> None:
    first = save_codes(tmp_path / "first.json", new_grid(T=7))
    shown = [list_documents(copy) for copy in killed_copies(workspace, str(first), "create")]
    assert all(entry.remarks == () for entry in shown)
    counts = [len(entry.documents) for entry in shown]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1}


@needs_fork
def test_of_edits_at_the_same_time_none_is_lost(workspace: Workspace, document: Document) -> None:
    code = f"{ACT}\nact(*sys.argv[1:])\nprint('whole')"
    command = [sys.executable, "-c", code, str(workspace.root), document.id]
    runs = [
        subprocess.Popen([*command, line], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in ("reverse --to 3f", "reverse --to 4f", "reverse --to 5f")
    ]
    outcomes = [run.communicate() for run in runs]
    present = open_document(workspace, document.id)
    kept = sum(b"whole" in output for output, _ in outcomes)
    assert (present.revision, present.cursor) == (kept, kept)
    assert kept >= 1
    assert all(b"RevisionError" in error for output, error in outcomes if not output)


def test_a_newer_document_is_left_alone(workspace: Workspace, document: Document) -> None:
    path = document_folder(workspace, document.id) / "document.json"
    content = json.loads(path.read_text()) | {"version": 2}
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="A newer Distill"):
        Editor(workspace).edit(document.id, "reverse")
    assert json.loads(path.read_text()) == content
