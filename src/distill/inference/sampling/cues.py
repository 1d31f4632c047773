"""Cues: when the next event comes, and which recorded event it is to resemble.

A recording, the model of a sound, gives the order of events in time: its bars where it has a
pulse, all of it where it has none. The events themselves are drawn (`sampling/event_choice.py`).
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from distill.inference.events.bank import EventBank

REPEAT = 0.7
"""Chance that a bar comes back at once, where no form is asked for: about as often as in loops."""

RETURN = 0.4
"""Chance that a bar that is not the last one again is one of the bars before it."""

LEAST_BEATS = 8.0
"""Beats that a model stays, at least: less would be no music of its own."""

MADE_BEATS = 4
"""Beats of a bar that is made where no recording has one."""

MADE_CHANCES = (1.0, 0.3, 0.6, 0.3, 0.8, 0.3, 0.6, 0.4)
"""Chance of an event on each eighth of such a bar: most on the beats, always on the first."""

SAME_BEAT = 0.03
"""Beats by which two positions may differ and count as one."""

Uniform = Callable[[], float]
"""Gives the next random number, 0 to 1."""


class Cue(NamedTuple):
    """A moment at which an event begins.

    Attributes:
        position: in beats, or in frames of a sound without a pulse.
        event: the recorded event to resemble.
    """

    position: float
    event: int


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
    # Rounded: codes end with a whole frame, not with the beat.
    first = math.ceil(beat[0] / pulse.bar_beats - SAME_BEAT)
    last = math.floor(end / pulse.bar_beats + SAME_BEAT)
    if last <= first:
        length = max(1.0, float(round(end - beat[0])))
        return [Bar(events, _snapped(beat - beat[0]), length)]
    length = float(pulse.bar_beats)
    return [_bar(events, beat, number * length, length) for number in range(first, last)]


def _bar(events: np.ndarray, beat: np.ndarray, begin: float, length: float) -> Bar:
    """The bar from beat `begin` on. The event that sounds when it begins is its first."""
    is_inside = (beat > begin + SAME_BEAT) & (beat < begin + length - SAME_BEAT)
    sounding = max(0, int(np.searchsorted(beat, begin + SAME_BEAT, side="right")) - 1)
    chosen = np.concatenate([[events[sounding]], events[is_inside]])
    beats = np.concatenate([[0.0], beat[is_inside] - begin])
    return Bar(chosen, _snapped(beats), length)


def made_bar(bank: EventBank, draw: Uniform) -> Bar:
    """A bar of beginnings of recordings, on eighths: for recordings without a pulse."""
    beginnings = bank.begins.nonzero()[0]
    eighths = [i for i, chance in enumerate(MADE_CHANCES) if draw() < chance]
    events = [int(beginnings[int(draw() * len(beginnings))]) for _ in eighths]
    beats = np.array(eighths) * MADE_BEATS / len(MADE_CHANCES)
    return Bar(np.array(events), beats, float(MADE_BEATS))


def _snapped(beats: np.ndarray) -> np.ndarray:
    """`beats` `[n]` on the nearest sixteenth or triplet, where they lie near it.

    Players push and drag, each in his way; mixed, that would be no groove but noise.
    """
    sixteenths = np.round(beats * 4) / 4
    triplets = np.round(beats * 3) / 3
    # Sixteenths are commoner: triplets have to fit clearly better.
    is_triplet = np.abs(beats - triplets) + SAME_BEAT < np.abs(beats - sixteenths)
    snapped: np.ndarray = np.where(is_triplet, triplets, sixteenths)
    # Two onsets on one place keep their order: the second stays where it was.
    is_late = np.diff(snapped, prepend=-1.0) <= 0
    return np.where(is_late, np.maximum(beats, snapped), snapped)


def timed_cues(
    bank: EventBank, recording: int, form: str, letters: dict[str, Bar], begin: float, draw: Uniform
) -> Iterator[Cue]:
    """Cues of a sound in time, as long as its model, and `LEAST_BEATS` at least.

    Args:
        bank: the events.
        recording: the model; where it has no pulse, its bars are made.
        form: letters of the bars, from the current one on, in turn; empty for chance.
        letters: bars by letter; those that are new are added.
        begin: beat at which the sound begins.
        draw: source of random numbers.
    """
    bars = bars_of(bank, recording) if bank.recordings[recording].pulse else []
    least = max(LEAST_BEATS, sum(bar.length for bar in bars))
    position = begin
    letter = ""
    number = 0
    while position < begin + least - SAME_BEAT:
        letter = form[number % len(form)] if form else _next_letter(letter, letters, draw)
        if letter not in letters:
            letters[letter] = bars[int(draw() * len(bars))] if bars else made_bar(bank, draw)
        bar = letters[letter]
        for event, beat in zip(bar.events, bar.beats, strict=True):
            yield Cue(position + float(beat), int(event))
        position += bar.length
        number += 1
    # Where the sound ends: no event begins here.
    yield Cue(position, -1)


def _next_letter(letter: str, letters: dict[str, Bar], draw: Uniform) -> str:
    """The bar after `letter`: the same again, an earlier one, or a new one."""
    if letter and draw() < REPEAT:
        return letter
    if letters and draw() < RETURN:
        return sorted(letters)[int(draw() * len(letters))]
    return f"{len(letters)}"


def free_cues(bank: EventBank, recording: int, first: int, begin: float) -> Iterator[Cue]:
    """Cues of a sound that moves as its model does, from event `first` of it to its end.

    Args:
        bank: the events.
        recording: the model.
        first: number of the first event in it.
        begin: frame at which the sound begins.
    """
    events = bank.events_of[recording][first:]
    origin = float(bank.start[events[0]]) if len(events) else 0.0
    for event in events:
        yield Cue(begin + float(bank.start[event]) - origin, int(event))
    if len(events):
        yield Cue(begin + float(bank.stop[events[-1]]) - origin, -1)
