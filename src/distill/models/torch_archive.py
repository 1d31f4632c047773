"""Reading the zip archives that `torch.save` writes, without trust and without torch's reader.

Every record that is used has its checksum compared, which torch leaves out. The pickle is read by
`inert_pickle`, so that no bytes of a file decide which code runs.
"""

import os
import struct
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.models.archive_records import (
    BLOCK_BYTES,
    ArchiveError,
    DamagedArchiveError,
    NoArchiveError,
    Records,
    UnsafeArchiveError,
    is_regular,
    open_records,
)
from distill.models.inert_pickle import STORAGE_BYTES, read_pickle

# Bytes of a record's own header before its name, and where the lengths of name and extras stand.
_LOCAL_HEADER_BYTES = 30
_LENGTHS_AT = 26

_DTYPES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "ShortStorage": torch.int16,
}


class Archive(NamedTuple):
    """What an archive holds, and the length of its pickle in bytes."""

    contents: Any
    pickle_bytes: int


def read_archive(path: Path, every_record: bool = True, is_mapped: bool = False) -> Archive:
    """Read an archive that `torch.save` wrote.

    Args:
        path: The file.
        every_record: Whether to compare the checksums of tensors too. Without, reading a mapped
            file takes the same short time for any size.
        is_mapped: Whether tensors stay in the file, mapped into memory, in place of copies. Drop
            them before the file is replaced.

    Raises:
        ArchiveError: One of its subclasses, with the reason.
        OSError: If the file cannot be read.
    """
    with open_records(path) as records:
        if is_mapped and every_record:
            records.check_all()
        contents = read_pickle(records.pickle, TorchTensors(records, is_mapped))
        return Archive(contents, len(records.pickle))


class TorchTensors:
    """Tensors of torch, from the records of an archive.

    Args:
        records: The archive.
        is_mapped: Whether tensors stay in the file, mapped into memory, in place of copies.
    """

    def __init__(self, records: Records, is_mapped: bool) -> None:
        self.records = records
        self.file_bytes = os.fstat(records.file.fileno()).st_size
        self.whole = _map(records.file, self.file_bytes) if is_mapped else None

    def storage(self, key: str, kind: str, size: int) -> Tensor:
        """The numbers of a storage, `[size]`."""
        return as_type(self._bytes(key, size * STORAGE_BYTES[kind]), kind)

    def _bytes(self, key: str, n_bytes: int) -> Tensor:
        record = self.records.storage(key, n_bytes)
        if self.whole is None:
            return _copy_record(self.records.archive, record)
        start = _record_start(self.records.file, record)
        if start + n_bytes > self.file_bytes:
            raise ValueError("a tensor lies beyond the end of the file")
        return self.whole[start : start + n_bytes]

    def tensor(
        self, storage: Tensor, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> Tensor:
        """The tensor of a shape in a storage."""
        return storage.as_strided(shape, strides, storage.storage_offset() + offset)


def as_type(content: Tensor, kind: str) -> Tensor:
    """The bytes of a storage of a kind as numbers."""
    dtype = _DTYPES[kind]
    if not len(content):
        return torch.empty(0, dtype=dtype)
    if content.storage_offset() % dtype.itemsize:
        # A view needs numbers at multiples of their size; torch writes them so.
        content = content.clone()
    return content.view(dtype)


def _map(file: IO[bytes], n_bytes: int) -> Tensor:
    """The bytes of an open file, mapped into memory; changes of them stay in memory."""
    return torch.from_numpy(np.memmap(file, np.uint8, mode="c", shape=(n_bytes,)))


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


__all__ = [
    "Archive",
    "ArchiveError",
    "DamagedArchiveError",
    "NoArchiveError",
    "UnsafeArchiveError",
    "as_type",
    "is_regular",
    "read_archive",
]
