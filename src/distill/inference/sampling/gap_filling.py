"""Gap filling (infilling) from both sides, by importance resampling.

Several tries are drawn, each given the codes before the gap, and those after it by a prior that
`hears_ahead`. One try is chosen, in proportion to the likelihood of the fixed codes given the try.
It tells how well the prior, now given the past alone, predicts the codes after the gap.

For tries drawn from the left side alone this is sampling-importance-resampling (Rubin 1987) of
fillings that fit both sides. For tries drawn from both sides the ratio of the two proposal
distributions is left out: over hundreds of codes it would leave no choice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from distill.inference.sampling.conditions import Conditions, Suffix
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn
from distill.inference.sampling.sampler import sample
from distill.inference.sampling.settings import Sampling
from distill.models.cancel_points import cancel_points
from distill.models.prior_blend import Prior
from distill.progress import Progress, no_progress

FILL_TRIES = 8
"""Tries to choose from: more cost time in proportion."""
AHEAD_S = 1.0
"""Seconds after the gap that the prior is given, and that judge the tries."""
REACH_S = 2.0
"""Seconds at the end of a gap that are filled in view of the right side. Before that it is too far
away to matter."""


@dataclass(frozen=True)
class Gap:
    """A gap to fill, and its surroundings.

    Attributes:
        before: codes `[T, Q]` before the gap; may be empty.
        after: codes `[T, Q]` after it; may be empty.
        frames: length of the gap in frames.
        starts_sound: whether the first frame of `before` begins a sound, rather than being cut.
        original: codes `[frames, Q]` that the filling replaces. If there are any, only tries that
            are likelier than those are chosen, where there is one.
        conditions: fixed codes in the gap, targets and so on; their prompt and suffix are unused.
    """

    before: Tensor
    after: Tensor
    frames: int
    starts_sound: bool = False
    original: Tensor | None = None
    conditions: Conditions = field(default_factory=Conditions)


def fill(
    prior: Prior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
    frame_rate: float,
    progress: Progress = no_progress,
    tries: int = FILL_TRIES,
) -> Tensor:
    """Fill a gap. Memory does not grow with its length, but for the codes themselves.

    Args:
        prior: the prior.
        gap: the gap.
        sampling: temperature, cuts and free levels.
        generator: source of all draws.
        frame_rate: code frames in a second (Hz).
        progress: called after each frame.
        tries: tries to choose from.

    Returns:
        Codes `[frames, Q]`.
    """
    gap = replace(gap, after=gap.after[: round(AHEAD_S * frame_rate)])

    # The first part is too far from the right side to be drawn in view of it: one draw will do.
    far_frames = gap.frames
    if len(gap.after):
        far_frames = max(0, gap.frames - round(REACH_S * frame_rate))
    codes = gap.before[:0]
    if far_frames:
        far_gap = replace(
            gap,
            after=gap.after[:0],
            frames=far_frames,
        )
        codes = draw(prior, far_gap, sampling, generator, 1, lambda t: progress(t, gap.frames))[0]
    if far_frames == gap.frames:
        return codes

    # The rest in several tries; the right side chooses one of them.
    near_gap = _rest_of(gap, codes)
    fillings = draw(
        prior, near_gap, sampling, generator, tries, lambda t: progress(far_frames + t, gap.frames)
    )
    weights = _log_weights(prior, near_gap, fillings)
    choice = int(sample(weights[None], Sampling(top_p=1.0), generator))
    return torch.cat([codes, fillings[choice]])


def _rest_of(gap: Gap, codes: Tensor) -> Gap:
    """The gap that is left when its first frames are filled with `codes` `[T, Q]`."""
    T = len(codes)
    return replace(
        gap,
        before=torch.cat([gap.before, codes]),
        frames=gap.frames - T,
        original=None if gap.original is None else gap.original[T:],
        conditions=gap.conditions.after(T),
    )


def _log_weights(prior: Prior, gap: Gap, tries: Tensor) -> Tensor:
    """Logarithms `[B]` of the weights with which the tries `[B, T, Q]` are chosen."""
    if gap.original is None:
        return log_likelihood(prior, gap, tries).context
    scores = log_likelihood(prior, gap, torch.cat([tries, gap.original[None]]))
    likelier = scores.filling[:-1] > scores.filling[-1]
    if not likelier.any():
        # No try is better: then the likeliest of them, whatever follows.
        return scores.filling[:-1]
    return scores.context[:-1].masked_fill(~likelier, -torch.inf)


def draw(
    prior: Prior,
    gap: Gap,
    sampling: Sampling,
    generator: torch.Generator,
    tries: int,
    progress: Callable[[int], None] = lambda frames: None,
) -> Tensor:
    """Draw independent fillings of a gap, given its left side, and its right side by a prior that
    `hears_ahead`.

    Args:
        prior: the prior.
        gap: the gap.
        sampling: temperature, cuts and free levels.
        generator: source of all draws.
        tries: number of fillings.
        progress: called after each frame with the number of frames so far.

    Returns:
        Codes `[tries, frames, Q]`.
    """
    # The prior looks back no further than its window.
    before = gap.before[-prior.window :]
    starts = torch.zeros(len(before), dtype=torch.bool)
    starts[:1] = gap.starts_sound and len(before) == len(gap.before)
    conditions = replace(
        gap.conditions,
        prompt=LeadIn(
            before,
            starts,
            ends_sound=False,
            names=(),
        )
        if len(before)
        else None,
        suffix=Suffix(gap.after if prior.hears_ahead else gap.after[:0], gap.frames),
    )
    frames = []
    # All tries hear the left side at once, which takes seconds on a busy machine.
    with cancel_points():
        for frame in islice(draw_frames(prior, tries, sampling, generator, conditions), gap.frames):
            frames.append(frame.codes.cpu())
            progress(len(frames))
    return torch.stack(frames, 1)


class TryScores(NamedTuple):
    """Log-likelihoods `[B]` of tries. `context`: of the codes that do not change, in the gap or
    after it; `filling`: of all codes in the gap."""

    context: Tensor
    filling: Tensor


@torch.inference_mode()
def log_likelihood(prior: Prior, gap: Gap, tries: Tensor) -> TryScores:
    """Score the tries `[B, frames, Q]` for a gap, given the past alone."""
    B = len(tries)
    device = prior.start.device
    # As much of the left side as the last frame still looks back to.
    room = max(0, prior.window - gap.frames - len(gap.after))
    before = gap.before[len(gap.before) - min(room, len(gap.before)) :]
    codes = torch.cat([before.expand(B, -1, -1), tries, gap.after.expand(B, -1, -1)], 1).to(device)
    rows = codes[:, len(before) :]
    with cancel_points():
        scores = prior.frame_scores(codes, last_frames=rows.shape[1])
        log_probs = scores.codes.log_softmax(-1)
    likelihood = log_probs.gather(-1, rows[..., None])[..., 0]

    # Which codes `[T, Q]` are fixed: all after the gap, and those in it that are not drawn.
    is_fixed = torch.ones(likelihood.shape[1:], dtype=torch.bool, device=device)
    is_fixed[: gap.frames] = False
    if gap.conditions.fixed_codes is not None:
        mask = gap.conditions.fixed_codes.mask[: gap.frames].to(device)
        is_fixed[: len(mask)] |= mask
    return TryScores(
        context=(likelihood * is_fixed).sum((1, 2)).cpu(),
        filling=likelihood[:, : gap.frames].sum((1, 2)).cpu(),
    )
