"""The index: facts of records and models in SQLite, so that thousands list at once.

It is a cache. The files are the truth: each listing compares times and sizes of files, or the times
of folders alone, with the index, and reads what differs. An index that is damaged, of another
version or deleted is made anew. One that cannot be written, or is locked for too long, gives way to
one in memory.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from distill.library.workspace import Workspace

PATIENCE_S = 5.0
"""Seconds to wait for another process that writes the index."""

RACY_NS = 2_000_000_000
"""A file that was written so short a time ago (ns) is read again next time: its time may not tell
a second change. FAT keeps times to 2 s."""

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Errors of the file: making it anew helps. It does not for a wrong query, or a full disk."""

Result = TypeVar("Result")
Stamp = tuple[int, int]
"""Time of the last change of a file (ns), and its size in bytes."""
Row = Mapping[str, Any]
"""Values by column."""


class OtherVersionError(sqlite3.DatabaseError):
    """The index has a table of another version of Distill."""


@dataclass(frozen=True)
class Table:
    """A table of the index: a row for each file.

    Attributes:
        name: Its name.
        columns: Names of its columns beside `file`, `mtime_ns`, `size` and `problem`.
        lookups: Columns that other rows are looked up by; several as `path, made`.
    """

    name: str
    columns: tuple[str, ...]
    lookups: tuple[str, ...] = ()

    @property
    def definition(self) -> str:
        """SQL that makes the table, as SQLite keeps it."""
        columns = ", ".join(self.columns)
        return (
            f"CREATE TABLE {self.name} "
            f"(file TEXT PRIMARY KEY, mtime_ns INTEGER, size INTEGER, problem TEXT, {columns})"
        )

    def statements(self) -> Iterable[str]:
        """SQL that makes the table and all that belongs to it."""
        yield self.definition
        for number, lookup in enumerate(("problem", *self.lookups)):
            yield f"CREATE INDEX {self.name}_{number} ON {self.name} ({lookup})"
        yield f"CREATE TABLE {self.name}_folders (folder TEXT PRIMARY KEY, mtime_ns INTEGER)"


class Index:
    """An open index with one table.

    Args:
        connection: To its database.
        table: The table.
    """

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self.connection = connection
        self.table = table

    def update(self, files: Mapping[str, Stamp], read: Callable[[str], Row]) -> None:
        """Bring the table up to date.

        Args:
            files: Stamps of all files, by name.
            read: Gives the row of a file, with `problem` where it cannot be used.
        """
        rows = self.connection.execute(f"SELECT file, mtime_ns, size FROM {self.table.name}")
        stamps = {file: (mtime_ns, size) for file, mtime_ns, size in rows}
        # Most listings end here: one comparison in place of one for each file.
        if stamps == files:
            return
        change = self._change(stamps, files, read)
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self._apply(change)

    def update_folders(
        self,
        folders: Mapping[str, int],
        files_of: Callable[[str], Mapping[str, Stamp]],
        read: Callable[[str], Row],
    ) -> None:
        """Bring the table up to date with files that are replaced, never written in place.

        Replacing a file changes the time of its folder, so that only folders that changed have to
        be looked through.

        Args:
            folders: Time of the last change of each folder (ns), by its name.
            files_of: Gives the stamps of the files of a folder, by `folder/file`.
            read: Gives the row of a file.
        """
        name = f"{self.table.name}_folders"
        earlier = dict(self.connection.execute(f"SELECT folder, mtime_ns FROM {name}").fetchall())
        if earlier == folders:
            return
        names = [folder for folder, stamp in folders.items() if earlier.get(folder) != stamp]
        absent = earlier.keys() - folders.keys()
        # Read before the transaction: it should be short.
        changes = [self._change_of_folder(folder, files_of(folder), read) for folder in names]
        changes += [self._change_of_folder(folder, {}, read) for folder in absent]
        stamps = [(folder, _certain(folders[folder])) for folder in names]
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            for change in changes:
                self._apply(change)
            self.connection.executemany(
                f"DELETE FROM {name} WHERE folder = ?", [(folder,) for folder in absent]
            )
            self.connection.executemany(f"INSERT OR REPLACE INTO {name} VALUES (?, ?)", stamps)

    def _change_of_folder(
        self, folder: str, files: Mapping[str, Stamp], read: Callable[[str], Row]
    ) -> "_Change":
        rows = self.connection.execute(
            f"SELECT file, mtime_ns, size FROM {self.table.name} WHERE file > ? AND file < ?",
            # A slash comes before a zero: all names that begin with the folder and a slash.
            (f"{folder}/", f"{folder}0"),
        )
        earlier = {file: (mtime_ns, size) for file, mtime_ns, size in rows}
        return self._change(earlier, files, read)

    def _change(
        self,
        earlier: Mapping[str, Stamp],
        files: Mapping[str, Stamp],
        read: Callable[[str], Row],
    ) -> "_Change":
        """The difference between rows of the index and files."""
        names = [file for file, stamp in files.items() if earlier.get(file) != stamp]
        return _Change(
            absent=[(file,) for file in earlier.keys() - files.keys()],
            rows=[self._values(file, files[file], read(file)) for file in names],
        )

    def _apply(self, change: "_Change") -> None:
        name = self.table.name
        marks = ", ".join("?" * (4 + len(self.table.columns)))
        self.connection.executemany(f"DELETE FROM {name} WHERE file = ?", change.absent)
        self.connection.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", change.rows)

    def _values(self, file: str, stamp: Stamp, row: Row) -> list[Any]:
        mtime_ns, size = stamp
        values = [row.get(column) for column in ("problem", *self.table.columns)]
        return [sql_text(file), _certain(mtime_ns), size, *map(_sql_value, values)]

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(query, values).fetchall()


