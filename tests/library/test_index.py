import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distill.library.index import Index, Stamp, Table, like, use_index
from distill.library.workspace import Workspace, open_workspace

TABLE = Table(name="things", columns=("name", "number"), lookups=("number",))
OLD = 1_000_000_000
"""A time (ns) long ago."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


def listing(
    workspace: Workspace, files: Mapping[str, Stamp], reads: list[str] | None = None
) -> list[tuple[Any, ...]]:
    """The things of the index, once it knows `files`; `reads` gets those that were read."""

    def read(file: str) -> dict[str, Any]:
        if reads is not None:
            reads.append(file)
        return {"name": f"{file}!", "number": files[file][1]}

    def ask(index: Index) -> list[tuple[Any, ...]]:
        index.update(files, read)
        return index.select("SELECT name, number FROM things ORDER BY name")

    return use_index(workspace, TABLE, ask)


def test_only_what_changed_is_read(workspace: Workspace) -> None:
    reads: list[str] = []
    files = {"a": (OLD, 1), "b": (OLD, 2), "c": (OLD, 3)}
    assert listing(workspace, files, reads) == [("a!", 1), ("b!", 2), ("c!", 3)]
    assert listing(workspace, files, reads) == [("a!", 1), ("b!", 2), ("c!", 3)]
    assert reads == ["a", "b", "c"]
    changed = {"a": (OLD, 1), "b": (OLD + 1, 5), "d": (OLD, 4)}
    assert listing(workspace, changed, reads[:0]) == [("a!", 1), ("b!", 5), ("d!", 4)]
    reads.clear()
    listing(workspace, files, reads)
    assert sorted(reads) == ["b", "c"]


def test_what_was_written_just_now_is_read_again(workspace: Workspace) -> None:
    import time

    reads: list[str] = []
    files = {"a": (time.time_ns(), 1)}
    listing(workspace, files, reads)
    listing(workspace, files, reads)
    assert reads == ["a", "a"]


@pytest.mark.parametrize("damage", ["deleted", "garbage", "cut", "empty", "folder", "other tables"])
def test_an_index_is_made_anew(workspace: Workspace, damage: str) -> None:
    files = {str(number): (OLD, number) for number in range(500)}
    before = listing(workspace, files)
    path = workspace.index
    content = path.read_bytes()
    for name in (f"{path}-wal", f"{path}-shm"):
        if os.path.exists(name):
            os.unlink(name)
    path.unlink()
    if damage == "garbage":
        path.write_bytes(os.urandom(len(content)))
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "folder":
        path.mkdir()
    elif damage == "other tables":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE things (file, other)")
            connection.commit()
    assert listing(workspace, files) == before
    if damage != "folder":
        reads: list[str] = []
        assert listing(workspace, files, reads) == before
        assert reads == []


def test_another_version_is_made_anew(workspace: Workspace) -> None:
    listing(workspace, {"a": (OLD, 1)})
    other = Table(name="things", columns=("number", "name"))

    def ask(index: Index) -> list[tuple[Any, ...]]:
        index.update({"a": (OLD, 1)}, lambda file: {"name": "n", "number": 2})
        return index.select("SELECT name, number FROM things")

    assert use_index(workspace, other, ask) == [("n", 2)]
    assert listing(workspace, {"a": (OLD, 1)}) == [("a!", 1)]


def test_a_wrong_query_leaves_the_index(workspace: Workspace) -> None:
    files = {"a": (OLD, 1)}
    before = listing(workspace, files)
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        use_index(workspace, TABLE, lambda index: index.select("SELECT none FROM things"))
    reads: list[str] = []
    assert listing(workspace, files, reads) == before
    assert reads == []


def test_a_locked_index_does_not_stop_a_listing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.library.index.PATIENCE_S", 0.05)
    listing(workspace, {"a": (OLD, 1)})
    with closing(sqlite3.connect(workspace.index, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert listing(workspace, {"b": (OLD, 2)}) == [("b!", 2)]
    assert listing(workspace, {"a": (OLD, 1)}) == [("a!", 1)]


def test_a_place_that_cannot_be_written_does_not_stop_a_listing(tmp_path: Path) -> None:
    nowhere = Workspace(root=tmp_path / "none")
    assert listing(nowhere, {"a": (OLD, 1)}) == [("a!", 1)]
    assert not nowhere.root.exists()


@pytest.mark.parametrize("name", ["%", "_", "!", "a%b", "100 %"])
def test_signs_of_patterns_mean_themselves(workspace: Workspace, name: str) -> None:
    listing(workspace, {name: (OLD, 1), "other": (OLD, 2)})

    def ask(index: Index) -> list[tuple[Any, ...]]:
        return index.select("SELECT file FROM things WHERE file LIKE ? ESCAPE '!'", [like(name)])

    assert use_index(workspace, TABLE, ask) == [(name,)]


def test_values_that_no_database_takes(workspace: Workspace) -> None:
    files = {"a": (OLD, 1)}

    def ask(index: Index) -> list[tuple[Any, ...]]:
        index.update(files, lambda file: {"name": "a\udcff", "number": 1 << 80})
        return index.select("SELECT name, number FROM things")

    assert use_index(workspace, TABLE, ask) == [("a\\udcff", None)]


MANY = """
import sys
from distill.library.index import Table, use_index
from distill.library.workspace import open_workspace
workspace = open_workspace(sys.argv[1])
table = Table(name="things", columns=("name", "number"), lookups=("number",))
for turn in range(30):
    files = {str(number): (1, turn + int(sys.argv[2])) for number in range(50)}
    def ask(index):
        index.update(files, lambda file: {"name": file, "number": files[file][1]})
        return index.select("SELECT COUNT(*) FROM things")
    assert use_index(workspace, table, ask) == [(50,)]
"""


def test_two_processes_at_once(workspace: Workspace) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MANY, str(workspace.root), str(number)])
        for number in (100, 200)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    assert listing(workspace, {"a": (OLD, 1)}) == [("a!", 1)]
