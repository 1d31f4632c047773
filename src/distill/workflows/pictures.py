"""Pictures of codes: a grid as coloured cells, codebooks as heat maps."""

import colorsys
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from distill.files import replace_atomically
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.region import Region
from distill.inference.codes.usage import CodebookUsage

GOLDEN = (math.sqrt(5) - 1) / 2
GRID_CELL, GRID_COLUMNS, GRID_STRIPS = (4, 12), 320, 12
HEAT_CELL = (8, 28)
LABEL_WIDTH, NOTE_WIDTH, LINE = 90, 110, 16
BACKGROUND, INK, DEAD = (18, 18, 22), (220, 220, 220), (170, 30, 40)
HEAT = np.array([(30, 34, 80), (40, 110, 140), (80, 180, 120), (250, 230, 120)])

WHOLE = Region()


class Strips(NamedTuple):
    """A long grid folded: strips `[Q, n]` of cells, each of which stands for `frames` code
    frames."""

    cells: list[np.ndarray]
    frames: int


def fold(codes: np.ndarray, columns: int, most: int) -> Strips:
    """`codes` `[T, Q]` in at most `most` strips of up to `columns` cells; of several frames a cell
    shows the first."""
    frames = max(1, math.ceil(len(codes) / (columns * most)))
    cells = codes[::frames].T
    return Strips([cells[:, i : i + columns] for i in range(0, cells.shape[1], columns)], frames)


def colour_codes(codes: np.ndarray, q: int, use: CodebookUsage | None = None) -> np.ndarray:
    """Colours `[n, 3]`, 0 to 255, of `codes` `[n]` of level `q` (from 0). Darker is rarer in the
    corpus."""
    counts = None if use is None else use.counts[q]
    # Of the codes that there are only: how many there might be, a file claims.
    present, places = np.unique(codes, return_inverse=True)
    light = np.ones(len(present)) if counts is None else 0.25 + 0.75 * _warmth(counts)[present]
    # Hues that follow one another by the golden ratio are far apart.
    colours = [
        colorsys.hsv_to_rgb(code * GOLDEN % 1, 0.55, 0.95 * v)
        for code, v in zip(present, light, strict=True)
    ]
    return (255 * np.array(colours)).round().astype(np.uint8)[places]


def _warmth(counts: np.ndarray) -> np.ndarray:
    """0 for codes that never occur, up to 1 for the most frequent, by logarithm."""
    most = max(int(counts.max()), 1)
    return np.log1p(counts) / math.log1p(most)


def draw_grid(
    grid: CodeGrid,
    use: CodebookUsage | None = None,
    region: Region = WHOLE,
    notes: Sequence[str] = (),
) -> Image.Image:
    """`region` of `grid` as coloured cells, level below level, each with its name and, at the
    right, its note."""
    start, stop, levels = region.resolve(*grid.codes.shape)
    strips = fold(grid.codes[start:stop, levels], GRID_COLUMNS, GRID_STRIPS)
    names = [grid.level_names[q] for q in levels]
    across, down = GRID_CELL
    height = LINE + len(levels) * down + LINE // 2
    width = LABEL_WIDTH + strips.cells[0].shape[1] * across + NOTE_WIDTH
    image = Image.new("RGB", (width, height * len(strips.cells)), BACKGROUND)
    draw = ImageDraw.Draw(image)
    for i, strip in enumerate(strips.cells):
        top, frame = i * height, start + i * GRID_COLUMNS * strips.frames
        draw.text((LABEL_WIDTH, top + 1), f"{frame / grid.frame_rate:.2f} s", INK)
        cells = np.stack(
            [colour_codes(codes, q, use) for q, codes in zip(levels, strip, strict=True)]
        )
        image.paste(_enlarged(cells, GRID_CELL), (LABEL_WIDTH, top + LINE))
        _label(draw, names, 4, top + LINE, down)
    _label(draw, notes, width - NOTE_WIDTH + 6, LINE, down)
    return image


def draw_heat_map(use: CodebookUsage) -> Image.Image:
    """How often each code (from left to right) of each level stands in the corpus; red never does,
    grey is unknown."""
    across, down = HEAT_CELL
    K, Q = use.codebook_size, len(use.level_names)
    image = Image.new(
        "RGB", (LABEL_WIDTH + K * across + NOTE_WIDTH, LINE + Q * down + LINE), BACKGROUND
    )
    draw = ImageDraw.Draw(image)
    rows = np.stack([_heat(row, K) for row in use.counts])
    image.paste(_enlarged(rows, HEAT_CELL), (LABEL_WIDTH, LINE))
    _label(draw, use.level_names, 4, LINE, down)
    notes = ["unknown" if row is None else f"{int((row == 0).sum())} dead" for row in use.counts]
    _label(draw, notes, LABEL_WIDTH + K * across + 6, LINE, down)
    for code in range(0, K, 16):
        draw.text((LABEL_WIDTH + code * across, 1), str(code), INK)
    return image


def _heat(counts: np.ndarray | None, K: int) -> np.ndarray:
    if counts is None:
        return np.full((K, 3), 60, np.uint8)
    stops = np.linspace(0, 1, len(HEAT))
    colours = np.stack([np.interp(_warmth(counts), stops, channel) for channel in HEAT.T], axis=1)
    colours[counts == 0] = DEAD
    return colours.round().astype(np.uint8)


def _enlarged(cells: np.ndarray, cell: tuple[int, int]) -> Image.Image:
    across, down = cell
    return Image.fromarray(np.ascontiguousarray(cells.repeat(down, 0).repeat(across, 1)))


def _label(draw: ImageDraw.ImageDraw, texts: Sequence[str], left: int, top: int, step: int) -> None:
    for i, text in enumerate(texts):
        # Names come from files, and not every font has every letter.
        plain = text.encode("ascii", "replace").decode()[:18]
        draw.text((left, top + i * step + step // 2), plain, INK, anchor="lm")


def save_png(path: str | Path, image: Image.Image) -> Path:
    """Write `image` as PNG, whole or not at all; `OutputError` if it cannot be written."""
    with replace_atomically(path) as file:
        image.save(file, "PNG")
    return Path(path)
