"""Colours of codes, and a grid as a picture of one pixel a cell."""

import colorsys
import io
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from distill.html import image_element

if TYPE_CHECKING:
    from distill.inference.codes.grid import CodeGrid

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
"""Hues a golden ratio of the circle apart are never close for long."""

SATURATION = 0.55
"""Saturation of all colours of codes, from 0 to 1."""

BRIGHTNESS = 0.95
"""Brightness of the most frequent code, from 0 to 1."""

DARKEST = 0.25
"""Brightness of a code that the corpus never uses, as a share of `BRIGHTNESS`."""

MOST_COLUMNS = 800
"""Columns of a picture: a longer grid shows one of several frames in each."""

CELL_WIDTH = 4
"""Pixels."""

ROW_HEIGHT = 12
"""Pixels."""

WIDEST = 800
"""Pixels of a picture."""


def colour_codes(codes: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Colours of codes: equal codes have equal colours, and rarer ones are darker.

    Args:
        codes: Codes `[n]` of one level.
        counts: How often the corpus uses each code `[K]`; without, all are equally bright.

    Returns:
        Red, green and blue from 0 to 255, `[n, 3]`.
    """
    # Only the codes that occur get a colour: the codebook may be as large as a file claims.
    present, places = np.unique(codes, return_inverse=True)
    brightness = np.ones(len(present))
    if counts is not None:
        brightness = DARKEST + (1 - DARKEST) * frequency(counts)[present]

    colours = []
    for code, share in zip(present, brightness, strict=True):
        hue = code * GOLDEN_RATIO % 1
        colours.append(colorsys.hsv_to_rgb(hue, SATURATION, BRIGHTNESS * share))
    return (255 * np.array(colours)).round().astype(np.uint8)[places]


def frequency(counts: np.ndarray) -> np.ndarray:
    """`counts` `[K]` on a logarithmic scale: 0 for codes that never occur, 1 for the commonest."""
    highest = max(int(counts.max()), 1)
    return np.log1p(counts) / math.log1p(highest)


def grid_element(grid: "CodeGrid") -> str:
    """A grid as a picture in HTML: one row a level, time from left to right."""
    every = math.ceil(len(grid.codes) / MOST_COLUMNS)
    columns = grid.codes[::every].T
    pixels = np.stack([colour_codes(row) for row in columns])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    levels = ", ".join(grid.level_names)
    width = min(WIDEST, CELL_WIDTH * pixels.shape[1])
    height = ROW_HEIGHT * len(pixels)
    return image_element(file.getvalue(), "image/png", f"Codes, from top: {levels}", width, height)
