"""The codes file: a grid as JSON that people and scripts can read and edit.

One object: a marker, a version, the fields of `CodeGrid`, and `codes` with a row for each frame. A
name that ends in `.json.gz` is written compressed; reading goes by the contents, not by the name.
Every limit here bounds the memory that a damaged or hostile file may take. The format is described
in docs/formats.md.
"""

import gzip
import io
import json
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from distill.errors import CodesFileError
from distill.files import FilePath, replace_atomically
from distill.inference.codes.bounded_json import MOST_NUMBERS, read_object
from distill.inference.codes.grid import CodeGrid

FORMAT = "distill.codes"
VERSION = 1
GZIP_MAGIC = b"\x1f\x8b"

GZIP_LEVEL = 3
"""Six times as quick as the highest level, and files are 7 % larger (codes of an hour)."""

LARGEST_TEXT = 64 << 20
"""Bytes of JSON: five hours at 50 frames/s and 8 levels. A small compressed file may not grow into
more than this."""

READ_SIZE = 1 << 20
"""Bytes that are read at once."""

FIELDS = tuple(field.name for field in fields(CodeGrid))
NAMES = ("format", "version", *FIELDS)
LISTS = ("codes", "locked", "seams")
"""Entries that are lists of numbers, or rows of these."""

OPTIONAL: dict[str, Any] = {"width": 1.0, "locked": [], "seams": []}
"""Entries that the first codes files lack, with what they mean there."""


# --- writing --------------------------------------------------------------------------------------


def save_codes(path: FilePath, grid: CodeGrid) -> Path:
    """Write `grid` to `path`, whole or not at all; compressed if it ends in `.json.gz`.

    Returns:
        The path.

    Raises:
        OutputError: The file cannot be written.
        CodesFileError: The file would be too long to be read again.
    """
    path = Path(path)
    content = _to_text(grid).encode("ascii")
    if len(content) > LARGEST_TEXT or grid.codes.size > MOST_NUMBERS:
        raise CodesFileError(
            f"{path} would be too long for one codes file: encode the sound in parts."
        )
    if path.name.lower().endswith(".json.gz"):
        # Without a time stamp, so that the same codes make the same file.
        content = gzip.compress(content, GZIP_LEVEL, mtime=0)
    with replace_atomically(path) as file:
        file.write(content)
    return path


def _to_text(grid: CodeGrid) -> str:
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    header |= {name: getattr(grid, name) for name in FIELDS if name != "codes"}
    header["locked"] = _to_spans(grid.locked)
    # One row a line, so that a text editor and a diff show frames.
    rows = json.dumps(grid.codes.tolist(), separators=(",", ":")).replace("],[", "],\n[")
    return f'{json.dumps(header)[:-1]},\n"codes": [\n{rows[1:-1]}\n]}}\n'


