"""Healing: the prior redraws the frames before a seam, or a region, with both sides heard.

The frames after a seam stay: they are the attack of the sound that begins there, and decide what
follows. Before a seam many tries are drawn along a ramp of level (`sampling/level_ramp.py`). Five
filters choose among them:

1. the half of the tries with the smaller steps of level;
2. of these, tries that the prior, given the past alone, finds likelier than the original codes;
3. of these, tries after which it finds the following codes likelier than after the original;
4. of these, the tenth with the smallest steps of level;
5. of these, one at random, weighted by the likelihood of the following codes.

Where no try passes filter 2 or 3, that filter is left out. The weighting is importance resampling,
as in `sampling/gap_filling.py`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.cancellation import check_each
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
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.progress import Progress, no_progress
from distill.settings import check_seed

LEAD_S = 0.1
"""Seconds before a seam that are redrawn, at least."""

LONGEST_LEAD_S = 0.3
"""The same at most, where the levels of the two sides differ much."""

SLOPE_DB = 1.5
"""Change of level per frame along the ramp, at most, unless the longest lead is too short for that.
It makes 3.5 dB in 50 ms; half of the time, music changes by as much."""

REGION_TRIES = 24
"""Tries for a region."""

RAMP_TRIES = 40
"""Tries for the frames before a seam."""

COOLER = 0.6
"""Factor on the temperature along a ramp. An even level calls for unlikely codes: a cooler draw
makes up for that."""

JUDGE_WINDOW_S = 0.5
"""Seconds after the seam whose likelihood judges the tries."""

SMOOTHEST = 0.1
"""Share of the tries, by their steps of level, that pass filter 4."""

MOST = 0.5
"""Share of the sound above which the remark says how much was redrawn."""


class Stretch(NamedTuple):
    """Frames `start` to `stop` (exclusive) to redraw."""

    start: int
    stop: int


def heal(
    loaded: LoadedVQModel,
    grid: CodeGrid,
    region: Region = WHOLE,
    at_seams: bool = True,
    sampling: Sampling | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> EditResult:
    """Redraw the frames before every seam, or a whole region.

    Locked codes, and levels that are not in `region`, stay and condition the draw.

    Args:
        loaded: A model with a prior, whose codec made the codes.
        grid: The codes.
        region: The seams to heal lie in it; or the codes to redraw.
        at_seams: Redraw the frames before each seam; if not, all of `region`.
        sampling: How codes are drawn.
        seed: The same seed gives the same codes.
        progress: Takes the code frames drawn so far and the number of all.

    Returns:
        The new grid. Seams beside which all levels were open and something was drawn are gone. A
        remark says so where most of the sound was redrawn.

    Raises:
        NoPriorError: The model has no prior.
        CodebookMismatchError: Another codec made the codes.
        UsageError: There is no seam in `region`, or the seed is out of range.

    Example:
        spliced = operations.paste(first, second, at=20).grid
        smooth = heal(loaded, spliced).grid
    """
    healer = _Healer(
        loaded=loaded,
        prior=_prior_for(loaded, grid),
        sampling=sampling or Sampling(),
        generator=_generator(seed),
    )
    T, Q = grid.codes.shape
    start, stop, levels = region.resolve(T, Q)
    is_fixed = _fixed_mask(grid, start, stop, levels)
    stretches = [Stretch(start, stop)]
    if at_seams:
        stretches = _leads(loaded.model, grid, start, stop)
    # Where all codes are fixed, there is nothing to draw.
    stretches = [stretch for stretch in stretches if not is_fixed[slice(*stretch)].all()]

    codes = torch.tensor(grid.codes).long()
    longest_ramp = _frames(LONGEST_LEAD_S, grid)
    total = sum(stretch.stop - stretch.start for stretch in stretches)
    count = 0
    for stretch in stretches:
        gap = _gap(loaded, codes, is_fixed, stretch)
        report = partial(_report, progress, count, total)
        # Over a longer stretch, an even level would be a flaw of its own.
        is_ramp = at_seams and gap.frames <= longest_ramp
        fill_gap = healer.fill_ramp if is_ramp else healer.fill
        codes[slice(*stretch)] = fill_gap(gap, report)
        count += gap.frames

    is_new = _redrawn_frames(is_fixed, stretches)
    seams = _remaining_seams(grid, is_new, all_levels=len(levels) == Q)
    return overwrite(grid, codes.numpy(), _remark(is_new) if at_seams else "", seams)


def _report(progress: Progress, done: int, total: int, frames: int) -> None:
    """Pass on that `frames` of the current gap are drawn, after the `done` ones of earlier gaps."""
    progress(done + frames, total)


def _generator(seed: int) -> torch.Generator:
    check_seed(seed)
    return torch.Generator().manual_seed(seed)


def _prior_for(loaded: LoadedVQModel, grid: CodeGrid) -> CodePrior:
    """The prior of `loaded`, for codes of the levels that it knows."""
    check_fits_model(loaded, grid)
    prior = loaded.require_prior()
    if prior.num_quantizers != grid.codes.shape[1]:
        raise UsageError(
            f"'{grid.source}' lacks levels of {loaded.path}: encode the sound again to heal it."
        )
    return prior


def _frames(seconds: float, grid: CodeGrid) -> int:
    return max(1, round(seconds * grid.frame_rate))


def _fixed_mask(grid: CodeGrid, start: int, stop: int, levels: Sequence[int]) -> Tensor:
    """Codes that stay, `[T, Q]` (bool): locked ones, and all outside of the region."""
    # Locked codes stay inside the region too.
    is_fixed = torch.ones(grid.codes.shape, dtype=torch.bool)
    is_fixed[start:stop, levels] = False
    if grid.locked is not None:
        is_fixed |= torch.tensor(grid.locked)
    return is_fixed


def _gap(loaded: LoadedVQModel, codes: Tensor, is_fixed: Tensor, stretch: Stretch) -> Gap:
    """`stretch` of `codes` `[T, Q]` as a gap around those that stay, `is_fixed` `[T, Q]`."""
    original = codes[slice(*stretch)]
    fixed_codes = FixedCodes(original, is_fixed[slice(*stretch)])
    return Gap(
        before=codes[: stretch.start],
        after=codes[stretch.stop :],
        frames=len(original),
        # The first frame of a codes file counts as the beginning of a sound.
        starts_sound=True,
        original=original,
        conditions=Conditions(fixed_codes=fixed_codes, length_limits=length_limits(loaded)),
    )


def _leads(codec: VQVAE, grid: CodeGrid, start: int, stop: int) -> list[Stretch]:
    """The frames to redraw before each seam from `start` to `stop`. Leads that overlap are one."""
    shortest = _frames(LEAD_S, grid)
    leads: list[Stretch] = []
    codes = torch.tensor(grid.codes).long()
    for seam in check_each(grid.seams):
        if not start < seam <= stop:
            continue
        previous_seam = leads[-1].stop if leads else start
        first = max(previous_seam, seam - _lead_frames(codec, grid, codes, seam))
        # The shortest lead may reach beyond the previous seam.
        first = max(start, min(first, seam - shortest))
        if first < previous_seam:
            first = leads.pop().start
        leads.append(Stretch(first, seam))
    if not leads:
        raise UsageError(
            f"No edit has left a seam in '{grid.source}' there: "
            "say with --from and --to what to heal."
        )
    return leads


def _lead_frames(codec: VQVAE, grid: CodeGrid, codes: Tensor, seam: int) -> int:
    """Frames before `seam` that a ramp between the levels of its two sides in `codes` `[T, Q]`
    takes."""
    shortest = _frames(LEAD_S, grid)
    level_before, level_after = ramp_levels(codec, codes[: max(0, seam - shortest)], codes[seam:])
    frames = math.ceil(abs(level_before - level_after) / SLOPE_DB)
    return min(_frames(LONGEST_LEAD_S, grid), max(shortest, frames))


def _redrawn_frames(is_fixed: Tensor, stretches: Sequence[Stretch]) -> np.ndarray:
    """Frames `[T]` (bool) of the `stretches` in which not all codes stay, `is_fixed` `[T, Q]`."""
    is_new = np.zeros(len(is_fixed), bool)
    for stretch in stretches:
        is_new[slice(*stretch)] = ~is_fixed[slice(*stretch)].all(1).numpy()
    return is_new


def _remaining_seams(grid: CodeGrid, is_new: np.ndarray, all_levels: bool) -> list[int]:
    """Seams without a new frame beside them, `is_new` `[T]` (bool); all seams if a level stayed."""
    # A level that stayed still has the step that the edit made.
    if not all_levels:
        return list(grid.seams)
    return [seam for seam in grid.seams if not is_new[seam - 1 : seam + 1].any()]


def _remark(is_new: np.ndarray) -> str:
    """A sentence where most of the frames are new, `is_new` `[T]` (bool)."""
    share = is_new.mean()
    if share <= MOST:
        return ""
    return f"The seams lie so close that {share:.0%} of the sound was regenerated."


@dataclass(frozen=True)
class _Healer:
    """Fills gaps with codes of the prior, in one order of draws from one generator."""

    loaded: LoadedVQModel
    prior: CodePrior
    sampling: Sampling
    generator: torch.Generator

    def fill(self, gap: Gap, report: Callable[[int], None]) -> Tensor:
        """Codes `[T, Q]` for a region; `report` takes the frames drawn so far."""
        return fill(
            self.prior,
            gap,
            self.sampling,
            self.generator,
            self.loaded.model.frame_rate,
            progress=lambda done, total: report(done),
            tries=REGION_TRIES,
        )

    def fill_ramp(self, gap: Gap, report: Callable[[int], None]) -> Tensor:
        """Codes `[T, Q]` whose level leads evenly from one side of the gap to the other."""
        codec = self.loaded.model
        gap = replace(gap, after=gap.after[: round(AHEAD_S * codec.frame_rate)])
        with cancel_points():
            ramp = LevelRamp(codec, gap.before, gap.after, gap.frames)
        gap = replace(gap, conditions=replace(gap.conditions, logit_bias=ramp.logit_bias))
        # Each gap has its own line to follow, and a cooler draw.
        cooler = replace(self.sampling, temperature=COOLER * self.sampling.temperature)
        tries = draw(self.prior, gap, cooler, self.generator, RAMP_TRIES, report)
        with cancel_points():
            return self._choose(gap, tries)

    def _choose(self, gap: Gap, tries: Tensor) -> Tensor:
        """One of the `tries` `[B, T, Q]`, by the five filters of the module's docstring."""
        codec = self.loaded.model
        assert gap.original is not None
        short_gap = replace(gap, after=gap.after[: round(JUDGE_WINDOW_S * codec.frame_rate)])
        # The last entry of each score is that of the original codes.
        scores = log_likelihood(self.prior, short_gap, torch.cat([tries, gap.original[None]]))
        # The step up to an attack belongs to it: it must not become smaller.
        has_attack = is_attack(codec, gap.before, gap.after)
        after = gap.after[:0] if has_attack else gap.after
        steps = largest_steps(codec, gap.before, tries, after)
        # Filter 1.
        passing = steps <= steps.median()
        # Filters 2 and 3.
        for log_likelihoods in (scores.filling, scores.context):
            likelier = passing & (log_likelihoods[:-1] > log_likelihoods[-1])
            if likelier.any():
                passing = likelier
        # Filters 4 and 5.
        passing &= steps <= steps[passing].quantile(SMOOTHEST)
        weights = scores.context[:-1].masked_fill(~passing, -torch.inf)
        return tries[sample(weights[None], Sampling(top_p=1.0), self.generator)][0]
