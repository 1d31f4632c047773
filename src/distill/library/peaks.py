"""Peaks of a waveform: the least and greatest sample of each stretch, for faces that draw it.

They are computed once, in one pass that needs no memory, and cached by the content of the file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distill.audio.io import probe, read_blocks
from distill.errors import UsageError
from distill.library.picture_cache import (
    content_hash,
    fetch,
    limit_size,
    picture_folder,
    store,
)
from distill.library.workspace import Workspace

BASE = 256
"""Samples of a stretch at the finest level: 5 ms at 48 kHz."""

ZOOM = 4
"""Stretches of a level that make one of the next."""

LEVELS = 6
"""Levels of zoom: at the coarsest, a stretch is 262,144 samples, 5 s."""

FULL_SCALE = 127
"""Value of a sample of 1.0; louder ones are cut off there."""


@dataclass(frozen=True)
class Peaks:
    """Peaks of a sound.

    Attributes:
        values: Least and greatest sample of each stretch, `[n, 2]` (int8), over all channels.
        per: Samples of a stretch.
        sample_rate: Of the file, in Hz.
    """

    values: np.ndarray
    per: int
    sample_rate: int


def sound_peaks(workspace: Workspace, path: Path, per: int = BASE) -> Peaks:
    """Peaks of the sound at `path`.

    Args:
        workspace: Its cache keeps them.
        path: Sound file of any kind.
        per: Samples of a stretch: 256, 1024, 4096, … 262,144.

    Raises:
        AudioError: The file cannot be read.
        UsageError: There is no such level of zoom.
        OutputError: The cache cannot be written.
    """
    per_levels = [BASE * ZOOM**level for level in range(LEVELS)]
    if per not in per_levels:
        raise UsageError(f"Peaks are of {', '.join(map(str, per_levels))} samples, not of {per}.")
    rate = probe(path).sample_rate
    cache_file = picture_folder(workspace) / f"{content_hash(workspace, path)}-peaks-{rate}.bin"
    content = fetch(cache_file)
    if not content:
        content = _measure(path).tobytes()
        store(cache_file, content)
        limit_size(workspace)
    values = np.frombuffer(content[: len(content) // 2 * 2], np.int8).reshape(-1, 2)
    return Peaks(values=coarser(values, per // BASE), per=per, sample_rate=rate)


def coarser(values: np.ndarray, factor: int) -> np.ndarray:
    """Peaks `[n, 2]` of stretches that are `factor` times as long."""
    starts = np.arange(0, len(values), factor)
    least = np.minimum.reduceat(values[:, 0], starts)
    greatest = np.maximum.reduceat(values[:, 1], starts)
    return np.stack([least, greatest], axis=1)


def _measure(path: Path) -> np.ndarray:
    """Peaks `[n, 2]` (int8) of the whole file, of `BASE` samples each."""
    peaks = []
    rest = np.zeros((0, 2), np.float32)
    for block in read_blocks(path):
        pairs = np.stack([block.min(axis=0), block.max(axis=0)], axis=1)
        rest = np.concatenate([rest, pairs])
        whole = len(rest) // BASE * BASE
        peaks.append(_reduce(rest[:whole]))
        rest = rest[whole:]
    peaks.append(_reduce(rest))
    return np.concatenate(peaks)


def _reduce(pairs: np.ndarray) -> np.ndarray:
    """Peaks `[m, 2]` (int8) of least and greatest samples `[n, 2]`."""
    if not len(pairs):
        return np.zeros((0, 2), np.int8)
    levels = np.clip(pairs, -1, 1) * FULL_SCALE
    starts = np.arange(0, len(pairs), BASE)
    # Away from zero: a peak never looks lower than it is.
    least = np.floor(np.minimum.reduceat(levels[:, 0], starts))
    greatest = np.ceil(np.maximum.reduceat(levels[:, 1], starts))
    return np.stack([least, greatest], axis=1).astype(np.int8)
