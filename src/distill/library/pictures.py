"""Pictures of sounds for faces: tiles of a spectrogram, and thumbnails.

A column of a tile is a code frame at 48 kHz, so that spectrogram and codes lie under one time axis.
Frequency runs upwards on a logarithmic scale. A sound is read once, in a pass that needs no memory,
and all its tiles are cached by the content of the file.
"""

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from distill.audio.io import stream_audio
from distill.errors import UsageError
from distill.files import parse_json
from distill.library.picture_cache import (
    content_hash,
    fetch,
    limit_size,
    picture_folder,
    store,
)
from distill.library.spectrogram import (
    HIGHEST_HZ,
    HOP,
    LOWEST_HZ,
    ROWS,
    TILE_COLUMNS,
    VERSION,
    Spectrogram,
)
from distill.library.workspace import Workspace
from distill.settings import SAMPLE_RATE

WINDOW = 4096
"""Samples of a spectrum (85 ms): its bins are 12 Hz apart, enough to tell low tones apart."""

FLOOR_DB = -100.0
"""Level that is black, in dB below a sine at full scale."""

CEILING_DB = -10.0
"""Level of the lightest colour, in dB."""

STOPS = np.array(
    [(14, 16, 20), (45, 27, 94), (130, 40, 110), (214, 86, 72), (246, 174, 84), (252, 244, 200)]
)
"""Colours from silence to the loudest, red, green and blue from 0 to 255."""

THUMBNAIL = (240, 64)
"""Width and height of a thumbnail in pixels."""

THUMBNAIL_COLUMNS = 4096
"""Columns that a thumbnail is made of, at most; longer sounds keep the loudest of each few."""


