"""The codes file: a sound as the codec's indices, in JSON that people and scripts can edit.

One object: marker, version, what is needed to hear the codes again, and `codes`, a row per code frame. A name
that ends in `.json.gz` is written compressed; reading looks at the contents, not at the name.
"""

import gzip
import io
import json
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from distill.errors import CodesFileError
from distill.files import replace_atomically

FORMAT = "distill.codes"
VERSION = 1
GZIP_HEAD = b"\x1f\x8b"

# About five hours at 50 frames/s and 8 levels: a compressed file may not grow into more than this.
LARGEST_TEXT = 64 << 20
LARGEST_GAIN = 1e6
LARGEST_WIDTH = 1e3
LARGEST_CODEBOOK = 1 << 20
LARGEST_RATE = 1_000_000

OPTIONAL = {"width": 1.0}
"""Entries that the first codes files lack."""


def level_names(num_quantizers: int) -> tuple[str, ...]:
    """What the levels of a codec are called, from the coarsest to the finest. `ValueError` for none."""
    if num_quantizers < 1:
        raise ValueError("a codec has at least one level")
    few = {
        1: ("Structure",),
        2: ("Structure", "Detail"),
        3: ("Structure", "Timbre", "Detail"),
        4: ("Structure", "Timbre", "Texture", "Detail"),
    }
    many = ("Structure", "Timbre", "Texture", *(f"Detail {i}" for i in range(1, num_quantizers - 2)))
    return few.get(num_quantizers, many)


@dataclass(frozen=True, eq=False)
class Codes:
    """A sound as codes `[T, Q]` (frames, levels), with what it takes to decode them.

    `frame_rate` is in Hz, `gain` the linear factor that decoding applies, `n_samples` the length of the sound
    at `sample_rate`: `T` is that many samples in whole frames. In stereo the difference of left and right is
    multiplied by `width`: 0 is mono in both. `ValueError` says what does not fit together.
    """

    codes: np.ndarray
    codebook_size: int
    codebook_hash: str
    model_id: str
    frame_rate: float
    level_names: tuple[str, ...]
    gain: float
    n_samples: int
    sample_rate: int
    channels: int
    source: str
    width: float = 1.0

    def __post_init__(self) -> None:
        _check_scalars(self)
        _check_codes(self)
        _check_length(self)


# --- what fits together -------------------------------------------------------------------------------------


def _check_scalars(codes: Codes) -> None:
    largest = {
        "codebook_size": LARGEST_CODEBOOK,
        "n_samples": 1 << 40,
        "sample_rate": LARGEST_RATE,
        "channels": 256,
    }
    for name, most in largest.items():
        value = getattr(codes, name)
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"'{name}' must be a whole number from 1 to {most:,}")
    for name in ("codebook_hash", "model_id", "source"):
        if type(getattr(codes, name)) is not str:
            raise ValueError(f"'{name}' must be text")
    # Comparing is enough: NaN fails every comparison, and infinity is above the limit.
    if type(codes.gain) not in (int, float) or not 0 < codes.gain <= LARGEST_GAIN:
        raise ValueError(f"'gain' must be a number above 0 and up to {LARGEST_GAIN:g}")
    if type(codes.width) not in (int, float) or not 0 <= codes.width <= LARGEST_WIDTH:
        raise ValueError(f"'width' must be a number from 0 to {LARGEST_WIDTH:g}")
    if type(codes.frame_rate) not in (int, float) or not 1 <= codes.frame_rate <= codes.sample_rate:
        raise ValueError("'frame_rate' must be a number from 1 to the sample rate")


def _check_codes(codes: Codes) -> None:
    grid = codes.codes
    if not isinstance(grid, np.ndarray) or grid.ndim != 2 or grid.dtype.kind not in "iu":
        raise ValueError("'codes' must be whole numbers in rows of equal length")
    if grid.size == 0:
        raise ValueError("'codes' must have at least one row and one level")
    if grid.min() < 0 or grid.max() >= codes.codebook_size:
        raise ValueError(f"'codes' must lie between 0 and {codes.codebook_size - 1}")
    names = codes.level_names
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise ValueError("'level_names' must be a list of names")
    if len(names) != grid.shape[1]:
        raise ValueError(f"there are {len(names)} 'level_names' for {grid.shape[1]} levels of 'codes'")


