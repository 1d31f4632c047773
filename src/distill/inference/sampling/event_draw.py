"""Drawing one stream event by event.

A sound takes a recording as its template: its onsets in time (`sampling/timeline.py`). For each of
them an event is chosen (`sampling/event_chooser.py`). It is laid on the frames up to the next
onset, as recorded or blended with another (`events/trajectory.py`). In time, all sounds of a stream
keep one tempo.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.inference.events.trajectory import (
    CROSSFADE_FRAMES,
    Span,
    blend,
    exact_codes,
    fade_from,
    trajectory,
)
from distill.inference.sampling.event_choice import Place, SteeringScores, successor
from distill.inference.sampling.event_chooser import (
    MOST_STRETCH,
    NO_PULSE_COST,
    Decision,
    EventChooser,
)
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.timeline import Timeline

CONTEXT_FRAMES = 3
"""Frames of a context that are compared with the recordings, to find where to go on from."""
ENTRY_COST = 30.0
"""Cost of their mean squared distance (unit: total variance of all latents), in nats."""
LEAST_GAIN_DB = 1.5
"""A gain below this is left out, in dB: codes then stay as they were recorded."""
MOST_GAIN_DB = 12.0
"""Largest gain in dB by which an event is brought to the level of the event of the template."""
SHORT_FADE_FRAMES = 4
"""Frames (85 ms) over which a steady part follows from a frame of another sound."""
TURN_FADE_FRAMES = 4
"""Frames (85 ms) over which an event that is changed while it sounds goes over into another."""
LAST_PART = 0.999
"""Latest place of an onset within a frame, in frames."""


class DrawnFrame(NamedTuple):
    """Codes `[Q]` of a frame, and whether the sound ends with it."""

    codes: Tensor
    ends: bool


class EntryPoints(NamedTuple):
    """Frames `[n]` of recordings to go on from, with their scores `[n]` in nats."""

    recording: np.ndarray
    frame: np.ndarray
    scores: np.ndarray


class Sounding(NamedTuple):
    """The event that sounds: its `place`, the `span` that it is laid on, and the `decision`."""

    place: Place
    span: Span
    decision: Decision


class EventDraw:
    """The draw of one stream; its frames are asked for one by one.

    Args:
        bank: the events.
        sampling: settings.
        generator: source of all random numbers.
        number: number of the stream, for its targets.
        steering: scores by targets, if there are any.
        keeps_level: whether events keep their own level; if not, they take that of the template's.
        single_events: whether a sound out of a recording that keeps a beat is one event of it.
        tempo: in BPM; None for a stream that keeps no beat, or takes that of what it goes on from.
        bar_beat: beat of its bar at which frame 0 lies; None where that is unknown.
    """

    def __init__(
        self,
        bank: EventBank,
        sampling: Sampling,
        generator: torch.Generator,
        number: int = 0,
        steering: SteeringScores | None = None,
        keeps_level: bool = False,
        single_events: bool = False,
        tempo: float | None = None,
        bar_beat: float | None = None,
    ) -> None:
        self.bank = bank
        self.keeps_level = keeps_level
        self.single_events = single_events
        self.chooser = EventChooser(bank, sampling, generator, number, steering)
        self.timeline = Timeline(bank, sampling, tempo, self.chooser.uniform, bar_beat)
        self._queue: deque[DrawnFrame] = deque()
        self._previous: int | None = None
        # Latents `[n, D]` that would go on after the frames in the queue, of a steady part.
        self._overhang: Tensor | None = None
        # None where what sounds cannot be changed.
        self._sounding: Sounding | None = None
        # Frames until it is changed; None if it is not.
        self._turn_in: int | None = None

    @property
    def is_due(self) -> bool:
        """Whether an event begins or changes with the next frame: then `choose` is to be called."""
        return not self._queue or self._turn_in == 0

    def steer(self, steering: SteeringScores | None, keeps_level: bool) -> None:
        """Choose the next events by other targets; arguments as of the class."""
        self.keeps_level = keeps_level
        self.chooser.steer(steering)

    def draw_by(self, sampling: Sampling) -> None:
        """Choose the next events by other settings."""
        self.chooser.draw_by(sampling)

    def turn_after(self, frames: int) -> None:
        """Change the event that sounds after so many `frames`, unless another has begun by then."""
        if self._turn_in is None and len(self._queue) > frames:
            self._turn_in = frames

    def metre_at(self, t: int) -> tuple[float, float]:
        """Phases of beat and bar, 0 to 1, at frame `t`; NaN without a beat."""
        return self.timeline.metre_at(t)

    def next_frame(self) -> DrawnFrame:
        """The next frame; one that is due has been chosen before."""
        if self._turn_in is not None:
            self._turn_in -= 1
        return self._queue.popleft()

    def forget(self) -> None:
        """Drop what was to come: the codes of the next frames come from elsewhere."""
        self._queue.clear()
        self.timeline.forget()
        self._previous = None
        self._overhang = None
        self._sounding = None
        self._turn_in = None

    def follow(self, prompt: Tensor) -> None:
        """Take the recording that the `prompt` `[T, Q]` comes from as the template, in time.

        Its tempo is that of the sound. In free time any recording may be the template: prompts come
        from long ones mostly, and drones would prevail.
        """
        if self.timeline.tempo is None:
            return
        points = self._entry_points(self.bank.codec.rvq.lookup(prompt))
        recording = int(points.recording[points.scores.argmax()]) if len(points.scores) else 0
        tempo = self.timeline.tempo
        if tempo is not None and math.isnan(self.bank.tempo[recording]):
            recording = self.chooser.template(0, tempo, log_probs=None)
        self._start(recording, t=0)

    def choose(self, t: int, context: Tensor | None, log_probs: Tensor, goes_on: bool) -> None:
        """Choose what begins at frame `t`, or what the event that sounds becomes.

        Args:
            t: number of the frame.
            context: latents `[n, D]` of the last frames; None where nothing came before.
            log_probs: log-probabilities `[K]` of the prior for the first code of this frame.
            goes_on: whether the frame goes on within a sound that was not drawn here.
        """
        if self._queue:
            self._turn(t, log_probs)
            return
        self._turn_in = None
        if goes_on and context is not None:
            self._enter(t, context)
        while not self._queue:
            if self.timeline.is_over:
                self._start(self.chooser.template(t, self.timeline.tempo, log_probs), t)
            self._fill_slot(t, context, log_probs)

    def _start(self, template: int, t: int) -> None:
        self.chooser.remember_template(template)
        # In time, or out of a recording that is one sound, all of it is followed.
        if self._is_single(template):
            self.timeline.start_event(self.chooser.single_event(template), t)
        else:
            self.timeline.start(template, t)

    def _is_single(self, template: int) -> bool:
        """Whether the sound is one event of its template."""
        in_time = self.timeline.tempo is not None
        return self.single_events and not in_time and self.bank.is_phrase(template)

    def _enter(self, t: int, context: Tensor) -> None:
        """Go on as the recording does that was most like the context, to the end of its event."""
        points = self._entry_points(context)
        if not len(points.scores):
            return
        scores = points.scores
        if self.timeline.bar_beat is not None:
            # Bars go on in a recording that has some.
            scores = scores - NO_PULSE_COST * np.isnan(self.bank.tempo[points.recording])
        entry = self.chooser.sample(scores)
        recording = int(points.recording[entry])
        frame = int(points.frame[entry])
        own = self.bank.events_of[recording]
        number = int(np.searchsorted(self.bank.start[own], frame, side="right")) - 1
        event = int(own[max(0, number)])
        frames = self.timeline.go_on(event, frame, t)
        rest = max(1, math.floor(self.bank.stop[event]) - frame)
        index = frame + torch.arange(frames) * rest // frames
        self._push(self.bank.recordings[recording].codes[0][index].long(), ends=False)
        self._previous = event
        self._overhang = None
        self._sounding = None

    def _turn(self, t: int, log_probs: Tensor) -> None:
        """Let the event that sounds become another one, at the age that it has reached."""
        self._turn_in = None
        sounding = self._sounding
        if sounding is None:
            return
        decision = self.chooser.decide(sounding.place, t, log_probs)
        if decision == sounding.decision:
            return
        bank = self.bank
        span = sounding.span
        overhang = CROSSFADE_FRAMES if bank.steady[decision.event] else 0
        whole = self._course(decision, sounding.place.cue, span, overhang)
        ends = self._queue[-1].ends
        rest = torch.stack([frame.codes for frame in self._queue])
        before = bank.codec.rvq.lookup(rest[:TURN_FADE_FRAMES])
        latents = fade_from(before, whole[t - span.first : span.frames])
        self._queue.clear()
        self._previous = decision.event
        self._push(bank.codec.rvq(latents), ends)
        self._overhang = whole[span.frames :] if overhang else None
        self._sounding = sounding._replace(decision=decision)

    def _entry_points(self, context: Tensor) -> EntryPoints:
        """Places in the recordings after frames like the last of `context` `[n, D]`."""
        n = min(CONTEXT_FRAMES, len(context))
        end = context[-n:]
        recordings = []
        frames = []
        costs = []
        for recording in range(len(self.bank.recordings)):
            latents = self.bank.latents(recording)
            # The frame after the last one of a window must be there.
            count = max(0, len(latents) - n)
            squares = torch.zeros(count, device=latents.device)
            for i in range(n):
                squares = squares + (latents[i : i + count] - end[i]).square().sum(1)
            costs.append((squares / n / self.bank.variance).cpu().double().numpy())
            recordings.append(np.full(count, recording))
            frames.append(np.arange(n, n + count))
        return EntryPoints(
            recording=np.concatenate(recordings),
            frame=np.concatenate(frames),
            scores=-ENTRY_COST * np.concatenate(costs),
        )

    def _fill_slot(self, t: int, context: Tensor | None, log_probs: Tensor) -> None:
        """Lay an event on the frames of the next slot."""
        slot = self.timeline.next_slot()
        frames = math.floor(slot.end) - t
        if frames < 1:
            # Shorter than a frame: the next event takes its place.
            return
        # What comes before a sound of its own is not heard, or has ended.
        audible = context if self._previous is not None else None
        latents = None if audible is None else audible[-1].cpu()
        place = Place(slot.cue, frames, self._previous, latents)
        decision = self.chooser.decide(place, t, log_probs)
        if slot.is_last and not self.timeline.is_timed:
            # Stretched further, the tail of a free sound would be a silence.
            longest = math.ceil(MOST_STRETCH * decision.recorded_frames(self.bank))
            frames = min(frames, longest)
        onset = min(max(0.0, slot.begin - t), LAST_PART)
        span = Span(first=t, frames=frames, onset=onset)
        codes = self._render(decision, slot.cue, span, audible)
        template = self.timeline.template
        assert template is not None
        is_whole = self.bank.recordings[template].whole or self._is_single(template)
        self._push(codes, ends=slot.is_last and is_whole)
        self._previous = decision.event
        self._sounding = Sounding(place, span, decision)

    def _render(self, decision: Decision, cue: int, span: Span, context: Tensor | None) -> Tensor:
        """Codes `[frames, Q]` of a decision."""
        bank = self.bank
        is_steady = bool(bank.steady[decision.event])
        is_successor = successor(bank, self._previous) == decision.event
        fades = is_steady and context is not None and not is_successor
        before = self._overhang
        self._overhang = None
        overhang = CROSSFADE_FRAMES if is_steady else 0
        is_exact = decision.partner is None and not self._gain(decision.event, cue)
        if is_exact and not fades:
            codes = exact_codes(bank, decision.event, span)
            if codes is not None:
                if overhang:
                    whole = trajectory(bank, decision.event, span, overhang=overhang)
                    self._overhang = whole[span.frames :]
                return codes
        latents = self._course(decision, cue, span, overhang)
        if fades:
            assert context is not None
            # Only a steady part goes on: after others, their last frame stands.
            hold = context[-1:].expand(SHORT_FADE_FRAMES, -1)
            latents = fade_from(hold if before is None else before, latents)
        if overhang:
            self._overhang = latents[span.frames :]
        indices: Tensor = bank.codec.rvq(latents[: span.frames])
        return indices

    def _course(self, decision: Decision, cue: int, span: Span, overhang: int) -> Tensor:
        """Latents `[frames + overhang, D]` of a decision, blended if it has a partner."""
        bank = self.bank
        gain = self._gain(decision.event, cue)
        latents = trajectory(bank, decision.event, span, gain, overhang)
        if decision.partner is None:
            return latents
        other_gain = self._gain(decision.partner, cue)
        other = trajectory(bank, decision.partner, span, other_gain, overhang)
        # From the middle of the dial down to free, less and less begins as recorded. A steady part
        # has no attack.
        is_steady = bool(bank.steady[decision.event])
        head = 0.0 if is_steady else min(1.0, 2 * self.chooser.sampling.nearness)
        return blend(bank.codec.analysis, latents, other, decision.weights, head)

    def _gain(self, event: int, cue: int) -> float:
        """Gain in dB that brings `event` to the level of the template's; 0 where inaudible."""
        if self.keeps_level:
            return 0.0
        gain = float(self.bank.level[cue] - self.bank.level[event])
        gain = min(max(gain, -MOST_GAIN_DB), MOST_GAIN_DB)
        return gain if abs(gain) >= LEAST_GAIN_DB else 0.0

    def _push(self, codes: Tensor, ends: bool) -> None:
        """Queue `codes` `[n, Q]`; the sound `ends` with the last of them."""
        last = len(codes) - 1
        self._queue.extend(DrawnFrame(row, ends and i == last) for i, row in enumerate(codes))
        if ends:
            self._previous = None
