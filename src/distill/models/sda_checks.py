"""Checks on reading a `.sda` file that need no numbers of tensors. Free of torch."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distill.errors import (
    MissingKeyError,
    ModelFileError,
    ModelVersionError,
    NotAModelError,
    TruncatedModelError,
    UnsafeModelError,
)
from distill.models.archive_records import (
    DamagedArchiveError,
    NoArchiveError,
    UnsafeArchiveError,
    is_regular,
)

FORMAT = "distill.sda"
"""Marker of the format."""

VERSION = 2
"""Version of the format; others are refused by name."""

MOST_BITS = 64
"""Most bits of a whole number in a file."""

SCALARS = (str, int, float, bool, type(None))

REQUIRED_TABLES = ("vqvae_config", "state_dict", "metadata")
PRIOR_TABLES = ("prior_state_dict", "prior_config", "prior_metadata")


@contextmanager
def model_errors(path: Path) -> Iterator[None]:
    """While inside, errors of reading the archive at `path` become those of model files."""
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
        yield
    except ModelFileError as error:
        # Else the error would keep the file mapped for as long as it lives.
        traceback.clear_frames(error.__traceback__)
        raise
    except NoArchiveError as error:
        raise NotAModelError(
            f"{path} is not a Distill model: choose a .sda file that 'distill train' made."
        ) from error
    except UnsafeArchiveError as error:
        raise unsafe(path, str(error)) from error
    except DamagedArchiveError as error:
        raise damage_error(path, str(error)) from error
    except FileNotFoundError as error:
        raise ModelFileError(
            f"There is no model file at {path}: check the name and the folder."
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def unsafe(path: Path, finding: str) -> UnsafeModelError:
    """The error for a file that holds more than plain data."""
    return UnsafeModelError(
        f"{path} is not safe to open: it holds {finding}, "
        "and a Distill model holds numbers and text only."
    )


def damage_error(path: Path, reason: str) -> TruncatedModelError:
    """The error for a file that is not whole."""
    return TruncatedModelError(
        f"{path} is cut short or damaged ({reason}): use another copy of it, or train again."
    )


def _unreadable(path: Path, error: Exception) -> ModelFileError:
    reason = getattr(error, "strerror", None) or error
    return ModelFileError(f"{path} cannot be read ({reason}): check the name and its permissions.")


def check_plain(path: Path, contents: Any, tensor: type[Any]) -> None:
    """Refuse contents that are not plain, or claim more than the file holds.

    Args:
        path: The file.
        contents: What was read of it.
        tensor: The type of tensors, which have `nbytes`.
    """
    waiting = [contents]
    claimed_bytes = 0
    while waiting:
        value = waiting.pop()
        if type(value) is tensor:
            claimed_bytes += value.nbytes
        elif type(value) is dict and all(type(key) is str for key in value):
            waiting += value.values()
        elif type(value) is list:
            waiting += value
        elif type(value) not in SCALARS:
            raise unsafe(path, f"an object of type {type(value).__name__}")
        elif type(value) is int and value.bit_length() > MOST_BITS:
            raise damage_error(path, f"a whole number in it has more than {MOST_BITS} bits")
    if claimed_bytes > path.stat().st_size:
        raise damage_error(path, "its weights claim more than the file holds")


def check_marker(path: Path, contents: Any) -> None:
    """Raise unless the file carries the mark and the version of a model file."""
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


def check_tables(path: Path, contents: dict[str, Any]) -> None:
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
