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

New edits: one function here, and one operation in `distill.inference.codes.operations`.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from distill.cancellation import cancellable
from distill.exports import LazyModule
from distill.inference.sampling.settings import Sampling
from distill.progress import Progress, no_progress

if TYPE_CHECKING:
    import numpy as np

    from distill.inference import heal as healing
    from distill.inference.codes import blend as blending
    from distill.inference.codes import file, operations
    from distill.inference.codes import region as parse
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.operations import PasteMode
    from distill.inference.codes.rearrange import EditResult
    from distill.inference.codes.region import Region
    from distill.models.persistence import LoadedVQModel

    Codes = CodeGrid | str | Path
    """A sound: its grid, or the path of its codes file."""
else:
    # Numpy and torch load with these, at the first edit: `--help` reads signatures alone.
    blending = LazyModule("distill.inference.codes.blend")
    file = LazyModule("distill.inference.codes.file")
    healing = LazyModule("distill.inference.heal")
    operations = LazyModule("distill.inference.codes.operations")
    parse = LazyModule("distill.inference.codes.region")

Time = str | float
"""Seconds (`1.5`) or code frames (`"70f"`)."""

Function = TypeVar("Function", bound=Callable[..., Any])

EDITS: dict[str, Callable[..., EditResult]] = {}
"""Every edit by the word that names it on the command line, in the order of its help."""


def command(name: str) -> Callable[[Function], Function]:
    """Registers an edit in `EDITS` under the word `name`."""

    def register(edit: Function) -> Function:
        EDITS[name] = edit
        return edit

    return register


def needs_model(name: str) -> bool:
    """Whether the edit called `name` takes the model as its first argument."""
    return "model" in inspect.signature(EDITS[name]).parameters


def _as_grid(codes: Codes) -> CodeGrid:
    return file.load_codes(codes) if isinstance(codes, str | Path) else codes


def _region(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> Region:
    return parse.parse_region(grid, start, stop, levels)


def _frame(grid: CodeGrid, time: Time) -> int:
    return parse.parse_edge(grid, time)


def _end_frame(grid: CodeGrid, until: Time | None) -> int | None:
    return None if until is None else _frame(grid, until)


# --- one sound ------------------------------------------------------------------------------------


@command("set")
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
    return operations.set_code(grid, code, _region(grid, start, stop, levels))


@command("replace")
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
    return operations.replace_code(grid, old, new, _region(grid, start, stop, levels))


@command("crop")
def crop(grid: CodeGrid, start: Time | None = None, stop: Time | None = None) -> EditResult:
    """Keep a stretch of time and drop the rest."""
    return operations.crop(grid, _region(grid, start, stop))


@command("cut")
def cut(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Remove a stretch of time; what follows moves up.

    If only some `levels` are cut, the length stays: their last codes are held.
    """
    return operations.cut(grid, _region(grid, start, stop, levels))


@command("copy")
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
    region = _region(grid, start, stop, levels)
    return operations.copy(grid, region, _frame(grid, at), mode, _end_frame(grid, until))


@command("paste")
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
    source = _as_grid(other)
    clip = operations.crop(source, _region(source, start, stop)).grid
    level_indices = _region(grid, levels=levels).levels
    end = _end_frame(grid, until)
    return operations.paste(grid, clip, _frame(grid, at), mode, end, level_indices)


@command("move")
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
    return operations.move(grid, _region(grid, start, stop, levels), _frame(grid, at))


@command("reverse")
def reverse(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Play a region backwards, frame by frame.

    Swells become fades; each frame of 21 ms still runs forward.
    """
    return operations.reverse(grid, _region(grid, start, stop, levels))


@command("repeat")
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
    return operations.repeat(grid, _region(grid, start, stop, levels), times)


@command("stretch")
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
    return operations.stretch(grid, _region(grid, start, stop, levels), factor)


@command("shuffle")
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
    frames = max(_frame(grid, block), 1)
    return operations.shuffle(grid, _region(grid, start, stop, levels), frames, seed)


# --- two sounds -----------------------------------------------------------------------------------


@command("swap")
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
    result, _ = operations.swap(grid, _as_grid(other), _region(grid, start, stop, levels))
    return result


@command("transplant")
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
    return operations.transplant(grid, _as_grid(other), _region(grid, start, stop, levels))


# --- through the model ----------------------------------------------------------------------------


@command("blend")
def blend(
    model: LoadedVQModel,
    grid: CodeGrid,
    other: Codes,
    amount: float | np.ndarray,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    *,
    cancel_event: threading.Event | None = None,
) -> EditResult:
    """Blend a region with another sound into one new sound.

    Not a crossfade: the result lies between the two, code by code.

    Args:
        amount: 0 is this sound, 1 the other. In Python also `[t]`, one for each frame of the
            region.
    """
    region = _region(grid, start, stop, levels)
    with cancellable(cancel_event):
        return blending.blend(model, grid, _as_grid(other), amount, region)


@command("drift")
def drift(
    model: LoadedVQModel,
    grid: CodeGrid,
    amount: float,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    seed: int = 0,
    steps: int = 1,
) -> EditResult:
    """Vary a region a little.

    Codes change to codes that sound similar; what repeats still repeats.

    Args:
        amount: Share of the codes that change, 0 to 1.
        steps: How often they change: the more, the further away.
    """
    return blending.drift(model, grid, amount, _region(grid, start, stop, levels), seed, steps)


@command("clear")
def clear(
    model: LoadedVQModel,
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Silence a region.

    With only some `levels`: set them to the codes that add least to the others.
    """
    return blending.clear(model, grid, _region(grid, start, stop, levels))


@command("heal")
def heal(
    model: LoadedVQModel,
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
    temperature: float = 1.0,
    seed: int = 0,
    seams: bool = False,
    *,
    progress: Progress = no_progress,
    cancel_event: threading.Event | None = None,
) -> EditResult:
    """Mend seams: regenerate the moment before each edit point.

    The prior draws codes that lead from one side to the other. Without `start` and `stop`: the last
    0.1 to 0.3 s before every seam that edits left, longer where its sides differ more in loudness.
    The level runs evenly from one side to the other; an attack is never replaced. With `start` or
    `stop`: the whole region.

    Args:
        temperature: Above 1 wilder, below 1 tamer; seams take 0.6 of it.
        seams: Of the region, only the moment before each seam.
    """
    region = _region(grid, start, stop, levels)
    only_seams = seams or (start is None and stop is None)
    with cancellable(cancel_event):
        return healing.heal(
            model,
            grid,
            region,
            at_seams=only_seams,
            sampling=Sampling(temperature=temperature),
            seed=seed,
            progress=progress,
        )


# --- locks ----------------------------------------------------------------------------------------


@command("lock")
def lock(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Lock a region: edits neither change nor move it."""
    return operations.lock(grid, _region(grid, start, stop, levels))


@command("unlock")
def unlock(
    grid: CodeGrid,
    start: Time | None = None,
    stop: Time | None = None,
    levels: str | None = None,
) -> EditResult:
    """Unlock a region: edits may change it again."""
    return operations.unlock(grid, _region(grid, start, stop, levels))