def _to_spans(is_locked: np.ndarray | None) -> list[list[int]]:
    """Locked cells `[T, Q]` as spans `[level, first frame, frame after the last]`.

    Levels count from 1, as people count them.
    """
    if is_locked is None:
        return []
    # Along time, +1 where a span begins and -1 where one ends; sorted by level, then frame.
    changes = np.diff(np.pad(is_locked.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    begins = np.argwhere(changes == 1).tolist()
    ends = np.argwhere(changes == -1).tolist()
    return [
        [level + 1, first, stop] for (level, first), (_, stop) in zip(begins, ends, strict=True)
    ]


# --- reading --------------------------------------------------------------------------------------


def load_codes(path: FilePath) -> CodeGrid:
    """Read the codes file at `path`; `CodesFileError` names the fault in it."""
    path = Path(path)
    table = _parse(path, _read_text(path))
    if table.get("format") != FORMAT:
        raise CodesFileError(f"{path} is not a codes file: choose one that 'distill encode' made.")
    _check_version(path, table.get("version"))

    # Files of earlier versions first, so that what they lack is no error.
    table = OPTIONAL | table
    for name in FIELDS:
        if name not in table:
            raise _unusable(path, f"it lacks the entry '{name}'")
    # The grid checks types, ranges and shapes of whatever the file says.
    try:
        return CodeGrid(**{name: table[name] for name in FIELDS} | _typed_entries(table))
    except ValueError as error:
        raise _unusable(path, str(error)) from error


def _unusable(path: Path, why: str) -> CodesFileError:
    return CodesFileError(
        f"{path} cannot be used ({why}): encode the sound again, or undo the last edit."
    )


def _read_text(path: Path) -> bytes:
    """The JSON in the file, decompressed where it has to be."""
    try:
        if not path.exists():
            raise CodesFileError(
                f"There is no codes file at {path}: check the name and the folder."
            )
        if not path.is_file():
            raise CodesFileError(f"{path} is not a file: name the codes file itself.")
        with path.open("rb") as file:
            raw = _read_bounded(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CodesFileError(
            f"{path} cannot be read ({reason}): check the name and its permissions."
        ) from error

    text = _decompress(path, raw) if raw.startswith(GZIP_MAGIC) else raw
    if len(text) > LARGEST_TEXT:
        raise _unusable(path, "it is longer than any codes file")
    return text


def _read_bounded(file: BinaryIO | gzip.GzipFile) -> bytes:
    """The contents of `file`, or a little more than `LARGEST_TEXT` of them.

    `file.read(limit)` would reserve the limit first, so it is read in pieces.
    """
    content = bytearray()
    while len(content) <= LARGEST_TEXT:
        piece = file.read(READ_SIZE)
        if not piece:
            break
        content += piece
    return bytes(content)


def _decompress(path: Path, raw: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            return _read_bounded(file)
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, "it is cut short or damaged") from error


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        return read_object(text.decode("utf-8-sig"), NAMES, LISTS)
    except (ValueError, RecursionError) as error:
        raise CodesFileError(
            f"{path} is not a codes file, or it is cut short or far too long: "
            "choose one that 'distill encode' made."
        ) from error


def _check_version(path: Path, version: Any) -> None:
    if type(version) is int and version > VERSION:
        raise CodesFileError(
            f"{path} was written by a newer Distill (codes version {str(version)[:9]}, "
            f"this one reads {VERSION}): update Distill."
        )
    if type(version) is not int or version != VERSION:
        raise _unusable(path, "its version is missing or unknown")


def _typed_entries(table: dict[str, Any]) -> dict[str, Any]:
    """The entries that JSON has no type for; `ValueError` for one of another kind."""
    codes = _to_grid(table["codes"])
    seams = table["seams"]
    if isinstance(seams, np.ndarray):
        seams = seams.tolist()
    return {
        "codes": codes,
        "level_names": _to_tuple(table["level_names"]),
        "locked": _from_spans(table["locked"], *codes.shape),
        "seams": _to_tuple(seams),
    }


def _to_tuple(value: Any) -> Any:
    """A list as a tuple. Anything else stays, for the grid to refuse it by name."""
    return tuple(value) if isinstance(value, list) else value


def _to_grid(rows: Any) -> np.ndarray:
    """`rows` as an array `[T, Q]`; `ValueError` says why they are none.

    `read_object` has made an array of good rows and left others as they were.
    """
    if isinstance(rows, np.ndarray) and rows.ndim == 2:
        return rows
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("'codes' must be a list of rows")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of 'codes' are not of equal length")
    if rows:
        raise ValueError("'codes' must be whole numbers from 0 to the codebook's last")
    return np.zeros((0, 0), np.int32)


def _from_spans(
    spans: Any,
    T: int,
    Q: int,
) -> np.ndarray:
    """Locked cells `[T, Q]` from spans as `_to_spans` writes them.

    `ValueError` for spans outside the grid, and for cells that are locked twice.
    """
    # An empty list is no array of rows, so it is looked for by itself.
    is_locked = np.zeros((T, Q), dtype=bool)
    if isinstance(spans, list) and not spans:
        return is_locked
    if not isinstance(spans, np.ndarray) or spans.shape[1:] != (3,):
        raise ValueError("'locked' must be a list of [level, from frame, to frame]")
    for level, first, stop in spans:
        is_inside = 1 <= level <= Q and 0 <= first < stop <= T
        if not is_inside or is_locked[first, level - 1]:
            raise ValueError("'locked' must lie within 'codes', each cell once")
        is_locked[first:stop, level - 1] = True
    return is_locked
