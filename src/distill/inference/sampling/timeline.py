"""The timeline of a stream: which cue comes when, sound after sound."""

import math
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from distill.inference.events.bank import EventBank
from distill.inference.sampling.clock import Clock
from distill.inference.sampling.cues import (
    SAME_BEAT,
    BarBook,
    BarSpan,
    Cue,
    Uniform,
    free_cues,
    timed_cues,
)
from distill.inference.sampling.settings import Sampling
from distill.models.metre import NO_METRE

STEADY_STAY = 0.7
"""Chance that a part of a steady sound goes on through the next one: 2 s on the whole. Parts of one
length would make a beat."""


class Slot(NamedTuple):
    """A place for an event.

    Attributes:
        cue: recorded event to resemble.
        begin: its onset in frames (fractional).
        end: the next onset, or the end of the sound, in frames.
        is_last: whether the sound ends with it.
    """

    cue: int
    begin: float
    end: float
    is_last: bool


class Timeline:
    """Gives the slots of a stream in order.

    Args:
        bank: the events.
        sampling: swing, form, and whether time is free.
        tempo: in BPM; None for a stream that keeps no beat, or takes that of what it goes on from.
        rng: source of random numbers.
        bar_beat: beat of its bar at which frame 0 lies, where the stream goes on from a sound
            whose bars are known.

    Attributes:
        template: recording that the current sound follows; None before the first.
    """

    def __init__(
        self,
        bank: EventBank,
        sampling: Sampling,
        tempo: float | None,
        rng: Uniform,
        bar_beat: float | None = None,
    ) -> None:
        self.bank = bank
        self.sampling = sampling
        self.tempo = tempo
        self.bar_beat = bar_beat
        self.template: int | None = None
        self._rng = rng
        self._book = BarBook(sampling.form, rng)
        self._cues: Iterator[Cue] = iter(())
        self._cue: Cue | None = None
        # The bar of the last slot.
        self._bar: BarSpan | None = None
        # In time: the clock, the frame of its origin, and the beat at which the next sound begins.
        self._clock: Clock | None = None
        self._origin = 0
        self._beat = 0.0

    @property
    def is_over(self) -> bool:
        """Whether no event of the current sound is left."""
        return self._cue is None or self._cue.event is None

    @property
    def is_timed(self) -> bool:
        """Whether slots fall on beats."""
        return self._clock is not None

    def metre_at(self, t: int) -> tuple[float, float]:
        """Phases of beat and bar, 0 to 1, at frame `t` of the stream; NaN without a beat."""
        if self._clock is None or self._bar is None:
            # A sound in time begins with a bar.
            begins = self.tempo is not None and self.template is None
            return (0.0, 0.0) if begins else NO_METRE
        beat = self._clock.beat(t - self._origin)
        bar = (beat - self._bar.begin) / self._bar.length
        return beat % 1, bar % 1

    def forget(self) -> None:
        """Drop what was to come; what follows begins a time of its own."""
        self._cues = iter(())
        self._cue = None
        self._bar = None
        self._clock = None
        self._beat = 0.0

    def start(self, template: int, t: int) -> None:
        """Begin a sound that follows the recording `template`, at frame `t` if it is the first in
        its time."""
        self.template = template
        if self.tempo is None:
            self._cues = free_cues(self.bank, template, 0, float(t))
        else:
            if self._clock is None:
                rate = self.bank.codec.frame_rate
                self._clock = Clock(self.tempo, self.sampling.swing, rate)
                self._origin = t
            self._cues = timed_cues(self.bank, template, self._book, self._beat)
        self._cue = next(self._cues, None)

    def start_event(self, event: int, t: int) -> None:
        """Begin a sound that is one `event` of a recording, at frame `t`."""
        bank = self.bank
        self.template = int(bank.recording[event])
        frames = float(bank.reach[event])
        if event != bank.events_of[self.template][-1]:
            # The window of the last frame reaches into the attack of the next event.
            frames = max(1.0, frames - 1)
        self._cues = iter((Cue(float(t), event), Cue(t + frames, None)))
        self._cue = next(self._cues, None)

    def go_on(self, event: int, frame: int, t: int) -> int:
        """Go on within a recording: its `frame`, in its `event`, is the frame `t` of the stream.

        Returns:
            Frames to the next cue: what is left of the event.
        """
        bank = self.bank
        recording = int(bank.recording[event])
        self.template = recording
        rest = max(1, math.floor(bank.stop[event]) - frame)
        pulse = bank.recordings[recording].pulse
        self.forget()
        if pulse is not None and not self.sampling.free_time:
            self._go_on_in_time(event, frame, t)
        elif self.tempo is None:
            number = event - int(bank.events_of[recording][0]) + 1
            self._cues = free_cues(bank, recording, number, t + float(bank.stop[event]) - frame)
        self._cue = next(self._cues, None)
        if self._cue is None:
            return rest
        # At another tempo the rest of the event takes another time.
        return max(1, math.floor(self._frame_of(self._cue)) - t)

    def _go_on_in_time(self, event: int, frame: int, t: int) -> None:
        """The rest of a bar of the template, then bars of its own."""
        bank = self.bank
        recording = int(bank.recording[event])
        pulse = bank.recordings[recording].pulse
        assert pulse is not None
        rate = bank.codec.frame_rate
        beat = float(bank.beat[event] + (frame - bank.start[event]) / rate * pulse.tempo / 60)
        length = float(pulse.bar_beats)
        begin = math.floor(beat / length) * length
        own = bank.events_of[recording]
        following = own[own > event]
        if self.tempo is None:
            self.tempo = pulse.tempo
        if self.bar_beat is not None:
            # The bar of what it goes on from counts, not the place that sounds like it.
            beat = begin + (self.bar_beat + t / rate * self.tempo / 60) % length
            following = own[bank.beat[own] > beat + SAME_BEAT]
        self._clock = Clock(self.tempo, self.sampling.swing, rate, origin=beat)
        self._origin = t
        self._bar = BarSpan(begin=begin, length=length)
        inside = following[bank.beat[following] < begin + length - SAME_BEAT]
        rest = (Cue(float(bank.beat[e]), int(e), self._bar) for e in inside)
        self._cues = chain(rest, timed_cues(bank, recording, self._book, begin + length))

    def next_slot(self) -> Slot:
        """The next slot of the current sound, which is not over."""
        cue = self._cue
        assert cue is not None
        assert cue.event is not None
        following = self._after_steady(cue.event)
        self._cue = following
        self._bar = cue.bar
        begin = self._frame_of(cue)
        if following is None:
            return Slot(cue.event, begin, begin + float(self.bank.frames[cue.event]), is_last=True)
        if following.event is None and self._clock is not None:
            self._beat = following.position
        return Slot(cue.event, begin, self._frame_of(following), following.event is None)

    def _after_steady(self, event: int) -> Cue | None:
        """The next cue, after as many parts of a steady sound as are drawn to be one slot."""
        following = next(self._cues, None)
        while following is not None and following.event == event + 1:
            goes_on = self.bank.steady[event] and self.bank.steady[event + 1]
            if not goes_on or self._rng() >= STEADY_STAY:
                break
            event += 1
            following = next(self._cues, None)
        return following

    def _frame_of(self, cue: Cue) -> float:
        if self._clock is None:
            return cue.position
        return self._origin + self._clock.frame(cue.position)
