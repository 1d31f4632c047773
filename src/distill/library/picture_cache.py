"""The cache of pictures and peaks: files named by the content of a sound, within a size.

All of it can be made again; deleting it costs time alone.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from distill.errors import AudioError
from distill.files import make_folder, open_regular, parse_json, replace_atomically
from distill.library.workspace import Workspace

LARGEST_CACHE = 1 << 30
"""Bytes of all files, at most: pictures of some 60 hours. The longest unused leave first."""

TARGET_SHARE = 0.8
"""Share of it that is left after a clearance, so that not every picture begins one."""


def picture_folder(workspace: Workspace) -> Path:
    """Folder of pictures and peaks."""
    return workspace.cache / "pictures"


def content_hash(workspace: Workspace, path: Path) -> str:
    """SHA-256 of the file at `path`, which is read again only once its size or time is another.

    Raises:
        AudioError: It cannot be read.
    """
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()
    memo = picture_folder(workspace) / f"path-{name}.json"
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            stamp = [status.st_size, status.st_mtime_ns]
            with suppress(OSError, ValueError, KeyError, TypeError):
                entry = parse_json(memo.read_bytes())
                if entry["stamp"] == stamp and len(entry["hash"]) == len(name):
                    return str(entry["hash"])
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"Cannot read {path}: {error.strerror or error}.") from error
    store(memo, json.dumps({"stamp": stamp, "hash": digest}).encode())
    return digest


def fetch(path: Path) -> bytes | None:
    """The cached file at `path`, if there is one; it counts as used now."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        os.utime(path)
    return content


def store(path: Path, content: bytes) -> None:
    """Write a file of the cache, whole or not at all. `OutputError` if it cannot be written."""
    make_folder(path.parent)
    with replace_atomically(path) as file:
        file.write(content)


def limit_size(workspace: Workspace, largest: int = LARGEST_CACHE) -> int:
    """Remove what was not used for longest, once the cache is larger than `largest` bytes.

    Returns:
        The bytes removed.
    """
    files = []
    with suppress(OSError), os.scandir(picture_folder(workspace)) as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat()
                files.append((status.st_mtime_ns, status.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= largest:
        return 0
    n_bytes = 0
    for _, size, path in sorted(files):
        if total - n_bytes <= TARGET_SHARE * largest:
            break
        with suppress(OSError):
            os.unlink(path)
            n_bytes += size
    return n_bytes
