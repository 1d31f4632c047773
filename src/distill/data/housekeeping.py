"""The size of the sound cache, and what leaves it.

Only files that the cache itself has written are counted and removed: `$DISTILL_CACHE` may name a
folder that holds other things.
"""

import logging
import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from distill.errors import OutputError, TooLittleRoomError
from distill.files import clear_leftovers, parse_json
from distill.settings import cache_dir, cache_limit

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
"""Seconds of a day."""

GIGABYTE = 1e9
"""Bytes, as file managers count them."""

REMARKABLE_BYTES = GIGABYTE
"""Room from which a scan says beforehand how much it will take."""

_ENTRY = re.compile(r"([0-9a-f]{64})-(?:\d+-\d+\.npy|\d+-\d+(?:-same)?\.json|width\.json)")
"""Names of the files of one sound, which begin with the hash of its content."""

_INDEX_ENTRY = re.compile(r"[0-9a-f]{64}\.json")

ARRAY_KINDS = ("codes", "traits")
"""Folders of arrays made from sounds (`region_arrays`)."""

_MAKER = re.compile(r"[0-9a-f]{64}")
"""Names of the folders in them."""

_ARRAYS = re.compile(r"([0-9a-f]{64})-\d+-\d+\.npz")
"""Names of the files there, which begin with the hash of the sound."""


@dataclass(frozen=True)
class CacheFacts:
    """The cache, and what was removed from it.

    Attributes:
        path: Its folder.
        sounds: Sounds in it, one for each content.
        bytes: Size of all its files.
        removed_sounds: Sounds that were removed.
        removed_bytes: Size of all that was removed, half-written files of killed runs included.
    """

    path: Path
    sounds: int
    bytes: int
    removed_sounds: int = 0
    removed_bytes: int = 0


@dataclass
class _Sound:
    """Files of one sound, their size, and the time of their last use in s."""

    files: list[Path] = field(default_factory=list)
    size: int = 0
    last_use: float = 0.0


def clear_dead_runs() -> int:
    """Remove half-written files of killed runs from the cache; returns the bytes freed."""
    folders = [cache_dir(), cache_dir() / "index", *_array_folders()]
    return sum(clear_leftovers(folder) for folder in folders)


def cache_size() -> CacheFacts:
    """Count the sounds of the cache and their bytes."""
    sounds = _sounds()
    return CacheFacts(cache_dir(), len(sounds), _size(sounds) + _index_size())


def clear_cache(older_than_days: float = 0.0) -> CacheFacts:
    """Remove sounds from the cache; they are decoded again when they are needed.

    Args:
        older_than_days: Only those that were not used for so many days; 0 for all.

    Returns:
        The cache afterwards, and what was removed.

    Raises:
        OutputError: A file of the cache cannot be removed.
    """
    n_bytes = clear_dead_runs()
    latest = time.time() - older_than_days * DAY_S
    sounds = _sounds()
    old = [digest for digest, sound in sounds.items() if sound.last_use <= latest]
    n_bytes += _remove_sounds([sounds[digest] for digest in old])
    rest = cache_size()
    return CacheFacts(rest.path, rest.sounds, rest.bytes, len(old), n_bytes)


def shrink_cache(n_bytes: float) -> CacheFacts:
    """Remove sounds until the cache takes at most `n_bytes`, those not used for longest first.

    Returns:
        The cache afterwards, and what was removed.

    Raises:
        OutputError: A file of the cache cannot be removed.
    """
    freed = clear_dead_runs()
    sounds = _sounds()
    old = _oldest(sounds, _size(sounds) + _index_size() - n_bytes)
    freed += _remove_sounds(old)
    rest = cache_size()
    return CacheFacts(rest.path, rest.sounds, rest.bytes, len(old), freed)


def keep_within_limit() -> None:
    """Remove sounds until the cache is within the user's limit, those not used for longest first.

    Those used within the last day stay: a training may be running on them.
    """
    limit = cache_limit()
    if limit is None:
        return
    sounds = _sounds()
    _remove_sounds(_oldest(sounds, _size(sounds) - limit, idle_since=time.time() - DAY_S))


