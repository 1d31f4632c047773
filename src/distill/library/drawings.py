"""Peaks and pictures of a sound from the cache, by the hash of its content alone.

The player draws them (`DrawSound`). Whoever asks here reads no sound file. Free of torch.
"""

import json
from contextlib import suppress

import numpy as np

from distill.errors import UsageError
from distill.library.peaks import BASE, LEVELS, ZOOM, Peaks, coarser
from distill.library.picture_cache import fetch, picture_folder
from distill.library.spectrogram import TILE_COLUMNS, VERSION, Spectrogram
from distill.library.workspace import Workspace


def drawn_peaks(workspace: Workspace, sha256: str, per: int = BASE) -> Peaks | None:
    """Peaks of a sound; None where they are not drawn.

    Args:
        workspace: The workspace.
        sha256: SHA-256 of the file.
        per: Samples of a stretch: 256, 1024, 4096, … 262,144.

    Raises:
        UsageError: There is no such level of zoom.
    """
    levels = [BASE * ZOOM**level for level in range(LEVELS)]
    if per not in levels:
        raise UsageError(f"Peaks are of {', '.join(map(str, levels))} samples, not of {per}.")
    for path in picture_folder(workspace).glob(f"{sha256}-peaks-*.bin"):
        rate = path.stem.rpartition("-")[2]
        content = fetch(path)
        if content and rate.isdigit():
            values = np.frombuffer(content[: len(content) // 2 * 2], np.int8).reshape(-1, 2)
            finer = coarser(values, per // BASE)
            return Peaks(values=finer, per=per, sample_rate=int(rate))
    return None


def drawn_spectrogram(workspace: Workspace, sha256: str) -> Spectrogram | None:
    """The spectrogram of a sound; None where it is not drawn."""
    text = _fetch(workspace, sha256, "tiles.json")
    with suppress(ValueError, KeyError, TypeError):
        columns = int(json.loads(text or b"")["columns"])
        return Spectrogram(tiles=-(-columns // TILE_COLUMNS), columns=columns)
    return None


def drawn_tile(workspace: Workspace, sha256: str, number: int) -> bytes | None:
    """Tile `number`, from 0, of a sound as a WebP file; None where it is not drawn."""
    return _fetch(workspace, sha256, f"tile-{int(number)}.webp")


def drawn_thumbnail(workspace: Workspace, sha256: str) -> bytes | None:
    """A small spectrogram of a whole sound as a WebP file; None where it is not drawn."""
    return _fetch(workspace, sha256, "thumbnail.webp")


def _fetch(workspace: Workspace, sha256: str, name: str) -> bytes | None:
    return fetch(picture_folder(workspace) / f"{sha256}-{VERSION}-{name}")
