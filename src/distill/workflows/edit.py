"""Edits of codes by the words of the command line: times in seconds (`1.5`) or frames (`70f`),
levels by name.

Each function takes a grid (`distill.encode` makes one) and returns it edited, with what there is to
say about it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from distill.inference import heal as healing
from distill.inference.codes import blend as blending
from distill.inference.codes import operations
from distill.inference.codes.file import load_codes
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.operations import PasteMode
from distill.inference.codes.rearrange import EditResult
from distill.inference.codes.region import parse_edge, parse_region
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel

Time = str | float | None
Levels = str | None
Codes = CodeGrid | str | Path


def _grid(codes: Codes) -> CodeGrid:
    return codes if isinstance(codes, CodeGrid) else load_codes(codes)


def _edge(grid: CodeGrid, time: Time) -> int | None:
    return None if time is None else parse_edge(grid, time)


# --- one sound ------------------------------------------------------------------------------------


def set_code(
    grid: CodeGrid,
    code: int | np.ndarray,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
) -> EditResult:
    """Paint a region with one code, or with `[t, q]` of its own."""
    return operations.set_code(grid, code, parse_region(grid, start, stop, levels))


def replace(
    grid: CodeGrid, old: int, new: int, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Put code `new` wherever `old` stands in a region."""
    return operations.replace_code(grid, old, new, parse_region(grid, start, stop, levels))


def crop(grid: CodeGrid, start: Time = None, stop: Time = None) -> EditResult:
    """Keep a stretch of time alone."""
    return operations.crop(grid, parse_region(grid, start, stop))


def cut(grid: CodeGrid, start: Time = None, stop: Time = None, levels: Levels = None) -> EditResult:
    """Take a stretch of time out."""
    return operations.cut(grid, parse_region(grid, start, stop, levels))


def copy(
    grid: CodeGrid,
    at: str | float,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
    mode: PasteMode = "insert",
    until: Time = None,
) -> EditResult:
    """Play a region once more at another time; the modes are those of `paste`."""
    return operations.copy(
        grid,
        parse_region(grid, start, stop, levels),
        parse_edge(grid, at),
        mode,
        _edge(grid, until),
    )


def paste(
    grid: CodeGrid,
    other: Codes,
    at: str | float,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
    mode: PasteMode = "insert",
    until: Time = None,
) -> EditResult:
    """Bring in a stretch of another sound (`start` to `stop` are times of that): `insert`,
    `overwrite`, `repeat`."""
    source = _grid(other)
    clip = operations.crop(source, parse_region(source, start, stop)).grid
    chosen = parse_region(grid, levels=levels).levels
    return operations.paste(grid, clip, parse_edge(grid, at), mode, _edge(grid, until), chosen)


def move(
    grid: CodeGrid, at: str | float, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Play a region at another time; what was between closes up."""
    return operations.move(grid, parse_region(grid, start, stop, levels), parse_edge(grid, at))


def reverse(
    grid: CodeGrid, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Play a region backwards, frame by frame."""
    return operations.reverse(grid, parse_region(grid, start, stop, levels))


def repeat(
    grid: CodeGrid, start: Time = None, stop: Time = None, levels: Levels = None, times: int = 2
) -> EditResult:
    """Play a region several times in a row."""
    return operations.repeat(grid, parse_region(grid, start, stop, levels), times)


def stretch(
    grid: CodeGrid, factor: float, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Make a region longer or shorter at the same pitch."""
    return operations.stretch(grid, parse_region(grid, start, stop, levels), factor)


def shuffle(
    grid: CodeGrid,
    block: str | float,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
    seed: int = 0,
) -> EditResult:
    """Play a region in blocks, in random order; `block` is a time, of one frame at least."""
    frames = max(parse_edge(grid, block), 1)
    return operations.shuffle(grid, parse_region(grid, start, stop, levels), frames, seed)


def lock(
    grid: CodeGrid, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Hold a region against edits."""
    return operations.lock(grid, parse_region(grid, start, stop, levels))


def unlock(
    grid: CodeGrid, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Let edits change a region again."""
    return operations.unlock(grid, parse_region(grid, start, stop, levels))


# --- two sounds -----------------------------------------------------------------------------------


def transplant(
    grid: CodeGrid, other: Codes, levels: str, start: Time = None, stop: Time = None
) -> EditResult:
    """Give a sound levels of another: the structure of one with the timbre of the other."""
    return operations.transplant(grid, _grid(other), parse_region(grid, start, stop, levels))


def swap(
    grid: CodeGrid, other: Codes, start: Time = None, stop: Time = None, levels: Levels = None
) -> EditResult:
    """Let a sound go on as another in a region; `distill.inference.operations.swap` gives both
    halves."""
    return operations.swap(grid, _grid(other), parse_region(grid, start, stop, levels))[0]


# --- through the model ----------------------------------------------------------------------------


def blend(
    model: LoadedVQModel,
    grid: CodeGrid,
    other: Codes,
    amount: float | np.ndarray,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
) -> EditResult:
    """Go from one sound (`amount` 0) towards another (1) in a region."""
    return blending.blend(
        model, grid, _grid(other), amount, parse_region(grid, start, stop, levels)
    )


def drift(
    model: LoadedVQModel,
    grid: CodeGrid,
    amount: float,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
    seed: int = 0,
    steps: int = 1,
) -> EditResult:
    """Make a region a little different."""
    return blending.drift(model, grid, amount, parse_region(grid, start, stop, levels), seed, steps)


def clear(
    model: LoadedVQModel,
    grid: CodeGrid,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
) -> EditResult:
    """Wipe a region."""
    return blending.clear(model, grid, parse_region(grid, start, stop, levels))


def heal(
    model: LoadedVQModel,
    grid: CodeGrid,
    start: Time = None,
    stop: Time = None,
    levels: Levels = None,
    temperature: float = 1.0,
    seed: int = 0,
    seams: bool = False,
) -> EditResult:
    """Let the prior make anew what leads to every seam that edits have left, at 0.6 of the
    `temperature`.

    With `start` or `stop`, all of a region, or what leads to the `seams` in it.
    """
    region, sampling = parse_region(grid, start, stop, levels), Sampling(temperature=temperature)
    return healing.heal(
        model, grid, region, seams or (start is None and stop is None), sampling, seed
    )


# --- by name --------------------------------------------------------------------------------------

PLAIN: dict[str, Callable[..., EditResult]] = {
    "set": set_code,
    "replace": replace,
    "crop": crop,
    "cut": cut,
    "copy": copy,
    "paste": paste,
    "move": move,
    "reverse": reverse,
    "repeat": repeat,
    "stretch": stretch,
    "shuffle": shuffle,
    "transplant": transplant,
    "swap": swap,
    "lock": lock,
    "unlock": unlock,
}
"""What needs a grid only."""

WITH_MODEL: dict[str, Callable[..., EditResult]] = {
    "blend": blend,
    "drift": drift,
    "clear": clear,
    "heal": heal,
}
"""What takes the model first."""
