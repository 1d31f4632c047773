"""The shape of a spectrogram in tiles, for faces that draw it. Free of Pillow."""

from dataclasses import dataclass

from distill.settings import SAMPLE_RATE

VERSION = 1
"""Goes into the names of cached files: another look is another file."""

HOP = 1024
"""Samples of a column: a code frame."""

TILE_COLUMNS = 512
"""Columns of a tile, 11 s."""

ROWS = 128
"""Rows of a tile."""

LOWEST_HZ = 40.0

HIGHEST_HZ = 20_000.0


@dataclass(frozen=True)
class Spectrogram:
    """The tiles of a sound.

    Attributes:
        tiles: Number of tiles.
        columns: Columns of all tiles together.
        rows: Height of a tile.
        tile_columns: Width of a tile; the last may be narrower.
        seconds_per_column: Seconds.
        lowest_hz: Frequency of the lowest row, in Hz.
        highest_hz: Frequency of the highest row, in Hz.
    """

    tiles: int
    columns: int
    rows: int = ROWS
    tile_columns: int = TILE_COLUMNS
    seconds_per_column: float = HOP / SAMPLE_RATE
    lowest_hz: float = LOWEST_HZ
    highest_hz: float = HIGHEST_HZ
