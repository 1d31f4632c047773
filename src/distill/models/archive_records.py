"""The zip archives that `torch.save` writes, as lists of records. Free of torch.

Torch stores one pickle, `NAME/data.pkl`, and the numbers of each tensor, `NAME/data/KEY`.
"""

import os
import pickle
import stat
import struct
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from distill.models.inert_pickle import LONGEST_PICKLE, OversizedTensorError, UnsafePickleError

ZIP_HEAD = b"PK\x03\x04"
"""First bytes of a zip archive."""

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time to compute a checksum: 1 MiB."""

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


class Records(NamedTuple):
    """An open archive of torch, once its records add up.

    Attributes:
        file: The file.
        archive: The archive in it.
        pickle: Bytes of its pickle.
        by_name: Its records.
        root: The folder of all names.
    """

    file: IO[bytes]
    archive: zipfile.ZipFile
    pickle: bytes
    by_name: dict[str, zipfile.ZipInfo]
    root: str

    def storage(self, key: str, n_bytes: int) -> zipfile.ZipInfo:
        """The record of a storage of `n_bytes`. `ValueError` if it has another size."""
        record = self.by_name[f"{self.root}/data/{key}"]
        if record.file_size != n_bytes:
            raise ValueError("a tensor is longer or shorter than its record")
        return record

    def check_all(self) -> None:
        """Read all records to their ends, so that zipfile compares their checksums."""
        for record in self.by_name.values():
            with self.archive.open(record) as stream:
                while stream.read(BLOCK_BYTES):
                    pass


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """Open an archive that `torch.save` wrote.

    Raises:
        ArchiveError: It is none, or what is read of it inside is damaged or unsafe.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(len(ZIP_HEAD))
        if not ZIP_HEAD.startswith(head) and not zipfile.is_zipfile(file):
            raise NoArchiveError("no zip archive")
        try:
            with zipfile.ZipFile(file) as archive:
                yield _records(file, archive)
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


def _records(file: IO[bytes], archive: zipfile.ZipFile) -> Records:
    records = archive.infolist()
    pickles = [record for record in records if _is_pickle(record)]
    _check_record_list(records, pickles, os.fstat(file.fileno()).st_size)
    (main,) = pickles
    if main.file_size > LONGEST_PICKLE:
        raise UnsafeArchiveError("more entries than a model has")
    return Records(
        file=file,
        archive=archive,
        pickle=archive.read(main),
        by_name={record.filename: record for record in records},
        root=main.filename.partition("/")[0],
    )


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
