"""Conditions of a draw: everything but the prior and the sampling settings that decides its codes.

A mode makes one `Conditions`, and `draw_frames` reads it frame by frame (`sampling/draw.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.inference.sampling.live_steering import LiveSteering
from distill.models.attribute_classifier import Targets

LogitBias = Callable[[int, Sequence[Tensor]], Tensor]
"""Takes the number of a frame and its codes so far, `[B]` a level. Returns the bias `[B, K]` to add
to the logits of the next level."""


class LengthLimits(NamedTuple):
    """Shortest and longest length of a sound, in frames; None for no upper limit."""

    shortest: int = 1
    longest: int | None = None

    def apply(self, ends: Tensor, age: Tensor, start_known: Tensor) -> Tensor:
        """Suppress ends that come too early and force those that are due.

        Args:
            ends: streams `[B]` (bool) whose sound would end with this frame.
            age: frames `[B]` that the sound has lasted before this frame.
            start_known: whether `[B]` (bool) the beginning of the sound is known; if not, it is
                older than `age`.

        Returns:
            Streams `[B]` (bool) whose sound ends.
        """
        length = age + 1
        may_end = ~start_known | (length >= self.shortest)
        ends = ends & may_end
        if self.longest is None:
            return ends
        return ends | (length >= self.longest)


class FixedCodes(NamedTuple):
    """Codes `[T, Q]` of the first `T` frames; where `mask` `[T, Q]` (bool), they are taken instead
    of drawn."""

    codes: Tensor
    mask: Tensor

    def at(self, t: int, level: int) -> Tensor | None:
        """The fixed code `[]` of frame `t`, None where it is to be drawn."""
        if t < len(self.mask) and self.mask[t, level]:
            return self.codes[t, level]
        return None

    def any_at(self, t: int) -> bool:
        """Whether frame `t` has a fixed code."""
        return t < len(self.mask) and bool(self.mask[t].any())

    def after(self, frames: int) -> "FixedCodes":
        """The same without the first `frames`."""
        return FixedCodes(self.codes[frames:], self.mask[frames:])


class Suffix(NamedTuple):
    """Codes `[T, Q]` that follow `gap` frames after the prompt; `T` may be 0."""

    codes: Tensor
    gap: int


@dataclass(frozen=True)
class Conditions:
    """Everything that bears on a draw, beside the prior and the sampling settings.

    Attributes:
        prompt: codes that the draw continues, for each stream or for all.
        fixed_codes: codes that are taken instead of drawn.
        suffix: codes that follow the gap to draw, for a prior that `hears_ahead`.
        targets: attributes that steer the draw.
        event_bank: events of the corpus that sounds are made of; None draws code by code.
        goes_on: whether the first frame goes on within the sound of the prompt. If not, an event
            begins with it.
        single_events: whether a sound out of a recording that keeps a beat is one event of it.
        keeps_level: whether events keep their own level, as steered loudness needs it.
        live: steering that changes while it is drawn; from the first frame on, it stands in place
            of `targets` and `keeps_level`.
        logit_bias: added to the logits of every code.
        tempos: tempo of each stream in BPM, or one for all. A stream without one keeps no beat.
        bar_beat: beat of its bar at which the first frame lies, where the draw goes on from a
            sound whose bars are known.
        length_limits: shortest and longest length of a sound.
    """

    prompt: LeadIn | LeadInBatch | None = None
    fixed_codes: FixedCodes | None = None
    suffix: Suffix | None = None
    targets: Targets | None = None
    event_bank: EventBank | None = None
    goes_on: bool = False
    single_events: bool = False
    keeps_level: bool = False
    live: LiveSteering | None = None
    tempos: Sequence[float | None] = ()
    bar_beat: float | None = None
    logit_bias: LogitBias | None = None
    length_limits: LengthLimits = field(default_factory=LengthLimits)

    @property
    def draws_events_alone(self) -> bool:
        """Whether every frame comes from events, none of it from fixed codes."""
        return self.event_bank is not None and self.fixed_codes is None

    def of_stream(self, number: int) -> "Conditions":
        """The conditions of one stream, by its number, as a draw of its own."""
        prompt = self.prompt
        if isinstance(prompt, LeadInBatch):
            prompt = prompt.row(number)
        tempos = self.tempos
        return replace(
            self,
            prompt=prompt,
            targets=self.targets and self.targets.row(number),
            tempos=tempos[number : number + 1] if len(tempos) > 1 else tempos,
        )

    def after(self, frames: int) -> "Conditions":
        """The conditions of a draw that begins `frames` later. Prompt and suffix stay."""
        return replace(
            self,
            fixed_codes=self.fixed_codes and self.fixed_codes.after(frames),
            targets=self.targets and self.targets.after(frames),
            logit_bias=self.logit_bias and _later(self.logit_bias, frames),
        )


def _later(logit_bias: LogitBias, frames: int) -> LogitBias:
    """The bias of a draw that begins `frames` later."""

    def bias(t: int, codes: Sequence[Tensor]) -> Tensor:
        return logit_bias(t + frames, codes)

    return bias


def empty_suffix(levels: int) -> Suffix:
    """No suffix, for codes of this many levels."""
    return Suffix(torch.zeros(0, levels, dtype=torch.long), gap=0)
