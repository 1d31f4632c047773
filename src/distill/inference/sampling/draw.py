"""Drawing codes from the prior, frame by frame, under the conditions of a mode.

With an event bank, sounds are made of the recordings' events, and the prior helps to choose which
comes next (`sampling/event_draw.py`). Without one, or where codes of a frame are fixed, the prior
draws every code: first whether the sound ends, then the levels one by one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from distill.cancellation import check_cancellation
from distill.device import on_one_thread
from distill.inference.events.bank import EventBank
from distill.inference.sampling.conditions import Conditions, empty_suffix
from distill.inference.sampling.event_choice import SteeringScores
from distill.inference.sampling.event_draw import CONTEXT_FRAMES, EventDraw
from distill.inference.sampling.lead_in import LeadInBatch
from distill.inference.sampling.live_steering import Aims
from distill.inference.sampling.sampler import (
    GREEDY_BELOW,
    Generators,
    sample,
    sample_bool,
    uniform,
)
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.streams import open_streams, prompt_on
from distill.models.cancel_points import cancel_points
from distill.models.prior_blend import Prior

UNCONDITIONAL = Conditions()
"""Draws freely, from nothing."""


class Frame(NamedTuple):
    """`codes` `[B, Q]`, and in which streams the sound `ends` `[B]` (bool) with them."""

    codes: Tensor
    ends: Tensor


@on_one_thread
@torch.inference_mode()
def draw_frames(
    prior: Prior,
    batch_size: int,
    sampling: Sampling,
    generator: Generators,
    conditions: Conditions = UNCONDITIONAL,
) -> Iterator[Frame]:
    """Draw one frame after another, without end; memory does not grow with length.

    Continues from `conditions.prompt`, which is not yielded. The same seed gives the same codes,
    whatever else is in the batch.

    Args:
        prior: the prior, in eval mode.
        batch_size: number of streams `B`.
        sampling: settings.
        generator: one for the whole batch, or one for each stream.
        conditions: prompt, targets, fixed codes and so on.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> frames = draw_frames(prior, 1, Sampling(), generator)
        >>> codes = torch.cat([frame.codes for frame in islice(frames, 100)])
    """
    with cancel_points():
        states = _states(prior, batch_size, sampling, generator, conditions)
    while True:
        check_cancellation()
        frames = [state.next_frame() for state in states]
        if len(frames) == 1:
            yield frames[0]
            continue
        codes = torch.cat([frame.codes for frame in frames])
        yield Frame(codes, torch.cat([frame.ends for frame in frames]))


def _states(
    prior: Prior,
    batch_size: int,
    sampling: Sampling,
    generator: Generators,
    conditions: Conditions,
) -> list["_DrawState"]:
    """States of a draw: one for each stream, or one for all; arguments as for `draw_frames`."""
    if not conditions.draws_events_alone:
        return [_DrawState(prior, batch_size, sampling, generator, conditions)]
    # Each reads all frames of an event at once, and events of the others begin elsewhere.
    return [
        _DrawState(prior, 1, sampling, generators_of, conditions.of_stream(number))
        for number, generators_of in enumerate(_generators(generator, batch_size))
    ]


def _generators(generator: Generators, batch_size: int) -> Sequence[torch.Generator]:
    """The generator of each stream; one may serve them all."""
    if isinstance(generator, torch.Generator):
        return [generator] * batch_size
    return generator


class _DrawState:
    """State of a draw between two frames; arguments as for `draw_frames`.

    Attributes:
        t: number of the current frame.
        previous: codes `[B, Q]` of the frame before, None where there is none.
        starts: streams `[B]` (bool) in which the current frame begins a sound.
        age: frames `[B]` since the sound began, or since the first known frame.
        start_known: whether `[B]` (bool) `age` counts from the beginning of the sound.
        events: draws of the streams by events; empty without an event bank.
        past: codes `[B, n, Q]` of the last frames, which a draw by events goes on from.
        goes_on: whether the current frame goes on within a sound that was not drawn by events.
        targets: attributes that steer the current frame.
    """

    def __init__(
        self,
        prior: Prior,
        batch_size: int,
        sampling: Sampling,
        generator: Generators,
        conditions: Conditions,
    ) -> None:
        device = prior.start.device
        self.prior = prior
        self.device = device
        self.batch_size = batch_size
        self.sampling = sampling
        self.generator = generator
        self.conditions = conditions
        self.targets = conditions.targets
        self._scores: SteeringScores | None = None
        self._aims: Aims | None = None

        # From nothing, every stream begins a sound.
        self.t = 0
        self.age = torch.zeros(batch_size, dtype=torch.long, device=device)
        self.starts = torch.ones(batch_size, dtype=torch.bool, device=device)
        self.start_known = self.starts
        self.goes_on = False
        self.past = torch.zeros(batch_size, 0, prior.num_quantizers, dtype=torch.long)
        self.past = self.past.to(device)

        self.previous: Tensor | None = None
        prompt = prompt_on(device, conditions.prompt)
        suffix = conditions.suffix or empty_suffix(prior.num_quantizers)
        self.stream = open_streams(prior, batch_size, prompt, suffix)
        self.events = self._event_draws()
        if prompt is not None:
            self._continue_prompt(prompt)

    def _event_draws(self) -> list[EventDraw]:
        """A draw by events for each stream; none without a bank."""
        bank = self.conditions.event_bank
        if bank is None:
            return []
        steering = self._steering_scores(bank)
        tempos = self.conditions.tempos or (None,)
        generators = _generators(self.generator, self.batch_size)
        return [
            EventDraw(
                bank=bank,
                sampling=self.sampling,
                generator=generators[i],
                number=i,
                steering=steering,
                keeps_level=self.conditions.keeps_level,
                single_events=self.conditions.single_events,
                tempo=tempos[i] if len(tempos) > 1 else tempos[0],
                bar_beat=self.conditions.bar_beat,
            )
            for i in range(self.batch_size)
        ]

    def _steering_scores(self, bank: EventBank) -> SteeringScores | None:
        """Scores of the events by the present targets; None where nothing steers."""
        if self.targets is None or self.prior.reader is None:
            return None
        if self._scores is None:
            self._scores = SteeringScores(bank, self.prior, self.targets)
        # What the events are like stays; only the targets change.
        self._scores.targets = self.targets
        return self._scores

    def _follow_steering(self) -> None:
        """Take up steering that was changed since the last frame."""
        live = self.conditions.live
        # Read once: another thread may replace them at any time.
        aims = None if live is None else live.aims
        if aims is None or aims is self._aims:
            return
        earlier = self._aims
        if earlier is not None and aims.is_like(earlier):
            return
        self._aims = aims
        self.targets = aims.targets
        self.sampling = aims.sampling or self.sampling
        for events in self.events:
            events.steer(self._steering_scores(events.bank), aims.keeps_level)
            events.draw_by(self.sampling)
        if aims.reseed is not None and (earlier is None or earlier.reseed != aims.reseed):
            self._reseed(aims.reseed[1])
        # What is there before the first frame holds from the start.
        if earlier is not None and aims.wait is not None:
            for events in self.events:
                events.turn_after(aims.wait)

    def _reseed(self, seed: int) -> None:
        """Draw by the random numbers of `seed` from now on."""
        own = [self.generator] if isinstance(self.generator, torch.Generator) else self.generator
        for generator in own:
            generator.manual_seed(seed)
        for events in self.events:
            events.chooser.forget()

    def _continue_prompt(self, prompt: LeadInBatch) -> None:
        """Set the state to that after the prompt."""
        # One prompt may serve all streams.
        codes = prompt.codes.expand(self.batch_size, -1, -1)
        self.previous = codes[:, -1]
        self.past = codes[:, -CONTEXT_FRAMES:]
        self.starts = self.starts & prompt.ends_sound
        self.age = self.age + prompt.age
        self.start_known = self.starts | prompt.starts.any(1)
        self.goes_on = self.conditions.goes_on
        if self.goes_on or not self.events:
            return
        ends = prompt.ends_sound.expand(self.batch_size)
        for events, own, ends_sound in zip(self.events, codes, ends, strict=True):
            # After the end of a sound, any other may come.
            if not ends_sound:
                events.follow(own)

    def next_frame(self) -> Frame:
        """Draw the current frame and go on to the next."""
        self._follow_steering()
        if self.conditions.draws_events_alone and not self.events[0].is_due:
            return self._next_of_event()
        end_logits = self.stream.begin(self.previous, self.starts, self._metre())
        if self._draws_events():
            codes, ends = self._draw_from_events()
        elif end_logits is not None:
            # Fixed codes continue the sound.
            ends = self._draw_end(end_logits, may_end=self._fixed_code(0) is None)
            codes = self._draw_levels(ends)
        else:
            # An old prior predicts the end from the codes.
            codes = self._draw_levels(torch.zeros_like(self.starts))
            end_logits = self.stream.end_logits(codes[:, -1])
            ends = self._draw_end(end_logits, may_end=True)
        self._advance(codes, ends)
        return Frame(codes, ends)

    def _metre(self) -> Tensor | None:
        """Position `[B, 2]` of the current frame in beat and bar; None without events."""
        if not self.events:
            return None
        positions = [events.metre_at(self.t) for events in self.events]
        return torch.tensor(positions, device=self.device)

    def _draws_events(self) -> bool:
        """Whether the current frame comes from events."""
        codes = self.conditions.fixed_codes
        # Hardly any event has the fixed codes: then all others are drawn one by one.
        return bool(self.events) and (codes is None or not codes.any_at(self.t))

    # --- events -----------------------------------------------------------------------------------

    def _draw_from_events(self) -> Frame:
        """The current frame of the events of each stream."""
        no_end = torch.zeros_like(self.starts)
        # One query for all streams: the bits of a stream do not depend on the batch.
        if any(events.is_due for events in self.events):
            logits = self.stream.next_logits(no_end)
            for i, events in enumerate(self.events):
                if events.is_due:
                    self._choose_event(i, events, logits[i])
        else:
            self.stream.skip_level(no_end)
        frames = [events.next_frame() for events in self.events]
        self.goes_on = False
        # Events end with their template: limits of length are for codes drawn one by one.
        ends = torch.tensor([frame.ends for frame in frames], device=self.device)
        return Frame(torch.stack([frame.codes for frame in frames]), ends)

    def _next_of_event(self) -> Frame:
        """The next frame of an event that has begun: the prior has nothing to say of it."""
        self.stream.skip_frame(self.previous, self.starts, self._metre())
        frame = self.events[0].next_frame()
        codes = frame.codes[None]
        ends = torch.tensor([frame.ends], device=self.device)
        self._advance(codes, ends)
        return Frame(codes, ends)

    def _choose_event(self, number: int, events: EventDraw, logits: Tensor) -> None:
        context = None
        if self.past.shape[1]:
            context = events.bank.codec.rvq.lookup(self.past[number])
        events.choose(self.t, context, logits.log_softmax(-1).cpu(), self.goes_on)

    # --- codes one by one -------------------------------------------------------------------------

    def _draw_end(self, logits: Tensor, may_end: bool) -> Tensor:
        """Draw from `logits` `[B]` whether the sound ends `[B]` (bool) with this frame."""
        ends = sample_bool(logits, self.sampling, self.generator)
        ends = ends & may_end
        return self.conditions.length_limits.apply(ends, self.age, self.start_known)

    def _draw_levels(self, ends: Tensor) -> Tensor:
        """Draw the codes `[B, Q]` of this frame; streams in which it `ends` the sound: `[B]`."""
        codes: list[Tensor] = []
        choice = ends
        for level in range(self.prior.num_quantizers):
            code = self._fixed_code(level)
            if code is None:
                logits = self.stream.next_logits(choice)
                logits = self._steer(level, logits, codes)
                code = self._draw_code(level, logits)
            else:
                self.stream.skip_level(choice)
            # A fixed code is one number for all streams.
            choice = code.to(self.device).expand(self.batch_size)
            codes.append(choice)
        # Events that were to come do not follow from these codes.
        for events in self.events:
            events.forget()
        self.goes_on = bool(self.events)
        return torch.stack(codes, 1)

    def _fixed_code(self, level: int) -> Tensor | None:
        codes = self.conditions.fixed_codes
        return None if codes is None else codes.at(self.t, level)

    def _steer(self, level: int, logits: Tensor, codes: list[Tensor]) -> Tensor:
        """Logits `[B, K]` of `level`, steered by targets and logit bias."""
        targets = self.targets
        if targets is not None:
            values = targets.at(self.t).to(logits.device)
            likelihood = self.stream.target_scores(level, values)
            logits = logits + targets.guidance * likelihood
        bias = self.conditions.logit_bias
        if bias is not None:
            logits = logits + bias(self.t, codes)
        return logits

    def _draw_code(self, level: int, logits: Tensor) -> Tensor:
        """Draw a code `[B]` of `level`.

        Whether the first level keeps its code is drawn without cuts. In a steady sound every change
        is unlikely, and a cut would hold the sound for ever.
        """
        greedy = self.sampling.temperature < GREEDY_BELOW
        if level or self.previous is None or greedy:
            return sample(logits, self.sampling, self.generator)
        last = self.previous[:, :1]
        probabilities = (logits / self.sampling.temperature).softmax(-1)
        stays = uniform(len(logits), self.generator) < probabilities.gather(1, last).cpu()
        # The other codes, with cuts.
        others = logits.scatter(1, last, -torch.inf)
        change = sample(others, self.sampling, self.generator)
        return torch.where(stays[:, 0], last[:, 0].cpu(), change)

    def _advance(self, codes: Tensor, ends: Tensor) -> None:
        """Update the state after the current frame."""
        self.previous = codes
        self.past = torch.cat([self.past, codes[:, None]], 1)[:, -CONTEXT_FRAMES:]
        self.starts = ends
        self.age = torch.where(ends, 0, self.age + 1)
        self.start_known = self.start_known | ends
        self.t += 1
