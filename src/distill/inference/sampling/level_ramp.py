"""Level ramp: a logit bias that leads the level evenly, in dB, from one side of a gap to the other.

Two unlike sounds meet with a step of level. A prior that is given both sides does not mind it: most
attacks come without warning. So the codes in the gap are drawn towards a straight line of level.

If the right side begins with an attack, the line stays at the level of the left side instead:
nothing leads up to an attack.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.models.chunked import decode_codes
from distill.models.vqvae import VQVAE

SIDE = 2
"""Frames whose mean is the level of a side."""
TOLERANCE_DB = 3.0
"""Standard deviation of a frame's level from the line, in dB."""
RISE_DB = 6.0
"""An attack within the first frame: its beginning lies this much below the peak, in dB."""
FALL_DB = 9.0
"""An attack at the very beginning: the level falls by this much soon after it, in dB."""
DECAY = slice(4, 7)
"""Frames after an attack in which it has fallen: about 0.1 s later."""
STEP_S = 0.05
"""Seconds on either side of a moment, between which a step of level is measured."""
FLOOR_DB = -90.0
"""Power added to both sides of a step, in dBFS: steps between inaudible levels do not count."""


class RampLevels(NamedTuple):
    """Levels in dBFS at which a ramp begins and ends."""

    first: float
    last: float


class LevelRamp:
    """A straight line of level over a gap.

    Args:
        codec: the codec.
        before: codes `[T, Q]` before the gap.
        after: codes `[T, Q]` after it; not empty as well.
        frames: length of the gap in frames.
    """

    def __init__(
        self,
        codec: VQVAE,
        before: Tensor,
        after: Tensor,
        frames: int,
    ) -> None:
        self.codec = codec
        first_level, last_level = ramp_levels(codec, before, after)
        # The two ends of the line are frames of the sides.
        self.levels = torch.linspace(first_level, last_level, frames + 2)[1:-1]

    def logit_bias(self, t: int, codes: Sequence[Tensor]) -> Tensor:
        """Log-likelihood of the line under each next code, up to a constant; a `LogitBias`.

        Args:
            t: number of the frame in the gap.
            chosen: codes `[B]` of its first levels.

        Returns:
            Bias `[B, K]`, or `[1, K]` before the first level.
        """
        rvq = self.codec.rvq
        # Each entry of the level on top of the codes above it; finer levels count as zero.
        latents = rvq.codebooks[len(codes)][None]
        if codes:
            latents = latents + rvq.lookup(torch.stack(list(codes), -1))[:, None]
        deviation = self.codec.frame_levels(latents) - self.levels[t]
        return -0.5 * (deviation / TOLERANCE_DB).square()


def ramp_levels(codec: VQVAE, before: Tensor, after: Tensor) -> RampLevels:
    """Levels between which a gap leads, given the codes `[T, Q]` before and after it (not both
    empty)."""
    sides = _side_levels(codec, before, after)
    if is_attack(codec, before, after):
        return RampLevels(sides.first, sides.first)
    return sides


def is_attack(codec: VQVAE, before: Tensor, after: Tensor) -> bool:
    """Whether `after` is louder than `before` and begins with an attack; codes `[T, Q]`, not both
    empty. Its level then rises within the first frame, or falls soon after it."""
    level_before, level_after = _side_levels(codec, before, after)
    # A sound that gets no louder is no attack, however it begins.
    if level_after <= level_before:
        return False
    latents = _latents(codec, after[: DECAY.stop])
    # A frame holds several spectra: the first of all shows a rise within the frame.
    first_spectrum = codec.analysis.levels(latents)[0, 0]
    frames = codec.frame_levels(latents)
    peak = frames[:SIDE].max()
    later = frames[DECAY]
    rises = bool(peak - first_spectrum > RISE_DB)
    return rises or (len(later) > 0 and bool(peak - later.mean() > FALL_DB))


def _side_levels(codec: VQVAE, before: Tensor, after: Tensor) -> RampLevels:
    """Levels of the two sides; an empty side has that of the other."""
    sides = [side for side in (before[-SIDE:], after[:SIDE]) if len(side)]
    first = float(codec.frame_levels(_latents(codec, sides[0])).mean())
    last = float(codec.frame_levels(_latents(codec, sides[-1])).mean())
    return RampLevels(first, last)


def _latents(codec: VQVAE, codes: Tensor) -> Tensor:
    return codec.rvq.lookup(codes.to(codec.rvq.codebooks.device))


def largest_steps(
    codec: VQVAE,
    before: Tensor,
    tries: Tensor,
    after: Tensor,
) -> Tensor:
    """Decode tries for a gap and measure their largest step of level.

    Args:
        codec: the codec.
        before: codes `[T, Q]` before the gap.
        tries: codes `[B, T, Q]` of the gap.
        after: codes `[T, Q]` after it.

    Returns:
        Largest step in dB `[B]` at any frame boundary in the gap, its two ends included.
    """
    # Enough context that the decoder's receptive field and the measurement stay within it.
    margin = codec.receptive_field[1] + math.ceil(STEP_S * codec.frame_rate)
    context_before = before[-margin:]
    context_after = after[:margin]
    boundaries = range(len(context_before), len(context_before) + tries.shape[1] + 1)
    size = round(STEP_S * codec.sample_rate)
    largest = []
    for codes in tries:
        audio = decode_codes(codec, torch.cat([context_before, codes, context_after]))
        steps = [level_step(audio, frame * codec.frame_hop, size) for frame in boundaries]
        largest.append(max(steps))
    return torch.tensor(largest)


def level_step(audio: np.ndarray, at: int, size: int) -> float:
    """Measure the step of level at a moment.

    Args:
        audio: waveform `[C, N]`.
        at: sample of the moment.
        size: samples to measure on either side.

    Returns:
        Absolute difference in dB; 0 where one side has no samples.
    """
    before = audio[:, max(0, at - size) : at]
    after = audio[:, at : at + size]
    if not before.shape[1] or not after.shape[1]:
        return 0.0
    return float(abs(_level_db(after) - _level_db(before)))


def _level_db(audio: np.ndarray) -> np.floating[Any]:
    """Level in dBFS of `[C, N]`, floored softly at `FLOOR_DB`; in the precision of `audio`."""
    level: np.floating[Any] = 10 * np.log10(np.square(audio).mean() + 10 ** (FLOOR_DB / 10))
    return level
