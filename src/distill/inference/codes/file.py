"""The codes file: a sound as the codec's indices, in JSON that people and scripts can edit.

One object: marker, version, what is needed to hear the codes again, and `codes`, a row per code
frame. A name that ends in `.json.gz` is written compressed; reading looks at the contents, not at
the name.
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
from distill.files import replace_atomically
from distill.inference.codes.bounded_json import MOST_NUMBERS, read_table
from distill.inference.codes.grid import CodeGrid

FORMAT = "distill.codes"
VERSION = 1
GZIP_HEAD = b"\x1f\x8b"

# About five hours at 50 frames/s and 8 levels of large codebooks: a compressed file may not grow
# into more than this.
LARGEST_TEXT = 64 << 20

LISTS = ("codes", "locked", "seams")
NAMES = ("format", "version", *(field.name for field in fields(CodeGrid)))

OPTIONAL: dict[str, Any] = {"width": 1.0, "locked": [], "seams": []}
"""Entries that the first codes files lack."""


# --- writing --------------------------------------------------------------------------------------


def save_codes(path: str | Path, codes: CodeGrid) -> Path:
    """Write `codes` to `path` (compressed if it ends in `.json.gz`), wholly or not at all; returns
    the path.

    `OutputError` if the file cannot be written, `CodesFileError` if it would be too long to be read
    again.
    """
    path = Path(path)
    content = _to_text(codes).encode("ascii")
    if len(content) > LARGEST_TEXT or codes.codes.size > MOST_NUMBERS:
        raise CodesFileError(
            f"{path} would be too long for one codes file: encode the sound in parts."
        )
    if path.name.lower().endswith(".json.gz"):
        # No time stamp: the same codes make the same file.
        content = gzip.compress(content, mtime=0)
    with replace_atomically(path) as file:
        file.write(content)
    return path


def _to_text(codes: CodeGrid) -> str:
    header = {"format": FORMAT, "version": VERSION}
    header |= {
        field.name: getattr(codes, field.name) for field in fields(codes) if field.name != "codes"
    }
    header["locked"] = _to_spans(codes.locked)
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in codes.codes.tolist())
    return f'{json.dumps(header)[:-1]},\n"codes": [\n{rows}\n]}}\n'


def _to_spans(locked: np.ndarray | None) -> list[list[int]]:
    """What is locked as [level, first frame, frame after the last], levels counted from 1 as people
    do."""
    if locked is None:
        return []
    edges = np.diff(np.pad(locked.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    begins, ends = (np.argwhere(edges == step).tolist() for step in (1, -1))
    return [
        [level + 1, first, stop] for (level, first), (_, stop) in zip(begins, ends, strict=True)
    ]


# --- reading --------------------------------------------------------------------------------------


def load_codes(path: str | Path) -> CodeGrid:
    """The codes in the file at `path`; `CodesFileError` says what is wrong with it."""
    path = Path(path)
    table = _parse(path, _read_text(path))
    if table.get("format") != FORMAT:
        raise CodesFileError(f"{path} is not a codes file: choose one that 'distill encode' made.")
    _check_version(path, table.get("version"))
    table = OPTIONAL | table
    names = [field.name for field in fields(CodeGrid)]
    for name in names:
        if name not in table:
            raise _wrong(path, f"it lacks the entry '{name}'")
    try:
        return CodeGrid(**{name: table[name] for name in names} | _typed(table))
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, why: str) -> CodesFileError:
    return CodesFileError(
        f"{path} cannot be used ({why}): encode the sound again, or undo the last edit."
    )


def _read_text(path: Path) -> bytes:
    try:
        if not path.exists():
            raise CodesFileError(
                f"There is no codes file at {path}: check the name and the folder."
            )
        if not path.is_file():
            raise CodesFileError(f"{path} is not a file: name the codes file itself.")
        with path.open("rb") as file:
            raw = _all_of(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CodesFileError(
            f"{path} cannot be read ({reason}): check the name and its permissions."
        ) from error
    text = _decompress(path, raw) if raw.startswith(GZIP_HEAD) else raw
    if len(text) > LARGEST_TEXT:
        raise _wrong(path, "it is longer than any codes file")
    return text


def _all_of(file: BinaryIO | gzip.GzipFile) -> bytes:
    """What is in `file`, or so much of it that it is too much: without room for that beforehand."""
    content = bytearray()
    while len(content) <= LARGEST_TEXT and (piece := file.read(1 << 20)):
        content += piece
    return bytes(content)


def _decompress(path: Path, raw: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            return _all_of(file)
    except (OSError, EOFError, zlib.error) as error:
        raise _wrong(path, "it is cut short or damaged") from error


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        return read_table(text.decode("utf-8-sig"), NAMES, LISTS)
    except (ValueError, RecursionError) as error:
        raise CodesFileError(
            f"{path} is not a codes file, or it is cut short or far too long: choose one that 'distill encode' made."
        ) from error


def _check_version(path: Path, version: Any) -> None:
    if type(version) is int and version > VERSION:
        raise CodesFileError(
            f"{path} was written by a newer Distill (codes version {str(version)[:9]}, "
            f"this one reads {VERSION}): update Distill."
        )
    if type(version) is not int or version != VERSION:
        raise _wrong(path, "its version is missing or unknown")


def _typed(table: dict[str, Any]) -> dict[str, Any]:
    """The entries that JSON has no type for; `ValueError` for what cannot be one."""
    codes, names, seams = _grid(table["codes"]), table["level_names"], table["seams"]
    return {
        "codes": codes,
        "level_names": _tuple(names),
        "locked": _from_spans(table["locked"], *codes.shape),
        "seams": _tuple(seams.tolist() if isinstance(seams, np.ndarray) else seams),
    }


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _grid(rows: Any) -> np.ndarray:
    """`rows` as `[T, Q]`; `ValueError` says why they are none, which `read_table` has left as they
    were."""
    if isinstance(rows, np.ndarray) and rows.ndim == 2:
        return rows
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("'codes' must be a list of rows")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of 'codes' are not of equal length")
    if rows:
        raise ValueError("'codes' must be whole numbers from 0 to the codebook's last")
    return np.zeros((0, 0), np.int32)


def _from_spans(spans: Any, T: int, Q: int) -> np.ndarray:
    """The inverse of `_to_spans` for codes `[T, Q]`; `ValueError` for what lies outside them."""
    locked = np.zeros((T, Q), dtype=bool)
    if isinstance(spans, list) and not spans:
        return locked
    if not isinstance(spans, np.ndarray) or spans.shape[1:] != (3,):
        raise ValueError("'locked' must be a list of [level, from frame, to frame]")
    for level, first, stop in spans:
        if not (1 <= level <= Q and 0 <= first < stop <= T) or locked[first, level - 1]:
            raise ValueError("'locked' must lie within 'codes', each cell once")
        locked[first:stop, level - 1] = True
    return locked