def check_room(n_bytes: float) -> None:
    """Check that the disk of the cache has room for `n_bytes` more; say so if they are many.

    Raises:
        TooLittleRoomError: If it has not.
    """
    folder = cache_dir().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        # Some network disks do not say.
        return
    if n_bytes > free:
        raise TooLittleRoomError(
            f"The sound cache in {cache_dir()} would take about {_amount(n_bytes)} more for "
            f"these sounds, and {_amount(free)} are free: make room ('distill cache' shows its "
            "size, and removes old sounds), or set DISTILL_CACHE to a folder on another disk."
        )
    if n_bytes >= REMARKABLE_BYTES:
        log.warning(
            "The sound cache in %s takes about %s more for these sounds; %s are free.",
            cache_dir(),
            _amount(n_bytes),
            _amount(free),
        )


def _amount(n_bytes: float) -> str:
    """Bytes in MB or GB, for people."""
    if n_bytes < 0.1 * GIGABYTE:
        return f"{n_bytes / 1e6:.0f} MB"
    return f"{n_bytes / GIGABYTE:,.1f} GB"


def _oldest(sounds: dict[str, _Sound], excess: float, idle_since: float = math.inf) -> list[_Sound]:
    """Sounds of `excess` bytes at least, those not used for longest first.

    Args:
        sounds: Sounds of the cache.
        excess: Bytes to be freed.
        idle_since: Time in s; sounds that were used after it stay.
    """
    old = []
    for sound in sorted(sounds.values(), key=lambda sound: sound.last_use):
        if excess <= 0 or sound.last_use > idle_since:
            break
        old.append(sound)
        excess -= sound.size
    return old


def _remove_sounds(sounds: list[_Sound]) -> int:
    """Remove these sounds, and their paths from the index; returns the bytes freed."""
    if not sounds:
        return 0
    index_before = _index_size()
    for sound in sounds:
        for file in sound.files:
            _remove(file)
    for folder in _array_folders():
        # Those that are still in use are not empty.
        with suppress(OSError):
            folder.rmdir()
    _clear_index()
    return sum(sound.size for sound in sounds) + index_before - _index_size()


def _remove(file: Path) -> None:
    try:
        # Another run may have removed it.
        file.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot remove {file}: {error.strerror or error}.") from error


def _sounds() -> dict[str, _Sound]:
    """Sounds of the cache by the hash of their content."""
    sounds: dict[str, _Sound] = {}
    for folder, pattern in ((cache_dir(), _ENTRY), *((f, _ARRAYS) for f in _array_folders())):
        for name, status in _entries(folder):
            if match := pattern.fullmatch(name):
                sound = sounds.setdefault(match[1], _Sound())
                sound.files.append(folder / name)
                sound.size += status.st_size
                sound.last_use = max(sound.last_use, status.st_mtime)
    return sounds


def _array_folders() -> list[Path]:
    """Folders with arrays that were made from sounds."""
    folders = []
    for kind in ARRAY_KINDS:
        with suppress(OSError):
            makers = (cache_dir() / kind).iterdir()
            folders += [maker for maker in makers if _MAKER.fullmatch(maker.name)]
    return folders


def _size(sounds: dict[str, _Sound]) -> int:
    return sum(sound.size for sound in sounds.values())


def _index_size() -> int:
    index = _entries(cache_dir() / "index")
    return sum(status.st_size for name, status in index if _INDEX_ENTRY.fullmatch(name))


def _clear_index() -> None:
    """Remove the paths of sounds that are in the cache no more."""
    present = _sounds()
    folder = cache_dir() / "index"
    for name, _ in _entries(folder):
        if not _INDEX_ENTRY.fullmatch(name):
            continue
        with suppress(OSError, ValueError, LookupError, TypeError):
            if parse_json((folder / name).read_bytes())["hash"] not in present:
                (folder / name).unlink()


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names of the files in a folder, with their status; none where there is no such folder."""
    if not folder.exists():
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # Another run may remove files at the same time.
                with suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        yield entry.name, entry.stat(follow_symlinks=False)
    except OSError as error:
        raise OutputError(
            f"Cannot read the sound cache in {folder}: {error.strerror or error}."
        ) from error
