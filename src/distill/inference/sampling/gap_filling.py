"""Filling a gap with both of its sides heard.

Each try is drawn from what precedes the gap, and by a prior that can, from what follows it as well.
Of several tries one is taken, the likelier the better it lets the prior, which now hears the past
alone, expect what follows. For tries drawn from what precedes that is
sampling-importance-resampling (Rubin 1987) of what fits both sides; for those that have heard what
follows, the ratio of the two ways to draw is left out: over hundreds of codes it would leave no
choice.
"""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from distill.inference.sampling.conditions import FixedCodes, LengthLimits, LogitBias, Suffix
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import FrameBank
from distill.models.attribute_classifier import Targets
from distill.models.prior import CodePrior

TRIES = 8
AHEAD_S = 1.0
"""So much of what follows a gap is heard, and judges the tries."""
REACH_S = 2.0
"""So much of the end of a gap is filled with what follows it in mind: before that it is too far
away."""

Progress = Callable[[int, int], None]


class Gap(NamedTuple):
    """What there is around a gap of some `frames`: codes `before` it and `after` it, `[T, Q]` each.

    `given`, if any, are codes within the gap that stay as they are; what is new is to be as
    `asked`. With the first frame before it the sound has `begun`, or it was cut there. Finer codes
    come from `units`, if there are any.
    """

    before: Tensor
    after: Tensor
    frames: int
    given: FixedCodes | None = None
    begun: bool = False
    asked: Targets | None = None
    units: FrameBank | None = None


def fill(
    prior: CodePrior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
    frame_rate: float,
    length_limits: LengthLimits | None = None,
    progress: Progress = lambda done, total: None,
    tries: int = TRIES,
    instead_of: Tensor | None = None,
) -> Tensor:
    """Codes `[frames, Q]` for `gap`. Memory does not grow with its length but for the codes
    themselves.

    Where they come `instead_of` codes `[frames, Q]`, only tries that are themselves likelier than
    those are taken, if there is one. `frame_rate` is in Hz, `length_limits` that of `draw_frames`;
    `progress` takes how many frames are drawn, and of how many.
    """
    heard = round(AHEAD_S * frame_rate)
    gap = gap._replace(after=gap.after[:heard])
    far = max(0, gap.frames - round(REACH_S * frame_rate)) if len(gap.after) else gap.frames
    drawn = gap.before[:0]
    if far:
        alone = gap._replace(after=gap.after[:0], frames=far)
        drawn = draw(
            prior,
            alone,
            sampling,
            generator,
            1,
            length_limits,
            lambda done: progress(done, gap.frames),
        )[0]
    if far < gap.frames:
        near = Gap(
            torch.cat([gap.before, drawn]),
            gap.after,
            gap.frames - far,
            _later(gap.given, far),
            gap.begun,
            gap.asked and gap.asked.after(far),
            gap.units,
        )
        drawn_near = draw(
            prior,
            near,
            sampling,
            generator,
            tries,
            length_limits,
            lambda done: progress(far + done, gap.frames),
        )
        weights = _weights(
            prior, near, drawn_near, None if instead_of is None else instead_of[far:]
        )
        chosen = int(sample(weights[None], Sampling(top_p=1.0), generator))
        drawn = torch.cat([drawn, drawn_near[chosen]])
    return drawn


def _weights(prior: CodePrior, gap: Gap, tries: Tensor, instead_of: Tensor | None) -> Tensor:
    """Logarithms `[B]` of how readily each of `tries` is taken."""
    if instead_of is None:
        return log_likelihood(prior, gap, tries).fast
    told = log_likelihood(prior, gap, torch.cat([tries, instead_of[None]]))
    likelier = told.filling[:-1] > told.filling[-1]
    return (
        told.fast[:-1].masked_fill(~likelier, -torch.inf) if likelier.any() else told.filling[:-1]
    )


def _later(given: FixedCodes | None, frames: int) -> FixedCodes | None:
    """`given` without its first `frames`."""
    return given and FixedCodes(given.codes[frames:], given.kept[frames:])


def draw(
    prior: CodePrior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
    tries: int,
    length_limits: LengthLimits | None = None,
    progress: Callable[[int], None] = lambda done: None,
    lean: LogitBias | None = None,
) -> Tensor:
    """`tries` fillings `[tries, frames, Q]` of `gap`, each by itself; what follows is heard by a
    prior that can."""
    before = gap.before[-prior.window :]
    starts = torch.zeros(len(before), dtype=torch.bool)
    starts[:1] = gap.begun and len(before) == len(gap.before)
    lead_in = LeadIn(before, starts, False, ()) if len(before) else None
    ahead = Suffix(gap.after if prior.hears_ahead else gap.after[:0], gap.frames)
    frames = []
    stream = draw_frames(
        prior,
        tries,
        sampling,
        generator,
        length_limits,
        lead_in,
        gap.given,
        ahead,
        gap.asked,
        gap.units,
        lean,
    )
    for frame in islice(stream, gap.frames):
        frames.append(frame.codes.cpu())
        progress(len(frames))
    return torch.stack(frames, 1)


class TryScores(NamedTuple):
    """Sums `[B]` of log-likelihoods, for each of `B` tries: of the codes that stand `fast`, after
    the gap or in it, and of all that is in it, the `filling`."""

    fast: Tensor
    filling: Tensor


@torch.inference_mode()
def log_likelihood(prior: CodePrior, gap: Gap, tries: Tensor) -> TryScores:
    """How likely `tries` `[B, frames, Q]` are, and make what stands fast."""
    B = len(tries)
    device = prior.start.device
    room = max(0, prior.window - gap.frames - len(gap.after))
    before = gap.before[len(gap.before) - min(room, len(gap.before)) :]
    codes = torch.cat([before.expand(B, -1, -1), tries, gap.after.expand(B, -1, -1)], 1).to(device)
    told_of = codes.shape[1] - len(before)
    scores = prior.frame_scores(codes, last=told_of).codes.log_softmax(-1)
    told = scores.gather(-1, codes[:, len(before) :, :, None])[..., 0]
    fast = torch.ones(told.shape[1:], dtype=torch.bool, device=device)
    fast[: gap.frames] = False
    if gap.given:
        kept = gap.given.kept[: gap.frames].to(device)
        fast[: len(kept)] |= kept
    return TryScores((told * fast).sum((1, 2)).cpu(), told[:, : gap.frames].sum((1, 2)).cpu())
