"""Drawing one stream event by event.

A sound takes a recording as its model: its onsets in time (`sampling/cues.py`). For each of them an
event is chosen (`sampling/event_choice.py`) and laid on the frames up to the next, as recorded or
blended with another. In time, all sounds of a stream keep one tempo.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.bank import EventBank
from distill.inference.events.trajectory import Span, blend, exact_codes, fade_from, trajectory
from distill.inference.sampling.clock import Clock
from distill.inference.sampling.cues import MADE_BEATS, Bar, Cue, free_cues, timed_cues
from distill.inference.sampling.event_choice import (
    PRIOR,
    RECENT_HALF,
    Place,
    SteeringScores,
    event_scores,
    partner_scores,
    squared_distances,
)
from distill.inference.sampling.sampler import sample, uniform
from distill.inference.sampling.settings import Sampling

CONTEXT_FRAMES = 3
"""Frames of a context that are compared with the recordings, to find where to go on from."""
ENTRY = 30.0
"""Cost of their mean squared distance (unit: total variance of all latents), in nats."""
OTHER_TEMPO = 6.0
"""Cost in nats of a model whose tempo is an octave off, to the nearest octave."""
MODEL_PRIOR = 0.05
"""Weight of the prior's log-probability of the first code of a model. A larger one brings the same
few sounds again and again."""
RECENT_MODEL = 1.0
"""Cost in nats of each time that a recording was the model, halved with each model after it."""
OTHER_NAME = 4.0
"""Cost in nats of a model without the name that was asked for."""
NO_PULSE = 20.0
"""Cost in nats of a model without a pulse for a sound in time."""
ALIKE = 0.15
"""Squared distance of mean latents (unit: total variance of all latents) below which two recorded
events count as the same sound."""
LONG_S = 1.0
"""Seconds from which an event as recorded is a passage: it is blended, unless all is near."""
LEAST_GAIN_DB = 1.5
"""A gain below this is left out, in dB: codes then stay as they were recorded."""
MOST_GAIN_DB = 12.0
"""Largest gain in dB by which an event is brought to the level of the event of the model."""
MOST_STRETCH = 1.5
"""Times its recorded length that the last event of a free sound may last."""
LAST_PART = 0.999
"""Latest place of an onset within a frame, in frames."""
LEAST_SHARE = 0.35
"""Share of the weaker event in a blend, at least: below, one hears the other alone."""
DRIFT = 0.15
"""Change of that share over an event, at most."""
UNCUT = Sampling(top_p=1.0)
"""Takes all that there is to choose from."""


class DrawnFrame(NamedTuple):
    """Codes `[Q]` of a frame, and whether the sound ends with it."""

    codes: Tensor
    ends: bool


class Places(NamedTuple):
    """Frames `[n]` of recordings to go on from, with their scores `[n]` in nats."""

    recording: np.ndarray
    frame: np.ndarray
    scores: np.ndarray


class Decision(NamedTuple):
    """The events at a cue: `event`, blended with `partner` by `weights` if there is one."""

    event: int
    partner: int | None = None
    weights: tuple[float, float] = (0.0, 0.0)


@dataclass
class EventDraw:
    """The draw of one stream; its frames are asked for one by one.

    Attributes:
        bank: the events.
        sampling: settings.
        generator: source of all random numbers.
        number: number of the stream, for its targets.
        steering: scores by targets, if there are any.
        keeps_level: whether events keep their own level; if not, they take that of the model's.
        tempo: in BPM; None for a sound that keeps no beat, or that of what it goes on from.
    """

    bank: EventBank
    sampling: Sampling
    generator: torch.Generator
    number: int = 0
    steering: SteeringScores | None = None
    keeps_level: bool = False
    tempo: float | None = None

    def __post_init__(self) -> None:
        self._queue: deque[DrawnFrame] = deque()
        self._cues: Iterator[Cue] = iter(())
        self._cue: Cue | None = None
        self._clock: Clock | None = None
        self._model: int | None = None
        self._previous: int | None = None
        self._used = np.zeros(len(self.bank))
        self._steered = np.zeros(len(self.bank))
        self._steered_at = -1
        self._models = np.zeros(len(self.bank.recordings))
        self._letters: dict[str, Bar] = {}
        self._decisions: dict[int, Decision] = {}
        # Frame and, in time, beat at which the current sound began.
        self._begin = 0
        self._beat = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the next frame begins an event, so that `choose` is to be called."""
        return not self._queue

    def next_frame(self) -> DrawnFrame:
        """The next frame; one that is due has been chosen before."""
        return self._queue.popleft()

    def forget(self) -> None:
        """Drop what was to come: the codes of the next frames come from elsewhere."""
        self._queue.clear()
        self._cue = None
        self._cues = iter(())

    # --- beginnings -------------------------------------------------------------------------------

    def follow(self, prompt: Tensor) -> None:
        """Take the recording that the `prompt` `[T, Q]` comes from as the model of the sound."""
        places = self._places_like(self.bank.codec.rvq.lookup(prompt))
        recording = int(places.recording[places.scores.argmax()]) if len(places.scores) else 0
        if self.tempo is not None and math.isnan(self.bank.tempo[recording]):
            recording = self._choose_model(t=0, log_probs=None)
        self._start_model(recording, t=0)

    def choose(self, t: int, context: Tensor | None, log_probs: Tensor, goes_on: bool) -> None:
        """Choose what begins at frame `t`.

        Args:
            t: number of the frame.
            context: latents `[n, D]` of the last frames; None where nothing came before.
            log_probs: log-probabilities `[K]` of the prior for the first code of this frame.
            goes_on: whether the frame goes on within a sound that was not drawn here.
        """
        if goes_on and context is not None:
            self._enter(t, context)
        elif self._cue is None:
            self._start_model(self._choose_model(t, log_probs), t)
        while not self._queue:
            self._place_event(t, context, log_probs)

    def _enter(self, t: int, context: Tensor) -> None:
        """Go on as the recording does that was most like the context, to the end of its event."""
        places = self._places_like(context)
        recording, frame = 0, 0
        if len(places.scores):
            chosen = self._sample(places.scores)
            recording = int(places.recording[chosen])
            frame = int(places.frame[chosen])
        bank = self.bank
        events = bank.events_of[recording]
        number = max(0, int(np.searchsorted(bank.start[events], frame, side="right")) - 1)
        event = int(events[number])
        codes = bank.recordings[recording].codes[0]
        stop = max(frame + 1, math.floor(bank.stop[event]))
        self._model = recording
        self._previous = event
        self._begin = t
        pulse = bank.recordings[recording].pulse
        if pulse is None or self.sampling.free_time:
            self.tempo = None
            self._clock = None
            following = t + float(bank.stop[event]) - frame
            self._cues = free_cues(bank, recording, number + 1, following)
        else:
            self._cues = self._cues_from(recording, number, frame, t)
        self._cue = next(self._cues, None)
        # At another tempo the rest of the event takes another time.
        end = self._frame_of(self._cue.position) if self._cue else t + stop - frame
        frames = max(1, math.floor(end) - t)
        index = frame + torch.arange(frames) * (stop - frame) // frames
        self._push(codes[index], ends=False)

    def _cues_from(self, recording: int, number: int, frame: int, t: int) -> Iterator[Cue]:
        """Cues in time that go on within a bar of `recording`, whose `frame` is the frame `t`."""
        bank = self.bank
        pulse = bank.recordings[recording].pulse
        assert pulse is not None
        event = int(bank.events_of[recording][number])
        rate = bank.codec.frame_rate
        beat = bank.beat[event] + (frame - bank.start[event]) / rate * pulse.tempo / 60
        if self.tempo is None:
            self.tempo = self.sampling.tempo or pulse.tempo
        clock = Clock(self.tempo, self.sampling.swing, rate, origin=float(beat))
        # The clock counts from frame 0 of the stream, not from here.
        self._clock = clock
        self._begin = t
        bar_end = (math.floor(beat / pulse.bar_beats) + 1) * pulse.bar_beats
        own = bank.events_of[recording][number + 1 :]
        inside = own[bank.beat[own] < bar_end - 0.1]
        rest = (Cue(float(bank.beat[e]), int(e)) for e in inside)
        self._beat = float(bar_end)
        return chain(rest, self._timed_cues(recording, float(bar_end)))

    def _places_like(self, context: Tensor) -> Places:
        """Places `[n]` in the recordings after frames like the last of `context` `[n, D]`."""
        n = min(CONTEXT_FRAMES, len(context))
        sought = context[-n:]
        recordings = []
        frames = []
        costs = []
        for recording in range(len(self.bank.recordings)):
            latents = self.bank.latents(recording)
            # The frame after the last one of a window must be there.
            count = max(0, len(latents) - n)
            squared = torch.zeros(count, device=latents.device)
            for i in range(n):
                squared = squared + (latents[i : i + count] - sought[i]).square().sum(1)
            costs.append((squared / n / self.bank.variance).double().cpu().numpy())
            recordings.append(np.full(count, recording))
            frames.append(np.arange(n, n + count))
        return Places(
            recording=np.concatenate(recordings),
            frame=np.concatenate(frames),
            scores=-ENTRY * np.concatenate(costs),
        )

    def _choose_model(self, t: int, log_probs: Tensor | None) -> int:
        """The recording that the next sound takes as its model."""
        bank = self.bank
        first = np.array([events[0] for events in bank.events_of])
        scores = np.zeros(len(first))
        if log_probs is not None:
            scores += MODEL_PRIOR * log_probs.double().numpy()[bank.first_code[first]]
        scores -= RECENT_MODEL * self._models
        like = self.sampling.like.lower()
        scores -= OTHER_NAME * np.array([like not in r.name.lower() for r in bank.recordings])
        by_event = self._steering_scores(t)
        scores += [by_event[events].mean() for events in bank.events_of]
        if self.tempo is not None:
            octaves = np.log2(bank.tempo / self.tempo)
            off = np.abs(octaves - np.round(octaves))
            # A recording without a pulse has no place in time, unless there is no other.
            scores -= np.where(np.isnan(off), NO_PULSE, OTHER_TEMPO * np.nan_to_num(off))
        return self._sample(scores)

    def _start_model(self, recording: int, t: int) -> None:
        """Begin a sound at frame `t` that takes `recording` as its model."""
        self._model = recording
        self._models /= 2
        self._models[recording] += 1
        if self.tempo is None:
            self._begin = t
            self._cues = free_cues(self.bank, recording, 0, float(t))
        else:
            if self._clock is None:
                rate = self.bank.codec.frame_rate
                self._clock = Clock(self.tempo, self.sampling.swing, rate)
                self._begin = t
            self._cues = self._timed_cues(recording, self._beat)
        self._cue = next(self._cues, None)

    def _timed_cues(self, recording: int, beat: float) -> Iterator[Cue]:
        # A form begins with the stream, whatever models follow one another.
        bars_before = round(beat / max(1, self._bar_beats(recording)))
        form = self.sampling.form
        turned = form[bars_before % len(form) :] + form[: bars_before % len(form)] if form else ""
        return timed_cues(self.bank, recording, turned, self._letters, beat, self._uniform)

    def _bar_beats(self, recording: int) -> int:
        pulse = self.bank.recordings[recording].pulse
        return pulse.bar_beats if pulse else MADE_BEATS

    # --- events -----------------------------------------------------------------------------------

    def _place_event(self, t: int, context: Tensor | None, log_probs: Tensor) -> None:
        """Lay the event of the current cue on its frames, and go on to the next cue."""
        cue = self._cue
        if cue is None or cue.event < 0:
            # The sound is over, and no event begins here: another sound does.
            self._beat = cue.position if cue is not None else self._beat
            self._start_model(self._choose_model(t, log_probs), t)
            cue = self._cue
            assert cue is not None
        following = next(self._cues, None)
        self._cue = following
        stop = self._frame_of(following.position) if following else t + self.bank.frames[cue.event]
        frames = math.floor(stop) - t
        if frames < 1:
            # Shorter than a frame: the next event takes its place.
            return
        place = Place(
            cue=cue.event,
            frames=frames,
            previous=self._previous,
            latents=None if context is None else context[-1].cpu(),
        )
        decision = self._decide(cue, place, t, log_probs)
        is_last = following is None or following.event < 0
        if is_last and self._clock is None:
            frames = min(frames, self._longest(decision))
        begin = max(float(t), self._frame_of(cue.position))
        span = Span(first=t, frames=frames, onset=min(begin - t, LAST_PART))
        codes = self._render(decision, cue, span, context)
        assert self._model is not None
        self._push(codes, ends=is_last and self.bank.recordings[self._model].whole)
        self._previous = decision.event

    def _longest(self, decision: Decision) -> int:
        """Frames that the last event of a free sound may last: stretched further, its tail would be
        a silence."""
        events = (
            [decision.event] if decision.partner is None else [decision.event, decision.partner]
        )
        return math.ceil(MOST_STRETCH * max(self.bank.frames[event] for event in events))

    def _frame_of(self, position: float) -> float:
        """The frame (fractional) of the stream at which a cue falls."""
        return position if self._clock is None else self._begin + self._clock.frame(position)

    def _decide(self, cue: Cue, place: Place, t: int, log_probs: Tensor) -> Decision:
        """The events at a cue: those of the last cue like it, unless they vary.

        A drum is the same drum whenever it is struck.
        """
        # From the middle of the dial on, more and more stands as its model has it.
        as_recorded = max(0.0, 2 * self.sampling.nearness - 1) ** 2
        if self._uniform() < as_recorded:
            return Decision(cue.event)
        alike = self._alike(cue.event)
        if alike is not None and self._uniform() >= self.sampling.form_variation:
            return self._decisions[alike]
        decision = self._new_decision(place, t, log_probs)
        # A variation passes; the kit stays.
        if alike is None:
            self._decisions[cue.event] = decision
        return decision

    def _alike(self, cue: int) -> int | None:
        """The cue with a decision that sounds most like `cue`; None where none is alike."""
        if not self._decisions:
            return None
        cues = list(self._decisions)
        distances = squared_distances(self.bank, self.bank.mean[cues], self.bank.mean[cue])
        nearest = int(distances.argmin())
        return cues[nearest] if distances[nearest] < ALIKE else None

    def _new_decision(self, place: Place, t: int, log_probs: Tensor) -> Decision:
        nearness = self.sampling.nearness
        scores = event_scores(self.bank, place, self._used, nearness)
        scores += PRIOR * log_probs.double().numpy()[self.bank.first_code]
        scores += self._steering_scores(t)
        event = self._sample(scores)
        self._used *= 0.5 ** (1 / RECENT_HALF)
        self._used[event] += 1
        is_long = place.frames > LONG_S * self.bank.codec.frame_rate
        share = min(1.0, 2 - 2 * nearness) if is_long else 1 - nearness
        if self._uniform() >= share or len(self.bank) < 2:
            return Decision(event)
        partners = partner_scores(self.bank, place, event)
        partners += self._steering_scores(t)
        partner = self._sample(partners)
        first = LEAST_SHARE + (1 - 2 * LEAST_SHARE) * self._uniform()
        last = first + DRIFT * (2 * self._uniform() - 1)
        last = min(max(last, LEAST_SHARE), 1 - LEAST_SHARE)
        return Decision(event, partner, (first, last))

    def _render(self, decision: Decision, cue: Cue, span: Span, context: Tensor | None) -> Tensor:
        """Codes `[frames, Q]` of a decision."""
        bank = self.bank
        gain = self._gain(decision.event, cue.event)
        leads_over = bool(bank.steady[decision.event]) and context is not None
        if decision.partner is None and not gain and not leads_over:
            codes = exact_codes(bank, decision.event, span)
            if codes is not None:
                return codes
        latents = trajectory(bank, decision.event, span, gain)
        if decision.partner is not None:
            other_gain = self._gain(decision.partner, cue.event)
            other = trajectory(bank, decision.partner, span, other_gain)
            latents = blend(latents, other, decision.weights)
        if leads_over:
            assert context is not None
            latents = fade_from(context[-1], latents)
        return bank.codec.rvq(latents)

    def _gain(self, event: int, cue: int) -> float:
        """Gain in dB that brings `event` to the level of the model's event; 0 where inaudible."""
        if self.keeps_level:
            return 0.0
        gain = float(self.bank.level[cue] - self.bank.level[event])
        gain = min(max(gain, -MOST_GAIN_DB), MOST_GAIN_DB)
        return gain if abs(gain) >= LEAST_GAIN_DB else 0.0

    def _push(self, codes: Tensor, ends: bool) -> None:
        """Queue `codes` `[n, Q]`; the sound `ends` with the last of them."""
        last = len(codes) - 1
        self._queue.extend(DrawnFrame(row, ends and i == last) for i, row in enumerate(codes))

    def _steering_scores(self, t: int) -> np.ndarray:
        """Scores `[N]` of the events by the targets from frame `t` on; zero without any."""
        if self.steering is None:
            return np.zeros(len(self.bank))
        # Choices at one frame share them.
        if self._steered_at != t:
            self._steered = self.steering.scores(self.bank, t, self.number)
            self._steered_at = t
        return self._steered

    # --- random numbers ---------------------------------------------------------------------------

    def _uniform(self) -> float:
        return float(uniform(1, self.generator))

    def _sample(self, scores: np.ndarray) -> int:
        return int(sample(torch.from_numpy(scores)[None], self.sampling, self.generator))
