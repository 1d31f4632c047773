import json
import subprocess
import sys
from pathlib import Path

import pytest

from distill.errors import OutputError, UsageError
from distill.library.records import (
    LARGEST_RECORD,
    RecordError,
    absolute_path,
    check_text,
    read_record,
    record_lock,
    stored_path,
    write_record,
)
from distill.library.workspace import open_workspace


def test_a_record_comes_back(tmp_path: Path) -> None:
    entries = {"version": 1, "name": "größer", "path": "take \udcff.wav", "numbers": [1, 0.5, None]}
    path = tmp_path / "a" / "b" / "record.json"
    write_record(path, entries)
    assert read_record(path, 1) == entries
    assert path.read_bytes().isascii()


DAMAGED = [b"", b"\xff", b"[]", b"3", b"{}", b'{"version": true}', b'{"version": "1"}']
DAMAGED += [b"[" * 100_000, b'{"version": 0}', b'{"version": null}', b'{"version": 1']
DAMAGED += [b" " * (LARGEST_RECORD + 1)]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_record_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"record\.json (is damaged|is longer)"):
        read_record(path, 1)


def test_a_newer_record_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"version": 2}')
    with pytest.raises(RecordError, match=r"A newer Distill wrote .*update Distill"):
        read_record(path, 1)
    assert read_record(path, 2) == {"version": 2}


def test_a_folder_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path, 1)
    with pytest.raises(FileNotFoundError):
        read_record(tmp_path / "none.json", 1)


def test_texts_are_bounded_and_plain() -> None:
    assert check_text("  a \udcff ", "name", 10) == "a \\udcff"
    with pytest.raises(UsageError, match="11 characters: 10 are the most"):
        check_text("a" * 11, "name", 10)


def test_paths_inside_move_with_the_workspace(tmp_path: Path) -> None:
    old = open_workspace(tmp_path / "old")
    new = open_workspace(tmp_path / "new")
    inside = stored_path(old, old.renders / "day" / "a.wav")
    assert absolute_path(new, inside) == new.renders / "day" / "a.wav"
    outside = stored_path(old, tmp_path / "a.wav")
    assert absolute_path(new, outside) == tmp_path / "a.wav"


COUNT = """
import sys
from distill.library.records import read_record, record_lock, write_record
from distill.library.workspace import open_workspace
workspace = open_workspace(sys.argv[1])
path = workspace.hidden / "count.json"
for _ in range(20):
    with record_lock(workspace):
        entries = read_record(path, 1)
        write_record(path, entries | {"count": entries["count"] + 1})
"""


def test_changes_of_two_processes_are_not_lost(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path)
    path = workspace.hidden / "count.json"
    write_record(path, {"version": 1, "count": 0})
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert json.loads(path.read_text())["count"] == 40


def test_a_workspace_that_is_gone_cannot_be_locked(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "a")
    (workspace.hidden / "workspace.json").unlink()
    workspace.hidden.rmdir()
    workspace.hidden.write_text("a file in its place")
    with pytest.raises(OutputError, match="cannot be used"), record_lock(workspace):
        pass
