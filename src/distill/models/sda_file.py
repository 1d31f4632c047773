"""The `.sda` file format: written whole, read without trust.

One `torch.save` zip of tensors, numbers, strings, lists and dicts. Reading checks, in this order:

1. the archive is sound: every record has its checksum;
2. nothing in it could run code: `inert_pickle` reads it, not torch;
3. no tensor claims more than the file holds;
4. marker, version and required entries are there.

The meaning of weights and settings is checked in `rebuild` and `persistence`.
"""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distill.errors import ModelFileError
from distill.files import replace_atomically
from distill.models.inert_pickle import DEEPEST
from distill.models.sda_checks import (
    MOST_BITS,
    SCALARS,
    check_marker,
    check_plain,
    check_tables,
    model_errors,
)
from distill.models.torch_archive import read_archive

WEIGHTS = ("state_dict", "prior_state_dict")

MOST_READINGS = 5
"""Most attempts at a file that is replaced while it is read."""


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
    with model_errors(path):
        return _read_checked(path, weights)


def _read_checked(path: Path, weights: bool) -> dict[str, Any]:
    """The entries of a model file, once its marker, its values and its tables are right."""
    contents = read_archive(path, every_record=weights, is_mapped=True).contents
    check_marker(path, contents)
    check_plain(path, contents, Tensor)
    check_tables(path, contents)
    return dict(contents)


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
