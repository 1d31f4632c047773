"""What killed processes leave goes away; what lives, and what a person put there, stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from distill.library.leftovers import clear_workspace, new_folder, scratch_folder
from distill.library.workspace import Workspace, new_id, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "studio")


KILLED = """
import os, signal, sys
from pathlib import Path
from distill.library.leftovers import new_folder, scratch_folder
from distill.library.workspace import new_id, open_workspace

workspace = open_workspace(sys.argv[1])
with scratch_folder(workspace) as scratch, new_folder(workspace, workspace.documents / new_id()):
    (scratch / "upload.wav").write_bytes(b"half")
    (next(workspace.documents.iterdir()) / "first.json.gz").write_bytes(b"whole")
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A process that is killed while it makes a document and receives a file."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folders_of_a_killed_process_go(workspace: Workspace) -> None:
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(workspace.root)]
    assert subprocess.run(command, env=environment, check=False).returncode < 0
    assert len(names(workspace.documents)) == 1
    assert len(names(workspace.hidden / "scratch")) == 1
    clear_workspace(workspace)
    assert names(workspace.documents) == []
    assert names(workspace.hidden / "scratch") == []
    assert names(workspace.hidden / "locks") == []


def test_half_written_files_go_from_every_folder(workspace: Workspace) -> None:
    folder = workspace.documents / new_id() / "grids"
    folder.mkdir(parents=True)
    (folder.parent / "document.json").write_text("{}")
    (folder / f".distill-{'0' * 32}.tmp").write_bytes(b"half")
    (folder / "mine.tmp").write_bytes(b"of a person")
    clear_workspace(workspace)
    assert names(folder) == ["mine.tmp"]


def test_a_folder_that_is_being_made_stays(workspace: Workspace) -> None:
    folder = workspace.comparisons / new_id()
    with new_folder(workspace, folder), scratch_folder(workspace) as scratch:
        (folder / "pair-01-x.wav").write_bytes(b"x")
        clear_workspace(workspace)
        assert names(folder) == ["pair-01-x.wav"]
        assert scratch.is_dir()
    assert folder.is_dir()
    assert not scratch.exists()


def test_folders_of_a_person_stay(workspace: Workspace) -> None:
    exports = workspace.documents / "my-exports"
    exports.mkdir(parents=True)
    (exports / "first.json.gz").write_bytes(b"codes")
    damaged = workspace.comparisons / new_id()
    damaged.mkdir(parents=True)
    (damaged / "notes.txt").write_text("why")
    clear_workspace(workspace)
    assert names(exports) == ["first.json.gz"]
    assert names(damaged) == ["notes.txt"]


def test_a_failure_leaves_no_folder(workspace: Workspace) -> None:
    folder = workspace.documents / new_id()
    with pytest.raises(UnicodeDecodeError), new_folder(workspace, folder):
        b"\xff".decode()
    assert not folder.exists()
    assert names(workspace.hidden / "locks") == []
