"""Trajectories: the latents of an event, laid on the frames of a new sound.

The attack stays as it was recorded; what follows it is stretched where the event has to last
longer. Latents are linear in log-mels (`models/analysis.py`), so a gain is a shift, and a mixture
of two trajectories is a spectrum between their spectra, or one with bands of each.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.models.analysis import Analysis

ATTACK_FRAMES = 3
"""Frames (64 ms) of an event that are never stretched: a slower attack is another sound."""

LARGEST_REPEAT = 1.1
"""Stretching up to which single frames are repeated, which then stay as recorded."""

CROSSFADE_FRAMES = 16
"""Frames (0.34 s) over which a steady part fades into the next one: slower than any rhythm."""

LONG_FRAMES = 47
"""Frames (1 s) up to which blends are means of both courses."""

MIDDLE_HZ = 900.0
"""Crossover of a longer blend of equal weights, in Hz: by trial, body below it, air above."""

LEAST_HEARD = 0.15
"""Share of the magnitudes of a crossover that either of its sounds has at least: a long stroke with
the air of another is that stroke."""

HEAD_FRAMES = 32
"""Frames (0.68 s) at most that a long blend begins with as recorded: attack and early decay make a
stroke what it is, and a second as recorded would be a passage."""

HEAD_FADE_FRAMES = 12
"""Frames (0.26 s) over which such a beginning goes over into the blend."""

SHORT_HEAD_FRAMES = 4
"""Frames (85 ms) at most that a blend of up to a second begins with as recorded. Over as many it
goes over into the blend."""

SHORT_HEAD_SHARE = 1 / 8
"""Share of such a blend that begins as recorded, up to these frames."""

LEAST_HEAD_FRAMES = 2
"""Frames below which there is no such beginning: short events would stand as recorded."""

OCTAVES_A_WEIGHT = 15.0
"""Octaves by which the crossover falls as the weight of the second grows by 1: by 1.5 octaves in
the range of the weights of long events."""

COURSE_FRAMES = 9
"""Frames (0.19 s) over which a trajectory is averaged to tell its course from its texture."""


class Span(NamedTuple):
    """Frames `first` to `first + frames` of a new sound, in which an event begins at `onset`
    (fractional, in the frame `first`)."""

    first: int
    frames: int
    onset: float


def exact_codes(bank: EventBank, event: int, span: Span) -> Tensor | None:
    """Codes `[frames, Q]` of `event` as recorded; None where it has to be stretched.

    Some frames are repeated where it has to last a little longer.
    """
    encoding, first, length = _place(bank, event, span.onset)
    if span.frames > LARGEST_REPEAT * length + 1:
        return None
    codes = bank.recordings[int(bank.recording[event])].codes[encoding]
    position = np.round(first + _positions(span.frames, length)).astype(int)
    return codes[torch.from_numpy(position.clip(0, len(codes) - 1))].long()


def trajectory(
    bank: EventBank, event: int, span: Span, gain_db: float = 0.0, overhang: int = 0
) -> Tensor:
    """Latents `[frames + overhang, D]` of `event`, begun in the first frame of `span`, its attack
    unchanged.

    Args:
        bank: The recordings.
        event: Index of the event.
        span: Where it is to stand.
        gain_db: Gain in dB.
        overhang: Frames that follow in the recording, to fade out on.
    """
    encoding, first, length = _place(bank, event, span.onset)
    codes = bank.recordings[int(bank.recording[event])].codes[encoding]
    inside = _positions(span.frames, length)
    after = inside[-1] + np.arange(1, overhang + 1)
    position = np.concatenate([inside, after])
    stop = min(len(codes), first + math.floor(position[-1]) + 1)
    latents = bank.codec.rvq.lookup(codes[first:stop])
    if span.frames > length:
        course = stretch(latents, position)
    else:
        course = latents[torch.from_numpy(position.astype(int)).clamp(max=len(latents) - 1)]
    return course + gain_db * bank.codec.analysis.decibel()


def stretch(latents: Tensor, position: np.ndarray) -> Tensor:
    """Latents `[T, D]` of a sound whose course is slower than recorded.

    Its texture keeps its own pace: it goes forth and back through that of the recording.

    Args:
        latents: As recorded, `[n, D]`.
        position: Place in the recording of each frame of the course, `[T]`.
    """
    last = len(latents) - 1
    course = smooth(latents)
    earlier = np.floor(position).astype(int)
    weight = torch.from_numpy(position - earlier).float()[:, None].to(latents.device)
    low = course[torch.from_numpy(earlier.clip(0, last))]
    high = course[torch.from_numpy((earlier + 1).clip(0, last))]
    texture = (latents - course)[torch.from_numpy(_forth_and_back(len(position), last))]
    return torch.lerp(low, high, weight) + texture


def _forth_and_back(frames: int, last: int) -> np.ndarray:
    """Indices `[frames]`: 0 to `last`, then back to the end of the attack, and so on."""
    order = np.arange(frames)
    first = min(ATTACK_FRAMES, last)
    length = last - first
    if not length:
        return np.minimum(order, last)
    place = (order - first) % (2 * length)
    circle = first + np.minimum(place, 2 * length - place)
    return np.where(order < first, order, circle)


def blend(
    analysis: Analysis,
    first: Tensor,
    second: Tensor,
    weights: tuple[float, float],
    head: float = 0.0,
) -> Tensor:
    """Mix two trajectories `[T, D]` so that the mixture moves as much as its parts do.

    A mean of two textures that do not depend on one another is calmer than both. So up to a second
    the course is a mean, and texture is mixed at constant power after the attack, in which both do
    the same. Of longer sounds one gives the lower bands, the other the upper ones: each band moves
    as it was recorded. Where one would hear a single sound then, the blend is a mean.

    A mean of two attacks is duller than both. So the blend may begin as the first alone.

    Args:
        analysis: Of the codec that the latents belong to.
        first: One trajectory.
        second: The other.
        weights: Weight of the second in the first frame and in the last, 0 to 1.
        head: How long it begins as recorded: 0 not at all, 1 as long as it may.
    """
    weight = torch.linspace(*weights, len(first), device=first.device)
    if len(first) > LONG_FRAMES:
        mixture = _long_blend(analysis, first, second, weight)
        frames = round(head * HEAD_FRAMES)
        return _begin_as(first, mixture, frames, HEAD_FADE_FRAMES)
    mixture = _morph(first, second, weight[:, None])
    most = min(SHORT_HEAD_FRAMES, int(SHORT_HEAD_SHARE * len(first)))
    frames = round(head * most)
    return _begin_as(first, mixture, frames, frames)


def _begin_as(first: Tensor, mixture: Tensor, frames: int, fade: int) -> Tensor:
    """`mixture` `[T, D]` with the first `frames` of `first`, and a crossfade of `fade` frames."""
    if frames < LEAST_HEAD_FRAMES:
        return mixture
    after = torch.arange(len(first), device=first.device) - frames
    return torch.lerp(first, mixture, (after / fade).clamp(0, 1)[:, None])


def _long_blend(analysis: Analysis, first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """A blend `[T, D]` of two trajectories of more than a second; `weight` `[T]` of the second."""
    if _hears_both(analysis, first, second):
        return _splice(analysis, first, second, weight)
    if _hears_both(analysis, second, first):
        return _splice(analysis, second, first, 1 - weight)
    return torch.lerp(first, second, weight[:, None])


def _hears_both(analysis: Analysis, low: Tensor, high: Tensor) -> bool:
    """Whether the lower bands of one sound and the upper bands of another are both heard."""
    share = analysis.share_above(low, high, MIDDLE_HZ)
    return LEAST_HEARD <= share <= 1 - LEAST_HEARD


def _splice(analysis: Analysis, low: Tensor, high: Tensor, weight: Tensor) -> Tensor:
    """The lower bands of one sound with the upper bands of another; `weight` `[T]` of the upper."""
    hz = MIDDLE_HZ * 2 ** (OCTAVES_A_WEIGHT * (0.5 - weight))
    return analysis.crossover(low, high, hz)


def _morph(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """A mean `[T, D]` of two courses, with the texture of both; `weight` `[T, 1]` of the second."""
    course = torch.lerp(smooth(first), smooth(second), weight)
    texture = torch.lerp(first, second, weight) - course
    power = (1 - weight).square() + weight.square()
    is_attack = torch.arange(len(first), device=first.device)[:, None] < COURSE_FRAMES
    return course + torch.where(is_attack, texture, texture / power.sqrt())


def smooth(latents: Tensor) -> Tensor:
    """Moving mean `[T, D]` of `latents` `[T, D]` over `COURSE_FRAMES`, shorter at both ends."""
    half = COURSE_FRAMES // 2
    sums = torch.nn.functional.pad(latents.cumsum(0), (0, 0, 1, 0))
    order = torch.arange(len(latents), device=latents.device)
    stop = (order + half + 1).clamp(max=len(latents))
    start = (order - half).clamp(min=0)
    return (sums[stop] - sums[start]) / (stop - start)[:, None]


def fade_from(previous: Tensor, latents: Tensor) -> Tensor:
    """`latents` `[T, D]`, crossfaded from `previous` `[n, D]`, which go on beside them."""
    frames = min(len(previous), len(latents))
    weight = torch.arange(1, frames + 1, device=latents.device)[:, None] / (frames + 1)
    return torch.cat([torch.lerp(previous[:frames], latents[:frames], weight), latents[frames:]])


class _Place(NamedTuple):
    """Where an event lies: in which encoding, from which frame of it, and how many frames."""

    encoding: int
    first: int
    frames: int


def _place(bank: EventBank, event: int, onset: float) -> _Place:
    """The place of an event in the encoding in which its onset lies nearest to the fraction `onset`
    of a frame."""
    leads = np.array(bank.recordings[int(bank.recording[event])].leads)
    positions = bank.start[event] + leads
    # On a circle: the end of one frame is the beginning of the next.
    deviation = (positions - onset + 0.5) % 1 - 0.5
    first_frames = np.round(positions - deviation - onset).astype(int)
    # Before its first frame an encoding has none.
    cost = np.where(first_frames < 0, 1.0, np.abs(deviation))
    encoding = int(cost.argmin())
    first = max(0, int(first_frames[encoding]))
    # Without the frame that holds the attack of the next event.
    stop = math.floor(bank.start[event] + bank.reach[event] + leads[encoding])
    return _Place(encoding=encoding, first=first, frames=max(1, stop - first))


def _positions(frames: int, length: int) -> np.ndarray:
    """Positions `[frames]` in an event of `length` frames: as recorded where it is long enough,
    else stretched after the attack."""
    position = np.arange(frames, dtype=float)
    if frames <= length:
        return position
    attack = min(ATTACK_FRAMES, length - 1)
    speed = max(length - 1 - attack, 0) / max(frames - 1 - attack, 1)
    return np.where(position < attack, position, attack + (position - attack) * speed)
