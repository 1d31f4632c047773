"""The `.sda` file as it lies on disk: written whole, read without trust.

One `torch.save` zip of tensors, numbers, strings, lists and dicts. Reading checks, in this order,
that the archive is sound (every record against its checksum), that nothing in it could run code,
that no tensor claims more than the file holds, and that marker, version and required entries are
there. What the weights mean is not known here.
"""

import io
import os
import pickle
import stat
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from distill.errors import (
    MissingKeyError,
    ModelFileError,
    ModelVersionError,
    NotAModelError,
    TruncatedModelError,
    UnsafeModelError,
)
from distill.files import replace_atomically

FORMAT = "distill.sda"
VERSION = 2
REQUIRED_TABLES = ("vqvae_config", "state_dict", "metadata")
PRIOR_TABLES = ("prior_state_dict", "prior_config", "prior_metadata")
WEIGHTS = ("state_dict", "prior_state_dict")

ZIP_HEAD = b"PK\x03\x04"
BLOCK_BYTES = 1 << 20
MOST_READINGS = 5
"""A file that is replaced while it is read is read again."""
DEEPEST = 64
SCALARS = (str, int, float, bool, type(None))

# What zipfile, and torch on top of it, let escape when bytes are missing or altered.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    Warning,  # where warnings are made errors: torch warns of odd pickles
    struct.error,
    zipfile.BadZipFile,
)


# --- plain contents -------------------------------------------------------------------------------


