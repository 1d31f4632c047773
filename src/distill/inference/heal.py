"""Healing: the prior makes anew what leads to a seam, with both sides heard.

What comes after the seam stays: its first frames say what the rest of it will be, and are its
attack. Of several tries is taken the half with the smaller steps of level; of these, those that the
prior, hearing the past alone, finds likelier than what was there; of these, those after which it
finds what follows likelier; of these, the smoothest; of these one, by what follows.
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from distill.errors import UsageError
from distill.inference.codes.compatible import check_fits_model
from distill.inference.codes.grid import CodeGrid
from distill.inference.codes.rearrange import EditResult, overwrite
from distill.inference.codes.region import WHOLE, Region
from distill.inference.sampling.conditions import Conditions, FixedCodes
from distill.inference.sampling.context import length_limits
from distill.inference.sampling.gap_filling import AHEAD_S, Gap, draw, fill, log_likelihood
from distill.inference.sampling.level_ramp import LevelRamp, is_attack, largest_steps, ramp_levels
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import check_seed

LEAD_S, LONGEST_LEAD_S = 0.1, 0.3
"""So much before a seam is made anew: the more, the more unlike in level its two sides are."""
SLOPE_DB = 1.5
"""The level goes up or down by no more a frame, unless the longest lead is too short for that: by
3.5 dB in 50 ms, as that of music does half of the time."""
TRIES = 24
"""For a region."""
BRIDGES = 40
"""Tries for what leads to a seam."""
COOLER = 0.6
"""Of the temperature asked for. A level that goes evenly takes unlikely codes: likely ones must
make up for that."""
JUDGED_S = 0.5
"""So much of what follows judges them."""
SMOOTHEST = 0.1
"""Share of the tries that are likely enough, of which one is taken."""
MOST = 0.5
"""From this share of the sound on it is said how much of it is made anew."""


def heal(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region = WHOLE,
    at_seams: bool = True,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> EditResult:
    """Draw what leads to every seam in `region` from the prior, or, not `at_seams`, all of it.

    What is locked and the levels that are not in `region` stay, and count in what is drawn. With
    all levels in `region`, seams beside which something was drawn are no seams any more. The remark
    says so where the seams took most of the sound. `NoPriorError` without a prior, `UsageError`
    where there is no seam.
    """
    prior = _prior_for(loaded, grid)
    check_seed(seed)
    start, stop, levels = region.resolve(*grid.codes.shape)
    codes, generator = torch.tensor(grid.codes).long(), torch.Generator().manual_seed(seed)
    kept = torch.ones(codes.shape, dtype=torch.bool)
    kept[start:stop, levels] = False
    if grid.locked is not None:
        kept |= torch.tensor(grid.locked)
    stretches = _before_seams(loaded.model, grid, start, stop) if at_seams else [(start, stop)]
    stretches = [(first, last) for first, last in stretches if not kept[first:last].all()]
    longest = _frames(LONGEST_LEAD_S, grid)
    for first, last in stretches:
        given = FixedCodes(codes[first:last], kept[first:last])
        gap = Gap(
            before=codes[:first],
            after=codes[last:],
            frames=last - first,
            starts_sound=True,
            original=given.codes,
            conditions=Conditions(fixed_codes=given, length_limits=length_limits(loaded)),
        )
        # Over what is longer, a level that goes evenly would be a flaw of its own.
        made_anew = _bridged if at_seams and gap.frames <= longest else _filled
        codes[first:last] = made_anew(loaded, prior, gap, sampling or Sampling(), generator)
    drawn = np.zeros(len(codes), bool)
    for first, last in stretches:
        drawn[first:last] = ~kept[first:last].all(1).numpy()
    left = [
        seam
        for seam in grid.seams
        if len(levels) < grid.codes.shape[1] or not drawn[seam - 1 : seam + 1].any()
    ]
    return overwrite(grid, codes.numpy(), _about_seams(drawn) if at_seams else "", left)


def _about_seams(drawn: np.ndarray) -> str:
    """What to say when most of the frames, those `drawn` `[T]` (bool), lead to a seam."""
    share = drawn.mean()
    return (
        f"The seams lie so close that {share:.0%} of the sound is made anew."
        if share > MOST
        else ""
    )


def _prior_for(loaded: LoadedVQModel, grid: CodeGrid) -> CodePrior:
    check_fits_model(loaded, grid)
    prior = loaded.require_prior()
    if prior.num_quantizers != grid.codes.shape[1]:
        raise UsageError(
            f"'{grid.source}' lacks levels of {loaded.path}: encode the sound again to heal it."
        )
    return prior


def _frames(seconds: float, grid: CodeGrid) -> int:
    return max(1, round(seconds * grid.frame_rate))


def _before_seams(codec: VQVAE, grid: CodeGrid, start: int, stop: int) -> list[tuple[int, int]]:
    """The first frame of what leads to each seam, and the seam; what is nearer than the shortest
    lead is one."""
    found: list[tuple[int, int]] = []
    for seam in (seam for seam in grid.seams if start < seam <= stop):
        earliest = found[-1][1] if found else start
        first = max(
            start, min(seam - _frames(LEAD_S, grid), max(earliest, seam - _lead(codec, grid, seam)))
        )
        if first < earliest:
            first = found.pop()[0]
        found.append((first, seam))
    if not found:
        raise UsageError(
            f"No edit has left a seam in '{grid.source}' there: say with --from and --to what to heal."
        )
    return found


def _lead(codec: VQVAE, grid: CodeGrid, seam: int) -> int:
    """Frames before `seam` over which the level of one side can turn into that of the other."""
    codes = torch.tensor(grid.codes).long()
    least = _frames(LEAD_S, grid)
    left, right = ramp_levels(codec, codes[: max(0, seam - least)], codes[seam:])
    return min(_frames(LONGEST_LEAD_S, grid), max(least, math.ceil(abs(left - right) / SLOPE_DB)))


def _filled(
    loaded: LoadedVQModel,
    prior: CodePrior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
) -> Tensor:
    """New codes `[T, Q]` for those that are given in `gap`."""
    return fill(prior, gap, sampling, generator, loaded.model.frame_rate, tries=TRIES)


def _bridged(
    loaded: LoadedVQModel,
    prior: CodePrior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
) -> Tensor:
    """As `_filled`, at a level that leads from one side to the other."""
    gap = replace(gap, after=gap.after[: round(AHEAD_S * loaded.model.frame_rate)])
    ramp = LevelRamp(loaded.model, gap.before, gap.after, gap.frames)
    gap = replace(gap, conditions=replace(gap.conditions, logit_bias=ramp.logit_bias))
    cooler = replace(sampling, temperature=COOLER * sampling.temperature)
    tries = draw(prior, gap, cooler, generator, BRIDGES)
    return _one_of(loaded.model, prior, gap, tries, generator)


def _one_of(
    codec: VQVAE, prior: CodePrior, gap: Gap, tries: Tensor, generator: torch.Generator
) -> Tensor:
    """The one `[T, Q]` that is taken of `tries` `[B, T, Q]` for what is given in `gap`."""
    assert gap.original is not None
    judged = replace(gap, after=gap.after[: round(JUDGED_S * codec.frame_rate)])
    told = log_likelihood(prior, judged, torch.cat([tries, gap.original[None]]))
    # The step up to an attack is none to be made smaller.
    follows = gap.after[:0] if is_attack(codec, gap.before, gap.after) else gap.after
    steps = largest_steps(codec, gap.before, tries, follows)
    fit = steps <= steps.median()
    for sums in (told.filling, told.fixed):
        likelier = fit & (sums[:-1] > sums[-1])
        fit = likelier if likelier.any() else fit
    fit &= steps <= steps[fit].quantile(SMOOTHEST)
    weights = told.fixed[:-1].masked_fill(~fit, -torch.inf)
    return tries[sample(weights[None], Sampling(top_p=1.0), generator)][0]
