"""Edits that take the model: `distill.edit` has them beside all others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from distill.cancellation import cancellable
from distill.exports import LazyModule
from distill.inference.sampling.settings import Sampling
from distill.progress import Progress, no_progress
from distill.workflows.edit_parts import Time, as_grid, region_of

if TYPE_CHECKING:
    import numpy as np

    from distill.inference import heal as healing
    from distill.inference.codes import blend as blending
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.rearrange import EditResult
    from distill.models.persistence import LoadedVQModel
    from distill.workflows.edit_parts import Codes
else:
    # Numpy and torch load with these, at the first edit: `--help` reads signatures alone.
    blending = LazyModule("distill.inference.codes.blend")
    healing = LazyModule("distill.inference.heal")


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
    region = region_of(grid, start, stop, levels)
    with cancellable(cancel_event):
        return blending.blend(model, grid, as_grid(other), amount, region)


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
    return blending.drift(model, grid, amount, region_of(grid, start, stop, levels), seed, steps)


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
    return blending.clear(model, grid, region_of(grid, start, stop, levels))


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
    region = region_of(grid, start, stop, levels)
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
