"""Pictures of codes: a grid as coloured cells, the usage of codebooks as a heat map."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from distill.files import FilePath, replace_atomically
from distill.inference.codes import colours
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import WHOLE, Region
from distill.inference.codes.usage import CodebookUsage

GRID_COLUMNS = 320
"""Cells in a strip of a grid."""

GRID_STRIPS = 12
"""Strips at most: a longer grid shows several frames in a cell."""

LONGEST_LABEL = 18
"""Characters of a label, as many as its column holds."""

CODE_TICKS = 16
"""Codes from one number to the next above a heat map."""


class CellSize(NamedTuple):
    """Size of a cell in pixels."""

    width: int
    height: int


GRID_CELL = CellSize(width=4, height=12)
HEAT_CELL = CellSize(width=8, height=28)

# Layout in pixels.
LABEL_WIDTH = 90
NOTE_WIDTH = 110
TEXT_HEIGHT = 16
MARGIN_LEFT = 4
NOTE_INDENT = 6

# Colours as red, green, blue, from 0 to 255.
BACKGROUND = (18, 18, 22)
INK = (220, 220, 220)
DEAD = (170, 30, 40)
UNKNOWN = (60, 60, 60)
HEAT = np.array([(30, 34, 80), (40, 110, 140), (80, 180, 120), (250, 230, 120)])
"""Colours from the rarest to the most frequent code."""


class Strips(NamedTuple):
    """A long grid folded into strips `[Q, n]` of cells, each of `frames_per_cell` code frames."""

    cells: list[np.ndarray]
    frames_per_cell: int


def fold(
    codes: np.ndarray,
    columns: int,
    max_strips: int,
) -> Strips:
    """Fold `codes` `[T, Q]` into at most `max_strips` strips of up to `columns` cells.

    A cell of several frames shows the first of them.
    """
    # As few frames in a cell as fit into the strips.
    frames_per_cell = max(1, math.ceil(len(codes) / (columns * max_strips)))
    cells = codes[::frames_per_cell].T
    strips = [cells[:, i : i + columns] for i in range(0, cells.shape[1], columns)]
    return Strips(strips, frames_per_cell)


def colour_codes(
    codes: np.ndarray,
    q: int,
    usage: CodebookUsage | None = None,
) -> np.ndarray:
    """Colours of codes: equal codes have equal colours, and rarer ones are darker.

    Args:
        codes: Codes `[n]` of one level.
        q: That level, from 0.
        usage: How often the corpus uses each code; without it all are equally bright.

    Returns:
        Red, green and blue from 0 to 255, `[n, 3]`.
    """
    return colours.colour_codes(codes, None if usage is None else usage.counts[q])


# --- pictures -------------------------------------------------------------------------------------


def draw_grid(
    grid: CodeGrid,
    usage: CodebookUsage | None = None,
    region: Region = WHOLE,
    notes: Sequence[str] = (),
) -> Image.Image:
    """Draw a grid as coloured cells, one row a level, folded into strips.

    Args:
        grid: The codes to draw.
        usage: Makes codes that are rare in the corpus darker.
        region: Frames and levels to draw.
        notes: A text for the right end of each row of the first strip.
    """
    start, stop, levels = region.resolve(*grid.codes.shape)
    strips = fold(grid.codes[start:stop, levels], GRID_COLUMNS, GRID_STRIPS)
    names = [grid.level_names[q] for q in levels]
    strip_height = TEXT_HEIGHT + len(levels) * GRID_CELL.height + TEXT_HEIGHT // 2
    # All strips are as wide as the first; the last may be shorter.
    width = LABEL_WIDTH + strips.cells[0].shape[1] * GRID_CELL.width + NOTE_WIDTH
    image = Image.new("RGB", (width, strip_height * len(strips.cells)), BACKGROUND)
    draw = ImageDraw.Draw(image)

    for i, strip in enumerate(strips.cells):
        top = i * strip_height
        first_frame = start + i * GRID_COLUMNS * strips.frames_per_cell
        draw.text((LABEL_WIDTH, top + 1), f"{first_frame / grid.frame_rate:.2f} s", INK)
        rows = [colour_codes(codes, q, usage) for q, codes in zip(levels, strip, strict=True)]
        image.paste(_enlarge(np.stack(rows), GRID_CELL), (LABEL_WIDTH, top + TEXT_HEIGHT))
        _write_labels(draw, names, MARGIN_LEFT, top + TEXT_HEIGHT, GRID_CELL.height)
    _write_labels(draw, notes, width - NOTE_WIDTH + NOTE_INDENT, TEXT_HEIGHT, GRID_CELL.height)
    return image


def draw_heat_map(usage: CodebookUsage) -> Image.Image:
    """Draw how often the corpus uses each code: one row a level, codes from left to right.

    Red codes are never used; a level whose counts are unknown is grey.
    """
    K = usage.codebook_size
    Q = len(usage.level_names)
    map_width = K * HEAT_CELL.width
    width = LABEL_WIDTH + map_width + NOTE_WIDTH
    height = TEXT_HEIGHT + Q * HEAT_CELL.height + TEXT_HEIGHT
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)

    rows = np.stack([_heat_colours(counts, K) for counts in usage.counts])
    image.paste(_enlarge(rows, HEAT_CELL), (LABEL_WIDTH, TEXT_HEIGHT))
    _write_labels(draw, usage.level_names, MARGIN_LEFT, TEXT_HEIGHT, HEAT_CELL.height)
    notes = [_dead_note(counts) for counts in usage.counts]
    _write_labels(draw, notes, LABEL_WIDTH + map_width + NOTE_INDENT, TEXT_HEIGHT, HEAT_CELL.height)
    for code in range(0, K, CODE_TICKS):
        draw.text((LABEL_WIDTH + code * HEAT_CELL.width, 1), str(code), INK)
    return image


def _heat_colours(counts: np.ndarray | None, K: int) -> np.ndarray:
    """Colours `[K, 3]` of codes by how often they occur."""
    if counts is None:
        return np.tile(np.array(UNKNOWN, np.uint8), (K, 1))
    # Interpolated between the stops of the scale, each colour channel by itself.
    stops = np.linspace(0, 1, len(HEAT))
    frequency = colours.frequency(counts)
    pixels = np.stack([np.interp(frequency, stops, channel) for channel in HEAT.T], axis=1)
    pixels[counts == 0] = DEAD
    return pixels.round().astype(np.uint8)


def _dead_note(counts: np.ndarray | None) -> str:
    if counts is None:
        return "unknown"
    return f"{int((counts == 0).sum())} dead"


def _enlarge(cells: np.ndarray, cell: CellSize) -> Image.Image:
    """An image of the colours `cells` `[rows, columns, 3]`, each a rectangle of that size."""
    pixels = cells.repeat(cell.height, 0).repeat(cell.width, 1)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _write_labels(
    draw: ImageDraw.ImageDraw,
    texts: Sequence[str],
    left: int,
    top: int,
    step: int,
) -> None:
    """Write `texts` below each other, in the middle of rows that are `step` pixels high."""
    for i, text in enumerate(texts):
        # Names come from files, and the font has only Latin letters.
        plain = text.encode("ascii", "replace").decode()[:LONGEST_LABEL]
        draw.text((left, top + i * step + step // 2), plain, INK, anchor="lm")


def save_png(path: FilePath, image: Image.Image) -> Path:
    """Write `image` as PNG, whole or not at all; `OutputError` if it cannot be written."""
    with replace_atomically(path) as file:
        image.save(file, "PNG")
    return Path(path)
