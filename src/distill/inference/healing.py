"""Healing: the prior makes anew what lies around a seam, with both sides heard."""

import numpy as np
import torch

from distill.errors import NoPriorError, UsageError
from distill.inference.codec import check_belongs
from distill.inference.editing import CodeGrid, Edited, overwritten
from distill.inference.gaps import Gap, fill
from distill.inference.operations import WHOLE
from distill.inference.regions import Region
from distill.inference.sampling import Given, Sampling
from distill.inference.takes import longest_sound
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior

AROUND_S = 0.1
"""So much on either side of a seam is made anew."""


def heal(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region = WHOLE,
    around_seams: bool = True,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Edited:
    """Draw what lies around every seam in `region` from the prior, or, not `around_seams`, all of it.

    What is locked and the levels that are not in `region` stay, and count in what is drawn. The seams in what was
    healed are no seams any more. `NoPriorError` without a prior, `UsageError` where there is no seam.
    """
    prior = _prior_for(loaded, grid)
    if seed < 0:
        raise UsageError("--seed must be 0 or more.")
    start, stop, levels = region.within(*grid.codes.shape)
    stretches = _around(grid, start, stop) if around_seams else [(start, stop)]
    kept = np.ones(grid.codes.shape, dtype=bool)
    kept[start:stop, levels] = False
    if grid.locked is not None:
        kept |= grid.locked
    codes, generator = torch.tensor(grid.codes).long(), torch.Generator().manual_seed(seed)
    for first, last in stretches:
        given = Given(codes[first:last], torch.from_numpy(kept[first:last]))
        gap = Gap(codes[:first], codes[last:], last - first, given, begun=True)
        codes[first:last] = fill(prior, gap, sampling or Sampling(), generator, grid.frame_rate, longest_sound(loaded))
    healed = stretches if len(levels) == grid.codes.shape[1] else []
    left = [seam for seam in grid.seams if not any(first <= seam <= last for first, last in healed)]
    return overwritten(grid, codes.numpy(), seams=left)


def _prior_for(loaded: LoadedVQModel, grid: CodeGrid) -> CodePrior:
    check_belongs(loaded, grid)
    if loaded.prior is None:
        raise NoPriorError(f"{loaded.path} has no prior yet: run `distill train-prior {loaded.path} SOUNDS` first.")
    if loaded.prior.num_quantizers != grid.codes.shape[1]:
        raise UsageError(f"'{grid.source}' lacks levels of {loaded.path}: encode the sound again to heal it.")
    return loaded.prior


def _around(grid: CodeGrid, start: int, stop: int) -> list[tuple[int, int]]:
    """First frames of, and those after, what lies around each seam; what overlaps is taken together."""
    reach = max(1, round(AROUND_S * grid.frame_rate))
    found: list[tuple[int, int]] = []
    for seam in grid.seams:
        if not start <= seam <= stop:
            continue
        first, last = max(start, seam - reach), min(stop, seam + reach)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    if not found:
        raise UsageError(f"No edit has left a seam in '{grid.source}' there: say with --from and --to what to heal.")
    return found
