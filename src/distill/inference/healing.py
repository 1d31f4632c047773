"""Healing: the prior makes anew what leads to a seam, with both sides heard.

What comes after the seam stays: its first frames say what the rest of it will be, and are its attack.
"""

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

LEAD_S = 0.1
"""So much before a seam is made anew."""
TRIES = 24


def heal(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region = WHOLE,
    at_seams: bool = True,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> Edited:
    """Draw what leads to every seam in `region` from the prior, or, not `at_seams`, all of it.

    What is locked and the levels that are not in `region` stay, and count in what is drawn. The seams in what was
    healed are no seams any more. `NoPriorError` without a prior, `UsageError` where there is no seam.
    """
    prior = _prior_for(loaded, grid)
    if seed < 0:
        raise UsageError("--seed must be 0 or more.")
    start, stop, levels = region.within(*grid.codes.shape)
    stretches = _before_seams(grid, start, stop) if at_seams else [(start, stop)]
    kept = np.ones(grid.codes.shape, dtype=bool)
    kept[start:stop, levels] = False
    if grid.locked is not None:
        kept |= grid.locked
    codes, generator = torch.tensor(grid.codes).long(), torch.Generator().manual_seed(seed)
    for first, last in stretches:
        given = Given(codes[first:last], torch.from_numpy(kept[first:last]))
        gap = Gap(codes[:first], codes[last:], last - first, given, begun=True)
        codes[first:last] = fill(
            prior, gap, sampling or Sampling(), generator, grid.frame_rate, longest_sound(loaded), tries=TRIES,
            instead_of=codes[first:last],
        )  # fmt: skip
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


def _before_seams(grid: CodeGrid, start: int, stop: int) -> list[tuple[int, int]]:
    """The first frame of what leads to each seam, and the seam; what overlaps is taken together."""
    reach = max(1, round(LEAD_S * grid.frame_rate))
    found: list[tuple[int, int]] = []
    for seam in grid.seams:
        first = max(start, seam - reach)
        if found and start < seam <= stop and first < found[-1][1]:
            found[-1] = (found[-1][0], seam)
        elif start < seam <= stop:
            found.append((first, seam))
    if not found:
        raise UsageError(f"No edit has left a seam in '{grid.source}' there: say with --from and --to what to heal.")
    return found