def plain_copy(value: Any, where: str, depth: int = 0) -> Any:
    """Copy of `value` that a model file can hold, sharing no memory with it: tensors whole and on
    the CPU.

    `TypeError` names the place of anything that is no tensor, number (of 64 bits), string, bool,
    None, list or dict with text keys, or lies more than `DEEPEST` levels down.
    """
    if depth <= DEEPEST:
        if isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized:
            return value.detach().cpu().clone(memory_format=torch.contiguous_format)
        if type(value) is str:
            # Names of files from other systems may hold lone surrogates, which do not read back.
            return value.encode("utf-8", "backslashreplace").decode()
        if type(value) in SCALARS and not (type(value) is int and value.bit_length() > 64):
            return value
        if type(value) is list:
            return [plain_copy(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        if isinstance(value, dict) and all(type(key) is str for key in value):
            return {
                key: plain_copy(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()
            }
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise TypeError(
        f"{where} is a {kind}, but a model file holds tensors, numbers, strings, booleans, None, lists "
        "and dictionaries with text keys only"
    )


def _check_inert(path: Path, contents: Any, most: int) -> None:
    """Refuse all but plain contents of at most `most` nodes, and tensors larger than the file
    itself."""
    waiting, seen, claimed = [(contents, 0)], 0, 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        # A tree has fewer nodes than its pickle has bytes; lists inside themselves have no end.
        if seen > most or depth > DEEPEST:
            raise _unsafe(path, "entries within entries without end")
        if type(value) is Tensor and value.layout == torch.strided and value.device.type == "cpu":
            claimed += value.numel() * value.element_size()
        elif isinstance(value, dict) and all(type(key) is str for key in value):
            waiting += [(item, depth + 1) for item in value.values()]
        elif type(value) is list:
            waiting += [(item, depth + 1) for item in value]
        elif type(value) not in SCALARS:
            raise _unsafe(path, f"an object of type {type(value).__name__}")
    if claimed > path.stat().st_size:
        raise _damaged(path, "its weights claim more than the file holds")


def _unsafe(path: Path, what: str) -> UnsafeModelError:
    return UnsafeModelError(
        f"{path} is not safe to open: it holds {what}, and a Distill model holds numbers and text only."
    )


def _damaged(path: Path, why: str) -> TruncatedModelError:
    return TruncatedModelError(
        f"{path} is cut short or damaged ({why}): use another copy of it, or train again."
    )


# --- reading --------------------------------------------------------------------------------------


def read_contents(path: Path, weights: bool = True) -> dict[str, Any]:
    """All entries of the model file at `path`. Its tensors are mapped: drop them before the file is
    replaced.

    With `weights=False` the records that hold tensors are not checked, which takes the same short
    time for any size. Raises the `ModelFileError` that fits; shapes are not compared with the
    configuration.
    """
    for _ in range(MOST_READINGS - 1):
        before = _identity(path)
        try:
            contents = _read_once(path, weights)
        except ModelFileError:
            if _identity(path) == before:
                raise
        else:
            if _identity(path) == before:
                return contents
    return _read_once(path, weights)


def _identity(path: Path) -> tuple[int, ...]:
    """What is another once the file has been replaced; nothing where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read_once(path: Path, weights: bool) -> dict[str, Any]:
    """As `read_contents`, of a file that stays as it is: it is opened more than once."""
    most = _check_archive(path, weights)
    contents = _unpickle(path)
    try:
        _check_inert(path, contents, most)
    except OSError as error:
        raise _unreadable(path, error) from error
    _check_marker(path, contents)
    _check_tables(path, contents)
    return dict(contents)


def _check_archive(path: Path, every_record: bool) -> int:
    """Check the zip at `path`; returns the size of its pickle in bytes."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelFileError(f"{path} is not a file: name the .sda file itself.")
        with path.open("rb") as file:
            return _check_zip(path, file, every_record)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"There is no model file at {path}: check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ModelFileError:
    reason = getattr(error, "strerror", None) or error
    return ModelFileError(f"{path} cannot be read ({reason}): check the name and its permissions.")


def _check_zip(path: Path, file: IO[bytes], every_record: bool) -> int:
    head = file.read(len(ZIP_HEAD))
    if not ZIP_HEAD.startswith(head) and not zipfile.is_zipfile(file):
        raise NotAModelError(
            f"{path} is not a Distill model: choose a .sda file that 'distill train' made."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            records = archive.infolist()
            pickles = [record for record in records if _is_pickle(record)]
            _check_record_list(path, records, pickles)
            for record in records if every_record else pickles:
                _check_record(archive, record)
    except _DAMAGE as error:
        raise _damaged(path, "its contents do not add up") from error
    return pickles[0].file_size


def _is_pickle(record: zipfile.ZipInfo) -> bool:
    return record.filename.count("/") == 1 and record.filename.endswith("/data.pkl")


def _check_record_list(
    path: Path, records: list[zipfile.ZipInfo], pickles: list[zipfile.ZipInfo]
) -> None:
    if any(record.filename.endswith("/constants.pkl") for record in records):
        raise _unsafe(path, "a program")
    if len(pickles) != 1:
        raise NotAModelError(f"{path} is a zip, but not a Distill model: choose a .sda file.")
    # Torch stores, never deflates: a record that would grow when read is not torch's.
    if any(
        r.compress_type != zipfile.ZIP_STORED or r.compress_size != r.file_size for r in records
    ):
        raise _damaged(path, "its contents do not add up")
    if sum(r.file_size for r in records) > path.stat().st_size:
        raise _damaged(path, "it claims to hold more than it does")


def _check_record(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    """Read `record` through, so that zipfile compares its checksum: torch itself does not."""
    with archive.open(record) as stream:
        while stream.read(BLOCK_BYTES):
            pass


def _unpickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        # The checksums are right, so this is no accident: the pickle names something foreign.
        raise _unsafe(path, "objects that could run code") from error
    except UnicodeEncodeError as error:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise ModelFileError(
            f"{name} cannot be opened under this name: rename it, in plain letters."
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, "its contents do not make sense") from error


def _check_marker(path: Path, contents: Any) -> None:
    marker = contents.get("format") if isinstance(contents, dict) else None
    if not isinstance(marker, str) or marker != FORMAT:
        raise NotAModelError(
            f"{path} does not carry Distill's mark: choose a .sda file that 'distill train' made."
        )
    if "version" not in contents:
        raise _missing(path, "version")
    version = contents["version"]
    if type(version) is int and version > VERSION:
        raise ModelVersionError(
            f"{path} was written by a newer Distill (file version {str(version)[:9]}, "
            f"this one reads {VERSION}): update Distill."
        )
    if type(version) is not int or version != VERSION:
        raise ModelVersionError(
            f"{path} states a file version that no Distill writes: train the model again."
        )


def _check_tables(path: Path, contents: dict[str, Any]) -> None:
    has_prior = contents.get("has_prior") is True
    for key in REQUIRED_TABLES + (PRIOR_TABLES if has_prior else ()):
        if not isinstance(contents.get(key), dict):
            raise _missing(path, key)


def _missing(path: Path, key: str) -> MissingKeyError:
    return MissingKeyError(
        f"{path} lacks the entry '{key}': use another copy of it, or train again."
    )


def require(path: Path, table: str, entries: dict[str, Any], keys: tuple[str, ...]) -> None:
    """`MissingKeyError` for the first of `keys` that `entries`, the table named `table`, lacks."""
    for key in keys:
        if key not in entries:
            raise _missing(path, f"{table}.{key}")


# --- writing --------------------------------------------------------------------------------------


def write_contents(path: Path, contents: dict[str, Any]) -> None:
    """Put `contents` (from `plain_copy`) into the file at `path`, whole or not at all; else
    `OutputError`."""
    save_tensors(path, contents)


def save_tensors(path: Path, contents: dict[str, Any]) -> None:
    """`torch.save` to `path`, whole or not at all; else `OutputError`."""
    # Through memory: torch's own writer turns a full disk into an error that does not say so.
    buffer = io.BytesIO()
    torch.save(contents, buffer)
    with replace_atomically(path) as file:
        file.write(buffer.getbuffer())
