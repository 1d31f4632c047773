"""A level that goes evenly in dB from one side of a gap to the other.

Two unlike sounds meet with a step of level, and a prior that has heard both of them does not mind
it: most attacks come without warning. So the codes of what lies between lean to a straight line.
But if what follows is an attack, nothing leads up to it: then the line stays at the level of what
precedes.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

SIDE = 2
"""Frames that tell the level of a side."""
TOLERANCE_DB = 3.0
"""Standard deviation from the line."""
RISE_DB, FALL_DB, DECAY = 6.0, 9.0, (4, 7)
"""What has an attack in its first frame begins by so much below its peak, or has fallen by so much
in these frames."""
STEP_S = 0.05
"""A step of level is the difference between so much before and after a moment."""
FLOOR_DB = -90.0


class LevelRamp:
    """Leads over a gap of `frames` between codes `before` and `after` it, `[T, Q]` each, not both
    empty."""

    def __init__(self, codec: VQVAE, before: Tensor, after: Tensor, frames: int) -> None:
        self.codec = codec
        left, right = ends(codec, before, after)
        # Without its own two ends, which are on the sides already.
        self.course = torch.linspace(left, right, frames + 2)[1:-1]

    def lean(self, t: int, chosen: Sequence[Tensor]) -> Tensor:
        """Log-likelihood `[B, K]` of the line, up to a constant, by each code that may follow those
        `chosen` `[B]` for frame `t`: as `sampling.Lean`."""
        books = self.codec.rvq.codebooks
        latents = books[len(chosen)][None]
        if chosen:
            latents = latents + self.codec.rvq.lookup(torch.stack(list(chosen), -1))[:, None]
        away = self.codec.frame_levels(latents) - self.course[t]
        return -0.5 * (away / TOLERANCE_DB).square()


def ends(codec: VQVAE, before: Tensor, after: Tensor) -> tuple[float, float]:
    """Levels in dBFS at which what lies between `before` and `after` begins and ends; `[T, Q]`
    each, not both empty."""
    left, right = _levels_of_sides(codec, before, after)
    return left, left if is_attack(codec, before, after) else right


def is_attack(codec: VQVAE, before: Tensor, after: Tensor) -> bool:
    """Whether `after` is louder than `before` and begins with an attack: its level rises within the
    first frame, or falls soon after it. `[T, Q]` each, not both empty."""
    left, right = _levels_of_sides(codec, before, after)
    if right <= left:
        return False
    latents = _latents(codec, after[: DECAY[1]])
    levels = codec.analysis.levels(latents)
    frames = codec.frame_levels(latents)
    peak, later = frames[:SIDE].max(), frames[slice(*DECAY)]
    rises = bool(peak - levels[0, 0] > RISE_DB)
    return rises or (len(later) > 0 and bool(peak - later.mean() > FALL_DB))


def _levels_of_sides(codec: VQVAE, before: Tensor, after: Tensor) -> tuple[float, float]:
    """In dB; the same twice where there is but one side."""
    sides = [side for side in (before[-SIDE:], after[:SIDE]) if len(side)]
    left, right = (
        float(codec.frame_levels(_latents(codec, side)).mean()) for side in (sides[0], sides[-1])
    )
    return left, right


def _latents(codec: VQVAE, codes: Tensor) -> Tensor:
    return codec.rvq.lookup(codes.to(codec.rvq.codebooks.device))


def largest_steps(codec: VQVAE, before: Tensor, tries: Tensor, after: Tensor) -> Tensor:
    """The largest step of level in dB `[B]` in each of `tries` `[B, T, Q]`, its two ends included,
    as it sounds."""
    margin = codec.receptive_field[1] + math.ceil(STEP_S * codec.frame_rate)
    sides = before[-margin:], after[:margin]
    edges = range(len(sides[0]), len(sides[0]) + tries.shape[1] + 1)
    sounds = (decode_codes(codec, torch.cat([sides[0], one, sides[1]])) for one in tries)
    hop, size = codec.frame_hop, round(STEP_S * codec.sample_rate)
    return torch.tensor(
        [max(level_step(sound, edge * hop, size) for edge in edges) for sound in sounds]
    )


def level_step(sound: np.ndarray, at: int, size: int) -> float:
    """By how many dB the level differs between the `size` samples before and after sample `at` of
    `[C, N]`; 0 where there is nothing on one side."""
    sides = sound[:, max(0, at - size) : at], sound[:, at : at + size]
    if not all(side.shape[1] for side in sides):
        return 0.0
    before, after = (
        10 * np.log10(np.square(side).mean() + 10 ** (FLOOR_DB / 10)) for side in sides
    )
    return float(abs(after - before))
