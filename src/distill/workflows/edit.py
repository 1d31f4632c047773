"""Edits of codes, each declared once, for `distill edit`, for scripts and for `distill.edit`.

An edit takes a `CodeGrid` and returns an `EditResult`: the new grid, and remarks on how it went.
Its docstring and its signature are the help and the options of its command. These parameters mean
the same in all edits:

    grid: The sound to edit, as `distill.encode` gives it.
    start: Where the region begins: seconds (`1.5`) or code frames (`"70f"`). None: at the start.
    stop: Where the region ends. None: at the end of the sound.
    levels: Levels of the region: `"1-2"`, `"1,3"` or `"structure,timbre"`. None: all.
    other: Another sound, as a grid or as the path of a codes file.
    model: The model that made the codes, as `distill.load` gives it.
    seed: Same seed, same result.

Arguments that can be given by name alone are for Python, and no options:

    progress: Takes the code frames drawn so far and the number of all.
    cancel_event: Ends the work with a `CancelledError` once it is set, by another thread.

Example:
    codes = distill.encode(model, "loop.wav")
    backwards = distill.edit.reverse(codes, start=1, stop=2.5, levels="structure").grid

New edits: one function here or in `edit_by_model`, its line in `EDITS`, and one operation in
`distill.inference.codes.operations`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from distill.exports import LazyModule
from distill.workflows.edit_by_model import blend, clear, drift, heal
from distill.workflows.edit_parts import Time, as_grid, end_frame_of, frame_of, region_of

if TYPE_CHECKING:
    import numpy as np

    from distill.inference.codes import operations
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.operations import PasteMode
    from distill.inference.codes.rearrange import EditResult
    from distill.workflows.edit_parts import Codes
else:
    # Numpy and torch load with it, at the first edit: `--help` reads signatures alone.
    operations = LazyModule("distill.inference.codes.operations")


# --- one sound ------------------------------------------------------------------------------------


def set_code(
    grid: CodeGrid,
    code: int | np.ndarray,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Paint a region with one code: it drones there.

    Args:
        code: Code to paint with. In Python also codes `[t, q]`, one for each cell of the region.
    """
    return operations.set_code(grid, code, region_of(grid, start, stop, levels))


def replace(
    grid: CodeGrid,
    old: int,
    new: int,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Replace one code by another, wherever it occurs.

    One colour of the sound becomes another; the rhythm stays.

    Args:
        old: Code to look for.
        new: Code to put in its place.
    """
    return operations.replace_code(grid, old, new, region_of(grid, start, stop, levels))


def crop(grid: CodeGrid, start: Time | None = None, stop: Time | None = None) -> EditResult:
    """Keep a stretch of time and drop the rest."""
    return operations.crop(grid, region_of(grid, start, stop))


def cut(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Remove a stretch of time; what follows moves up.

    If only some `levels` are cut, the length stays: their last codes are held.
    """
    return operations.cut(grid, region_of(grid, start, stop, levels))


def copy(
    grid: CodeGrid,
    at: Time,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    mode: PasteMode = "insert",
    until: Time | None = None,
) -> EditResult:
    """Play a region once more at another time.

    The sound at that time makes room (insert), is replaced (overwrite), or is replaced over and
    over up to `until` (repeat).

    Args:
        at: Where it goes: seconds or frames.
        mode: insert, overwrite or repeat.
        until: Where repeat ends. Default: end of the sound.
    """
    region = region_of(grid, start, stop, levels)
    return operations.copy(grid, region, frame_of(grid, at), mode, end_frame_of(grid, until))


def paste(
    grid: CodeGrid,
    other: Codes,
    at: Time,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    mode: PasteMode = "insert",
    until: Time | None = None,
) -> EditResult:
    """Bring in a stretch of another sound.

    `start` and `stop` are times in the other sound, `at` is a time in this one. The modes are those
    of copy.

    Args:
        at: Where it goes: seconds or frames.
        mode: insert, overwrite or repeat.
        until: Where repeat ends. Default: end of the sound.
    """
    source = as_grid(other)
    clip = operations.crop(source, region_of(source, start, stop)).grid
    level_indices = region_of(grid, levels=levels).levels
    end = end_frame_of(grid, until)
    return operations.paste(grid, clip, frame_of(grid, at), mode, end, level_indices)


def move(
    grid: CodeGrid,
    at: Time,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Move a region to another time; the length stays.

    Args:
        at: Where it goes: seconds or frames.
    """
    return operations.move(grid, region_of(grid, start, stop, levels), frame_of(grid, at))


def reverse(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Play a region backwards, frame by frame.

    Swells become fades; each frame of 21 ms still runs forward.
    """
    return operations.reverse(grid, region_of(grid, start, stop, levels))


def repeat(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    times: int = 2,
) -> EditResult:
    """Play a region several times in a row.

    Args:
        times: How often it plays in all.
    """
    return operations.repeat(grid, region_of(grid, start, stop, levels), times)


def stretch(
    grid: CodeGrid,
    factor: float,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Make a region longer or shorter at the same pitch.

    Args:
        factor: 2 is twice as long, 0.5 half.
    """
    return operations.stretch(grid, region_of(grid, start, stop, levels), factor)


def shuffle(
    grid: CodeGrid,
    block: Time,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    seed: int = 0,
) -> EditResult:
    """Cut a region into blocks and play them in random order.

    Args:
        block: Length of a block: seconds or frames.
    """
    frames = max(frame_of(grid, block), 1)
    return operations.shuffle(grid, region_of(grid, start, stop, levels), frames, seed)


# --- two sounds -----------------------------------------------------------------------------------


def swap(
    grid: CodeGrid,
    other: Codes,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Replace a region by the same stretch of another sound.

    For the other half of the swap, name the two sounds the other way round.
    """
    result, _ = operations.swap(grid, as_grid(other), region_of(grid, start, stop, levels))
    return result


def transplant(
    grid: CodeGrid,
    other: Codes,
    levels: str,
    start: Time | None = None,
    stop: Time | None = None,
) -> EditResult:
    """Take levels from another sound.

    The structure of one with the timbre of the other: `levels` timbre.

    Args:
        levels: Levels that come from the other sound: 1-2, or timbre,texture.
    """
    return operations.transplant(grid, as_grid(other), region_of(grid, start, stop, levels))


# --- locks ----------------------------------------------------------------------------------------


def lock(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Lock a region: edits neither change nor move it."""
    return operations.lock(grid, region_of(grid, start, stop, levels))


def unlock(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Unlock a region: edits may change it again."""
    return operations.unlock(grid, region_of(grid, start, stop, levels))


# --- all ------------------------------------------------------------------------------------------

EDITS: dict[str, Callable[..., EditResult]] = {
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
    "swap": swap,
    "transplant": transplant,
    "blend": blend,
    "drift": drift,
    "clear": clear,
    "heal": heal,
    "lock": lock,
    "unlock": unlock,
}
"""Every edit by the word that names it on the command line, in the order of its help."""


def needs_model(name: str) -> bool:
    """Whether the edit called `name` takes the model as its first argument."""
    return "model" in inspect.signature(EDITS[name]).parameters
