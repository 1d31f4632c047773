"""The `.sda` file format: written whole, read without trust.

One `torch.save` zip of tensors, numbers, strings, lists and dicts. Reading checks, in this order:

1. the archive is sound: every record has its checksum;
2. nothing in it could run code: `inert_pickle` reads it, not torch;
3. no tensor claims more than the file holds;
4. marker, version and required entries are there.

The meaning of weights and settings is checked in `rebuild` and `persistence`.
"""

import io
import os
import traceback
from pathlib import Path
from typing import Any

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
from distill.models.inert_pickle import DEEPEST
from distill.models.torch_archive import (
    DamagedArchiveError,
    NoArchiveError,
    UnsafeArchiveError,
    is_regular,
    read_archive,
)

FORMAT = "distill.sda"
"""Marker of the format."""

VERSION = 2
"""Version of the format; others are refused by name."""

REQUIRED_TABLES = ("vqvae_config", "state_dict", "metadata")
PRIOR_TABLES = ("prior_state_dict", "prior_config", "prior_metadata")
WEIGHTS = ("state_dict", "prior_state_dict")

MOST_READINGS = 5
"""Most attempts at a file that is replaced while it is read."""

MOST_BITS = 64
"""Most bits of a whole number in a file."""

SCALARS = (str, int, float, bool, type(None))


# --- plain contents -------------------------------------------------------------------------------


def plain_copy(value: Any, where: str, depth: int = 0) -> Any:
    """Copy a value to one that a model file can hold, sharing no memory with it.

    Args:
        value: A tensor, number (of 64 bits), string, bool, None, list or dict with text keys.
            Tensors are copied to the CPU, and are contiguous.
        where: Name of the value, for messages.
        depth: Level of the value within entries.

    Raises:
        TypeError: If the value, or one inside it, is of another type or more than `DEEPEST` levels
            down; names its place.
    """
    if depth <= DEEPEST:
        if isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized:
            return value.detach().cpu().clone(memory_format=torch.contiguous_format)
        if type(value) is str:
            # Names of files from other systems may hold lone surrogates, which do not read back.
            return value.encode("utf-8", "backslashreplace").decode()
        if type(value) in SCALARS and not (type(value) is int and value.bit_length() > MOST_BITS):
            return value
        if type(value) is list:
            items = enumerate(value)
            return [plain_copy(item, f"{where}[{index}]", depth + 1) for index, item in items]
        if isinstance(value, dict) and all(type(key) is str for key in value):
            copy = {}
            for key, item in value.items():
                copy[key] = plain_copy(item, f"{where}[{key!r}]", depth + 1)
            return copy
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise TypeError(
        f"{where} is a {kind}, but a model file holds tensors, numbers, strings, booleans, None, "
        "lists and dictionaries with text keys only"
    )


def _check_inert(path: Path, contents: Any) -> None:
    """Refuse contents that are not plain, or claim more than the file holds."""
    waiting = [contents]
    claimed_bytes = 0
    while waiting:
        value = waiting.pop()
        if type(value) is Tensor:
            claimed_bytes += value.numel() * value.element_size()
        elif type(value) is dict and all(type(key) is str for key in value):
            waiting += value.values()
        elif type(value) is list:
            waiting += value
        elif type(value) not in SCALARS:
            raise _unsafe(path, f"an object of type {type(value).__name__}")
        elif type(value) is int and value.bit_length() > MOST_BITS:
            raise _damaged(path, f"a whole number in it has more than {MOST_BITS} bits")
    if claimed_bytes > path.stat().st_size:
        raise _damaged(path, "its weights claim more than the file holds")


def _unsafe(path: Path, finding: str) -> UnsafeModelError:
    return UnsafeModelError(
        f"{path} is not safe to open: it holds {finding}, "
        "and a Distill model holds numbers and text only."
    )


def _damaged(path: Path, reason: str) -> TruncatedModelError:
    return TruncatedModelError(
        f"{path} is cut short or damaged ({reason}): use another copy of it, or train again."
    )


# --- reading --------------------------------------------------------------------------------------


def read_contents(path: Path, weights: bool = True) -> dict[str, Any]:
    """Read all entries of a model file. Tensors are memory-mapped: drop them before replacing it.

    Args:
        path: The file.
        weights: Whether to check the records of tensors too. Without, reading takes the same short
            time for any size.

    Raises:
        ModelFileError: One of its subclasses, saying why the file cannot be used.
    """
    # A file may be replaced at any time: the entries must come from one and the same file.
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
    """Numbers that change when the file at `path` is replaced; empty if there is no file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read_once(path: Path, weights: bool) -> dict[str, Any]:
    """`read_contents` of a file that is not replaced meanwhile: it is opened more than once."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise ModelFileError(
            f"{name} cannot be opened under this name: rename it, in plain letters."
        ) from error
    try:
        if not is_regular(path):
            raise ModelFileError(f"{path} is not a file: name the .sda file itself.")
        return _read_checked(path, weights)
    except ModelFileError as error:
        # Else the error would keep the file mapped for as long as it lives.
        traceback.clear_frames(error.__traceback__)
        raise
    except NoArchiveError as error:
        raise NotAModelError(
            f"{path} is not a Distill model: choose a .sda file that 'distill train' made."
        ) from error
    except UnsafeArchiveError as error:
        raise _unsafe(path, str(error)) from error
    except DamagedArchiveError as error:
        raise _damaged(path, str(error)) from error
    except FileNotFoundError as error:
        raise ModelFileError(
            f"There is no model file at {path}: check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _read_checked(path: Path, weights: bool) -> dict[str, Any]:
    """The entries of a model file, once its marker, its values and its tables are right."""
    contents = read_archive(path, every_record=weights, mapped=True).contents
    _check_marker(path, contents)
    _check_inert(path, contents)
    _check_tables(path, contents)
    return dict(contents)


def _unreadable(path: Path, error: Exception) -> ModelFileError:
    reason = getattr(error, "strerror", None) or error
    return ModelFileError(f"{path} cannot be read ({reason}): check the name and its permissions.")


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
    """Raise unless the required tables are there, and those of a prior if there is one."""
    has_prior = contents.get("has_prior") is True
    tables = REQUIRED_TABLES + (PRIOR_TABLES if has_prior else ())
    for key in tables:
        if not isinstance(contents.get(key), dict):
            raise _missing(path, key)


def _missing(path: Path, key: str) -> MissingKeyError:
    return MissingKeyError(
        f"{path} lacks the entry '{key}': use another copy of it, or train again."
    )


def require(path: Path, table: str, entries: dict[str, Any], keys: tuple[str, ...]) -> None:
    """Raise `MissingKeyError` for the first of `keys` that `entries` of the `table` lack."""
    for key in keys:
        if key not in entries:
            raise _missing(path, f"{table}.{key}")


# --- writing --------------------------------------------------------------------------------------


def write_contents(path: Path, contents: dict[str, Any]) -> None:
    """Write `contents`, made by `plain_copy`, to a model file, whole or not at all.

    Raises:
        OutputError: If the file cannot be written; an earlier one then stays.
    """
    save_tensors(path, contents)


def save_tensors(path: Path, contents: dict[str, Any]) -> None:
    """`torch.save` to `path`, whole or not at all; raises as `write_contents`."""
    # Through memory: torch's own writer hides the reason when the disk is full.
    buffer = io.BytesIO()
    torch.save(contents, buffer)
    with replace_atomically(path) as file:
        file.write(buffer.getbuffer())