@dataclass(frozen=True)
class _Change:
    """Files that are gone, and rows of those that are new or changed."""

    absent: list[tuple[str]]
    rows: list[list[Any]]


def _certain(mtime_ns: int) -> int:
    """A time, or one that no file has if a later change could have the same."""
    return -1 if time.time_ns() - mtime_ns < RACY_NS else mtime_ns


def use_index(workspace: Workspace, table: Table, work: Callable[[Index], Result]) -> Result:
    """What `work` gives with an open index; it may be called again with a new one.

    Args:
        workspace: Its index, `Workspace.index`.
        table: The table that is needed.
        work: Brings it up to date, and asks it.
    """
    for _ in range(2):
        try:
            with closing(_open(str(workspace.index))) as connection:
                return work(Index(_prepare(connection, table), table))
        except sqlite3.DatabaseError as error:
            if not isinstance(error, OtherVersionError) and _code(error) not in DAMAGE:
                break
            _remove(workspace.index)
    with closing(_open(":memory:")) as connection:
        return work(Index(_prepare(connection, table), table))


def sql_text(text: str) -> str:
    """`text` as SQLite takes it: without halves of signs, as names of files may have them, and
    without a NUL, where its patterns end."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def like(words: str) -> str:
    """A pattern of SQL for texts that hold `words`, to be used with `ESCAPE '!'`."""
    for sign in "!%_":
        words = words.replace(sign, f"!{sign}")
    return f"%{words}%"


def _open(path: str) -> sqlite3.Connection:
    # Transactions are begun by hand.
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        # Readers and a writer do not wait for one another.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, table: Table) -> sqlite3.Connection:
    """The connection, with the table in it. `OtherVersionError` if there is another of its name."""
    if _has_table(connection, table):
        return connection
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made it meanwhile.
        if not _has_table(connection, table):
            for statement in table.statements():
                connection.execute(statement)
    return connection


def _has_table(connection: sqlite3.Connection, table: Table) -> bool:
    """Whether there is the table. `OtherVersionError` for one of another version."""
    query = "SELECT sql FROM sqlite_master WHERE name = ?"
    row = connection.execute(query, (table.name,)).fetchone()
    if row is not None and row[0] != table.definition:
        raise OtherVersionError("a table of another version")
    return row is not None


def _code(error: sqlite3.DatabaseError) -> int:
    """The kind of an error; its upper bytes say more."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _remove(path: Path) -> None:
    """Remove a damaged index, with what SQLite keeps beside it."""
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(OSError):
            name.unlink()


def _sql_value(value: Any) -> Any:
    if isinstance(value, str):
        return sql_text(value)
    # Whole numbers beyond 64 bits, as a damaged record may have.
    if type(value) is int and value.bit_length() > 63:
        return None
    return value if isinstance(value, int | float | bytes) else None