def _check_length(codes: Codes) -> None:
    exact_hop = codes.sample_rate / codes.frame_rate
    hop = round(exact_hop)
    if abs(exact_hop - hop) > 1e-6 * hop:
        raise ValueError("'frame_rate' must divide 'sample_rate'")
    needed = -(-codes.n_samples // hop)
    if needed != len(codes.codes):
        raise ValueError(f"'n_samples' takes {needed} rows of 'codes', but there are {len(codes.codes)}")


# --- writing ------------------------------------------------------------------------------------------------


def save_codes(path: str | Path, codes: Codes) -> Path:
    """Write `codes` to `path` (compressed if it ends in `.json.gz`), wholly or not at all; returns the path.

    `OutputError` if the file cannot be written, `CodesFileError` if it would be too long to be read again.
    """
    path = Path(path)
    content = _to_text(codes).encode("ascii")
    if len(content) > LARGEST_TEXT:
        raise CodesFileError(f"{path} would be too long for one codes file: encode the sound in parts.")
    if path.name.lower().endswith(".json.gz"):
        # No time stamp: the same codes make the same file.
        content = gzip.compress(content, mtime=0)
    with replace_atomically(path) as file:
        file.write(content)
    return path


def _to_text(codes: Codes) -> str:
    header = {"format": FORMAT, "version": VERSION}
    header |= {field.name: getattr(codes, field.name) for field in fields(codes) if field.name != "codes"}
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in codes.codes.tolist())
    return f'{json.dumps(header)[:-1]},\n"codes": [\n{rows}\n]}}\n'


# --- reading ------------------------------------------------------------------------------------------------


def load_codes(path: str | Path) -> Codes:
    """The codes in the file at `path`; `CodesFileError` says what is wrong with it."""
    path = Path(path)
    table = _parse(path, _read_text(path))
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise CodesFileError(f"{path} is not a codes file: choose one that 'distill encode' made.")
    _check_version(path, table.get("version"))
    table = OPTIONAL | table
    names = [field.name for field in fields(Codes)]
    for name in names:
        if name not in table:
            raise _wrong(path, f"it lacks the entry '{name}'")
    try:
        return Codes(**{name: table[name] for name in names} | _typed(table))
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _wrong(path: Path, why: str) -> CodesFileError:
    return CodesFileError(f"{path} cannot be used ({why}): encode the sound again, or undo the last edit.")


def _read_text(path: Path) -> bytes:
    try:
        if not path.exists():
            raise CodesFileError(f"There is no codes file at {path}: check the name and the folder.")
        if not path.is_file():
            raise CodesFileError(f"{path} is not a file: name the codes file itself.")
        with path.open("rb") as file:
            raw = file.read(LARGEST_TEXT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CodesFileError(f"{path} cannot be read ({reason}): check the name and its permissions.") from error
    text = _decompress(path, raw) if raw.startswith(GZIP_HEAD) else raw
    if len(text) > LARGEST_TEXT:
        raise _wrong(path, "it is longer than any codes file")
    return text


def _decompress(path: Path, raw: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            return file.read(LARGEST_TEXT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _wrong(path, "it is cut short or damaged") from error


def _parse(path: Path, text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CodesFileError(
            f"{path} is not a codes file, or it is cut short: it is no JSON. Encode the sound again."
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
    """The two entries that JSON has no type for; `ValueError` for what cannot be one."""
    rows, names = table["codes"], table["level_names"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("'codes' must be a list of rows")
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the rows of 'codes' are not of equal length")
    # Before numpy sees them: it would round fractions, take true for 1, and choke on numbers beyond 64 bits.
    if any(type(code) is not int or not 0 <= code < LARGEST_CODEBOOK for row in rows for code in row):
        raise ValueError("'codes' must be whole numbers from 0 to the codebook's last")
    grid = np.array(rows, dtype=np.int64).reshape(len(rows), len(rows[0]) if rows else 0)
    return {"codes": grid, "level_names": tuple(names) if isinstance(names, list) else names}
