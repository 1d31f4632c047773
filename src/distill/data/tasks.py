"""Tasks for the processes of a scan: each fills the sound cache, and returns nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distill.data.cache import cached_sound, cached_width, is_measured
from distill.data.comparisons import compare_ahead
from distill.data.pool import Task

_BYTES_PER_S = 4e6
"""Bytes of FLAC that are measured in a second, about; of WAV it is twice as much."""

_WIDTH_BYTES_PER_S = 20e6
"""Bytes whose stereo width is measured in a second, about."""


def width_tasks(paths: Sequence[Path]) -> dict[Path, Task]:
    """Measure the stereo width of those sound files of which the cache does not know it."""
    return {
        path: Task({"do": "width", "path": str(path)}, _size(path) / _WIDTH_BYTES_PER_S)
        for path in paths
        if not is_measured(path)
    }


def sound_tasks(paths: Sequence[Path], channels: int) -> dict[Path, Task]:
    """Measure and resample those sound files that the cache does not hold.

    Args:
        paths: Sound files.
        channels: Channels of the cached samples.
    """
    orders = {
        path: {"do": "sound", "path": str(path), "channels": channels}
        for path in paths
        if not is_measured(path, channels)
    }
    return {path: Task(order, _size(path) / _BYTES_PER_S) for path, order in orders.items()}


def do(order: dict[str, Any]) -> None:
    """Do the task of an `order`."""
    match order["do"]:
        case "width":
            cached_width(Path(order["path"]))
        case "sound":
            cached_sound(Path(order["path"]), order["channels"])
        case "compare":
            compare_ahead(order["sounds"])


def _size(path: Path) -> int:
    """Bytes of a file; 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