def spectrogram(workspace: Workspace, path: Path) -> Spectrogram:
    """The spectrogram of the sound at `path`; its tiles are made where they are not cached.

    Raises:
        AudioError: The file cannot be read.
        OutputError: The cache cannot be written.
    """
    content = content_hash(workspace, path)
    columns = _cached_columns(workspace, content)
    if columns is None:
        columns = _draw_all(workspace, path, content)
        limit_size(workspace)
    return Spectrogram(tiles=-(-columns // TILE_COLUMNS), columns=columns)


def spectrogram_tile(workspace: Workspace, path: Path, number: int) -> bytes:
    """Tile `number`, from 0, of the sound at `path`, as a WebP file.

    Raises:
        UsageError: The sound has no such tile.
        AudioError: The file cannot be read.
    """
    shape = spectrogram(workspace, path)
    if not 0 <= number < shape.tiles:
        raise UsageError(f"There is no tile {number}: {path} has tiles 0 to {shape.tiles - 1}.")
    content = content_hash(workspace, path)
    tile = fetch(_file(workspace, content, f"tile-{number}.webp"))
    if tile is None:
        # The cache has dropped it.
        _draw_all(workspace, path, content)
        tile = fetch(_file(workspace, content, f"tile-{number}.webp"))
    assert tile is not None
    return tile


def thumbnail(workspace: Workspace, path: Path) -> bytes:
    """A small spectrogram of the whole sound at `path`, as a WebP file.

    Raises:
        AudioError: The file cannot be read.
    """
    content = content_hash(workspace, path)
    picture = fetch(_file(workspace, content, "thumbnail.webp"))
    if picture is None:
        _draw_all(workspace, path, content)
        picture = fetch(_file(workspace, content, "thumbnail.webp"))
    assert picture is not None
    return picture


def _file(workspace: Workspace, content: str, name: str) -> Path:
    return picture_folder(workspace) / f"{content}-{VERSION}-{name}"


def _cached_columns(workspace: Workspace, content: str) -> int | None:
    """Columns of the sound, if its tiles were drawn."""
    text = fetch(_file(workspace, content, "tiles.json"))
    if text is not None:
        with suppress(ValueError, KeyError, TypeError):
            return int(parse_json(text)["columns"])
    return None


# --- drawing --------------------------------------------------------------------------------------


def _draw_all(workspace: Workspace, path: Path, content: str) -> int:
    """Draw all tiles and the thumbnail; returns the number of columns."""
    small = _Squeeze()
    count = 0
    for number, levels in enumerate(_tiles(stream_audio(path, SAMPLE_RATE))):
        store(_file(workspace, content, f"tile-{number}.webp"), to_webp(colour(levels)))
        small.add(levels)
        count += len(levels)
    image = Image.fromarray(colour(small.levels())).resize(THUMBNAIL, Image.Resampling.BOX)
    store(_file(workspace, content, "thumbnail.webp"), to_webp(np.asarray(image)))
    # The last: where it stands, the tiles are there.
    facts = asdict(Spectrogram(tiles=-(-count // TILE_COLUMNS), columns=count))
    store(_file(workspace, content, "tiles.json"), json.dumps(facts).encode())
    return count


def _tiles(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Levels `[S, ROWS]` of each tile, from 0 to 1, of a stream of blocks `[C, n]`."""
    # Spectrum `s` is centred on the middle of code frame `s`.
    before = np.zeros((WINDOW - HOP) // 2, np.float32)
    buffer = before
    columns: list[np.ndarray] = []
    samples = 0
    count = 0
    for block in blocks:
        mono = block.mean(axis=0)
        samples += len(mono)
        spectra, buffer = _spectra(np.concatenate([buffer, mono]))
        columns += list(spectra)
        while len(columns) >= TILE_COLUMNS:
            yield np.stack(columns[:TILE_COLUMNS])
            del columns[:TILE_COLUMNS]
            count += TILE_COLUMNS
    spectra, _ = _spectra(np.concatenate([buffer, np.zeros(WINDOW, np.float32)]))
    columns += list(spectra)
    # As many columns as code frames: beyond them is the silence that was added.
    del columns[-(-samples // HOP) - count :]
    for first in range(0, len(columns), TILE_COLUMNS):
        yield np.stack(columns[first : first + TILE_COLUMNS])


def _spectra(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Levels `[S, ROWS]` of the whole windows in `samples` `[N]`, and what is left of them."""
    count = max(0, (len(samples) - WINDOW) // HOP + 1)
    if count == 0:
        return np.zeros((0, ROWS), np.float32), samples
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[: count * HOP : HOP]
    power = np.square(np.abs(np.fft.rfft(frames * _window(), axis=1)))
    level_db = 10 * np.log10(np.maximum(power @ _bands(), 1e-12))
    levels = np.clip((level_db - FLOOR_DB) / (CEILING_DB - FLOOR_DB), 0, 1)
    return levels.astype(np.float32), samples[count * HOP :]


@cache
def _window() -> np.ndarray:
    """A Hann window `[WINDOW]` under which a sine at full scale has a power of 1."""
    window = np.hanning(WINDOW + 1)[:-1]
    return (2 * window / window.sum()).astype(np.float32)


@cache
def _bands() -> np.ndarray:
    """Weights `[F, ROWS]` of the bins in each row: triangles on a logarithmic scale."""
    frequency = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    place = np.log(np.maximum(frequency, 1) / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
    row = place[:, None] * (ROWS - 1) - np.arange(ROWS)
    weights = np.maximum(0, 1 - np.abs(row))
    # Low rows lie between two bins: they take the nearest.
    nearest = np.abs(row).argmin(axis=0)
    is_empty = weights.sum(axis=0) < 0.5
    weights[nearest[is_empty], np.flatnonzero(is_empty)] = 1
    return weights


def sound_levels(sound: np.ndarray) -> np.ndarray:
    """Levels `[S, ROWS]` of a sound `[C, N]` at 48 kHz, from 0 to 1; at least one column."""
    tiles = list(_tiles([sound]))
    return np.concatenate(tiles) if tiles else np.zeros((1, ROWS), np.float32)


class _Squeeze:
    """Collects columns for a thumbnail: of each few the loudest, so that their number stays small
    however long the sound is."""

    def __init__(self) -> None:
        self._columns = np.zeros((0, ROWS), np.float32)
        self._each = 1
        self._rest = np.zeros((0, ROWS), np.float32)

    def add(self, levels: np.ndarray) -> None:
        """Add columns `[S, ROWS]`."""
        self._rest = np.concatenate([self._rest, levels])
        whole = len(self._rest) // self._each * self._each
        maxima = self._rest[:whole].reshape(-1, self._each, ROWS).max(axis=1)
        self._rest = self._rest[whole:]
        self._columns = np.concatenate([self._columns, maxima])
        while len(self._columns) > THUMBNAIL_COLUMNS:
            even = len(self._columns) // 2 * 2
            halves = self._columns[:even].reshape(-1, 2, ROWS).max(axis=1)
            # One column may be left over: it is a half of the next.
            self._rest = np.concatenate([self._columns[even:].repeat(self._each, 0), self._rest])
            self._columns = halves
            self._each *= 2

    def levels(self) -> np.ndarray:
        """All columns `[S, ROWS]` so far, at least one."""
        rest = self._rest.max(axis=0, keepdims=True) if len(self._rest) else self._rest
        columns = np.concatenate([self._columns, rest])
        return columns if len(columns) else np.zeros((1, ROWS), np.float32)


def colour(levels: np.ndarray) -> np.ndarray:
    """Pixels `[ROWS, S, 3]` of levels `[S, ROWS]` from 0 to 1, low frequencies at the bottom."""
    stops = np.linspace(0, 1, len(STOPS))
    table = np.stack([np.interp(np.linspace(0, 1, 256), stops, c) for c in STOPS.T], axis=1)
    places = (levels.T[::-1] * 255).astype(np.uint8)
    return np.ascontiguousarray(table.round().astype(np.uint8)[places])


def to_webp(pixels: np.ndarray) -> bytes:
    """Pixels `[rows, columns, 3]` as a WebP file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=80, method=2)
    return file.getvalue()
