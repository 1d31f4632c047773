"""Reading the zip archives that `torch.save` writes, without trust and without torch's reader.

Every record that is used has its checksum compared, which torch leaves out. The pickle is read by
`inert_pickle`, so that no bytes of a file decide which code runs.
"""

import os
import pickle
import stat
import struct
import traceback
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.models.inert_pickle import (
    LONGEST_PICKLE,
    OversizedTensorError,
    UnsafePickleError,
    read_pickle,
)

ZIP_HEAD = b"PK\x03\x04"
"""First bytes of a zip archive."""

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time to compute a checksum: 1 MiB."""

# Bytes of a record's own header before its name, and where the lengths of name and extras stand.
_LOCAL_HEADER_BYTES = 30
_LENGTHS_AT = 26

# Errors of zipfile, and of the reader of pickles, when bytes are missing or altered.
DAMAGE = (
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
    Warning,  # where warnings are made errors
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
)


class ArchiveError(Exception):
    """Base of what is wrong with an archive; the message is the reason, as part of a sentence."""


class NoArchiveError(ArchiveError):
    """The file is no zip archive, or none that torch wrote."""


class DamagedArchiveError(ArchiveError):
    """The archive is cut short or altered."""


class UnsafeArchiveError(ArchiveError):
    """The archive holds more than plain data; the message says what, as a noun."""


class Archive(NamedTuple):
    """What an archive holds, and the length of its pickle in bytes."""

    contents: Any
    pickle_bytes: int


def read_archive(path: Path, every_record: bool = True, mapped: bool = False) -> Archive:
    """Read an archive that `torch.save` wrote.

    Args:
        path: The file.
        every_record: Whether to compare the checksums of tensors too. Without, reading a mapped
            file takes the same short time for any size.
        mapped: Whether tensors stay in the file, mapped into memory, in place of copies. Drop them
            before the file is replaced.

    Raises:
        ArchiveError: One of its subclasses, with the reason.
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(len(ZIP_HEAD))
        if not ZIP_HEAD.startswith(head) and not zipfile.is_zipfile(file):
            raise NoArchiveError("no zip archive")
        try:
            with zipfile.ZipFile(file) as archive:
                return _read(file, archive, every_record, mapped)
        except (UnsafePickleError, *DAMAGE) as error:
            # Else the error would keep the file mapped for as long as it lives.
            traceback.clear_frames(error.__traceback__)
            raise _archive_error(error) from error


def _archive_error(error: Exception) -> ArchiveError:
    """The error for one that was met while reading."""
    if isinstance(error, UnsafePickleError):
        return UnsafeArchiveError(str(error))
    if isinstance(error, OversizedTensorError):
        return DamagedArchiveError("its weights claim more than the file holds")
    return DamagedArchiveError("its contents do not add up")


def is_regular(path: Path) -> bool:
    """Whether `path` is a file, not a folder or a device. `OSError` if there is nothing."""
    return stat.S_ISREG(path.stat().st_mode)


def _read(file: IO[bytes], archive: zipfile.ZipFile, every_record: bool, mapped: bool) -> Archive:
    records = archive.infolist()
    pickles = [record for record in records if _is_pickle(record)]
    file_bytes = os.fstat(file.fileno()).st_size
    _check_record_list(records, pickles, file_bytes)
    (main,) = pickles
    if main.file_size > LONGEST_PICKLE:
        raise UnsafeArchiveError("more entries than a model has")
    pickle_bytes = archive.read(main)
    if mapped and every_record:
        for record in records:
            _check_record(archive, record)

    root = main.filename.partition("/")[0]
    by_name = {record.filename: record for record in records}
    whole = _map(file, file_bytes) if mapped else None

    def read_storage(key: str, n_bytes: int) -> Tensor:
        record = by_name[f"{root}/data/{key}"]
        if record.file_size != n_bytes:
            raise ValueError("a tensor is longer or shorter than its record")
        if whole is None:
            return _copy_record(archive, record)
        start = _record_start(file, record)
        if start + n_bytes > file_bytes:
            raise ValueError("a tensor lies beyond the end of the file")
        return whole[start : start + n_bytes]

    return Archive(read_pickle(pickle_bytes, read_storage), main.file_size)


def _map(file: IO[bytes], n_bytes: int) -> Tensor:
    """The bytes of an open file, mapped into memory; changes of them stay in memory."""
    return torch.from_numpy(np.memmap(file, np.uint8, mode="c", shape=(n_bytes,)))


def _is_pickle(record: zipfile.ZipInfo) -> bool:
    return record.filename.count("/") == 1 and record.filename.endswith("/data.pkl")


def _check_record_list(
    records: list[zipfile.ZipInfo], pickles: list[zipfile.ZipInfo], file_bytes: int
) -> None:
    if any(record.filename.endswith("/constants.pkl") for record in records):
        raise UnsafeArchiveError("a program")
    if len(pickles) != 1:
        raise NoArchiveError("a zip archive of another kind")
    for record in records:
        # Torch stores, never deflates: a record that would grow when read is not torch's.
        is_stored = record.compress_type == zipfile.ZIP_STORED
        if not is_stored or record.compress_size != record.file_size:
            raise DamagedArchiveError("its contents do not add up")
    if sum(record.file_size for record in records) > file_bytes:
        raise DamagedArchiveError("it claims to hold more than it does")


def _check_record(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    """Read a record to its end, so that zipfile compares its checksum."""
    with archive.open(record) as stream:
        while stream.read(BLOCK_BYTES):
            pass


def _copy_record(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> Tensor:
    """The bytes of a record in memory of their own, once their checksum is right."""
    copy = torch.empty(record.file_size, dtype=torch.uint8)
    target = copy.numpy()
    position = 0
    with archive.open(record) as stream:
        while block := stream.read(BLOCK_BYTES):
            target[position : position + len(block)] = np.frombuffer(block, np.uint8)
            position += len(block)
    return copy


def _record_start(file: IO[bytes], record: zipfile.ZipInfo) -> int:
    """Where the bytes of a record begin in the file."""
    file.seek(record.header_offset + _LENGTHS_AT)
    name_bytes, extra_bytes = struct.unpack("<HH", file.read(4))
    start: int = record.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    return start
