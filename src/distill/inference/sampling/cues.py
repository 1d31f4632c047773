"""Cues: when the next event comes, and which recorded event it is to resemble.

A recording, the template of a sound, gives the order of events in time: its bars where it has a
pulse, all of it where it has none. The events themselves are drawn (`sampling/event_choice.py`).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from distill.inference.events.bank import EventBank

REPEAT = 0.7
"""Chance that a bar is repeated, where no form is asked for: about as often as in loops."""

RETURN = 0.4
"""Chance that a bar which does not repeat the last one is an earlier one."""

LEAST_BEATS = 8.0
"""Beats that a template stays, at least: less would be no music of its own."""

FALLBACK_BEATS = 4
"""Beats of a fallback bar."""

FALLBACK_CHANCES = (1.0, 0.3, 0.6, 0.3, 0.8, 0.3, 0.6, 0.4)
"""Chance of an event on each eighth of such a bar: most on the beats, always on the first."""

NEAR_BEGINNING = 0.125
"""Beats from its beginning within which an event counts as the first of a bar: half a sixteenth."""

MOST_BEATS = 16.0
"""Beats that a template stays, at most: four bars are a section."""

SAME_BEAT = 0.03
"""Beats by which two positions may differ and count as one."""

Uniform = Callable[[], float]
"""Gives the next random number, 0 to 1."""


class Cue(NamedTuple):
    """A moment at which an event begins.

    Attributes:
        position: in beats, or in frames of a sound without a pulse.
        event: the recorded event to resemble; None at the end of a sound, where none begins.
        bar: the bar in which it lies; None in a sound without a pulse.
    """

    position: float
    event: int | None
    bar: "BarSpan | None" = None


class BarSpan(NamedTuple):
    """A bar in time: the beat at which it begins, and how many beats it lasts."""

    begin: float
    length: float


class Bar(NamedTuple):
    """A bar of a recording: its events, and their beats from the beginning of the bar.

    Attributes:
        events: indices `[n]`.
        beats: beats `[n]`, the first of them 0.
        length: beats of the bar.
    """

    events: np.ndarray
    beats: np.ndarray
    length: float


def bars_of(bank: EventBank, recording: int) -> list[Bar]:
    """The bars of a recording that has a pulse; of one shorter than a bar, all of it as one."""
    pulse = bank.recordings[recording].pulse
    assert pulse is not None
    events = bank.events_of[recording]
    beat = bank.beat[events]
    end = float(beat[-1] + bank.beats[events[-1]])
    # Codes end with a whole frame, not with the beat.
    first = math.ceil((beat[0] - SAME_BEAT) / pulse.bar_beats)
    last = math.floor((end + SAME_BEAT) / pulse.bar_beats)
    length = float(pulse.bar_beats)
    if last <= first:
        return [_bar(events, beat - beat[0], 0.0, max(1.0, float(round(end - beat[0]))))]
    return [_bar(events, beat, number * length, length) for number in range(first, last)]


def _bar(events: np.ndarray, beat: np.ndarray, begin: float, length: float) -> Bar:
    """The bar from beat `begin` on.

    Its first event is one near its beginning, else the one that sounds then.
    """
    offset = beat - begin
    is_near = np.abs(offset) <= NEAR_BEGINNING
    if is_near.any():
        first = int(np.abs(offset).argmin())
    else:
        first = max(0, int(np.searchsorted(offset, 0.0, side="right")) - 1)
    beats = _snap(offset)
    is_inside = (beats > max(0.0, offset[first])) & (beats < length - SAME_BEAT) & ~is_near
    own = np.concatenate([[events[first]], events[is_inside]])
    return Bar(own, np.concatenate([[0.0], beats[is_inside]]), length)


def fallback_bar(bank: EventBank, rng: Uniform) -> Bar:
    """A bar of beginnings of recordings, on eighths: for recordings without a pulse."""
    beginnings = bank.begins.nonzero()[0]
    eighths = [i for i, chance in enumerate(FALLBACK_CHANCES) if rng() < chance]
    events = [int(beginnings[int(rng() * len(beginnings))]) for _ in eighths]
    beats = np.array(eighths) * FALLBACK_BEATS / len(FALLBACK_CHANCES)
    return Bar(np.array(events), beats, float(FALLBACK_BEATS))


def _snap(beats: np.ndarray) -> np.ndarray:
    """`beats` `[n]` on the nearest sixteenth or triplet, where they lie near it.

    Players push and drag, each in his way; mixed, that would be no groove but noise.
    """
    sixteenths = np.round(beats * 4) / 4
    triplets = np.round(beats * 3) / 3
    # Sixteenths are commoner: triplets have to fit clearly better.
    is_triplet = np.abs(beats - triplets) + SAME_BEAT < np.abs(beats - sixteenths)
    nearest: np.ndarray = np.where(is_triplet, triplets, sixteenths)
    # Two onsets on one place keep their order: the second stays where it was.
    is_late = np.diff(nearest, prepend=-np.inf) <= 0
    return np.where(is_late, np.maximum(beats, nearest), nearest)


class BarBook:
    """The bars of a stream by their letters, which say when a bar comes back.

    Args:
        form: letters in turn, for ever; empty for chance.
        rng: source of random numbers.
    """

    def __init__(self, form: str, rng: Uniform) -> None:
        self.form = form
        self.bars: dict[str, Bar] = {}
        self._rng = rng
        self._count = 0
        self._letter = ""

    def begin_section(self) -> None:
        """Begin a section: the last bar is not repeated at once."""
        self._letter = ""

    def next_bar(self, bars: Sequence[Bar], bank: EventBank) -> Bar:
        """The next bar: one that comes back, or a new one of `bars`; a fallback if there are
        none."""
        self._letter = self._next_letter()
        self._count += 1
        if self._letter not in self.bars:
            number = int(self._rng() * len(bars))
            self.bars[self._letter] = bars[number] if bars else fallback_bar(bank, self._rng)
        return self.bars[self._letter]

    def _next_letter(self) -> str:
        if self.form:
            return self.form[self._count % len(self.form)]
        if self._letter and self._rng() < REPEAT:
            return self._letter
        if self.bars and self._rng() < RETURN:
            return sorted(self.bars)[int(self._rng() * len(self.bars))]
        return str(len(self.bars))


def timed_cues(bank: EventBank, recording: int, book: BarBook, begin: float) -> Iterator[Cue]:
    """Cues of a sound in time: whole bars, about as long as its template.

    It lasts `LEAST_BEATS` at least and `MOST_BEATS` at most.

    Args:
        bank: the events.
        recording: the template; where it has no pulse, it has fallback bars.
        book: the bars of the stream.
        begin: beat at which the sound begins.
    """
    bars = bars_of(bank, recording) if bank.recordings[recording].pulse else []
    length = min(max(LEAST_BEATS, sum(bar.length for bar in bars)), MOST_BEATS)
    position = begin
    book.begin_section()
    while position < begin + length - SAME_BEAT:
        bar = book.next_bar(bars, bank)
        span = BarSpan(begin=position, length=bar.length)
        for event, beat in zip(bar.events, bar.beats, strict=True):
            yield Cue(position + float(beat), int(event), span)
        position += bar.length
    yield Cue(position, None)


def free_cues(bank: EventBank, recording: int, first: int, begin: float) -> Iterator[Cue]:
    """Cues of a sound that moves as its template does, from event `first` of it to its end.

    Args:
        bank: the events.
        recording: the template.
        first: number of the first event in it.
        begin: frame at which the sound begins.
    """
    events = bank.events_of[recording][first:]
    origin = float(bank.start[events[0]]) if len(events) else 0.0
    for event in events:
        yield Cue(begin + float(bank.start[event]) - origin, int(event))
    if len(events):
        yield Cue(begin + float(bank.stop[events[-1]]) - origin, None)
