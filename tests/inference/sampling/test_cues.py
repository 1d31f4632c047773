"""Cues: the order of events in time, in bars that come back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from distill.inference.events.bank import EventBank
from distill.inference.sampling.cues import (
    LEAST_BEATS,
    BarBook,
    Uniform,
    bars_of,
    fallback_bar,
    free_cues,
    timed_cues,
)
from tests.inference.events.banks import rhythm_bank


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def dice(seed: int = 0) -> Uniform:
    rng = np.random.default_rng(seed)
    return lambda: float(rng.random())


def test_bars_hold_the_events_of_their_beats(bank: EventBank) -> None:
    first, second = bars_of(bank, 0)
    assert list(first.beats) == [0, 1, 1.5, 2, 3]
    assert list(second.beats) == [0, 1, 2, 2.5, 3]
    assert list(first.events) == list(bank.events_of[0][:5])
    assert list(second.events) == list(bank.events_of[0][5:])
    assert (first.length, second.length) == (4, 4)


def test_a_bar_begins_with_what_sounds_then(bank: EventBank) -> None:
    """The other recording has an event at 1.75 s, the next at 2 s: beats 3.5 and 4."""
    first, second = bars_of(bank, 1)
    assert list(first.beats) == [0, 0.5, 1, 2, 2.5, 3.5]
    assert second.beats[0] == 0


@pytest.mark.parametrize("seed", range(5))
def test_cues_in_time_increase_and_end_with_a_bar(bank: EventBank, seed: int) -> None:
    cues = list(timed_cues(bank, 0, BarBook("", dice(seed)), begin=4.0))
    assert cues[0].position == 4
    assert all(a.position < b.position for a, b in pairwise(cues))
    assert (cues[-1].position, cues[-1].event) == (4 + LEAST_BEATS, None)
    assert {cue.event for cue in cues[:-1]} <= set(bank.events_of[0].tolist())


def test_a_form_brings_its_bars_back_across_sounds(bank: EventBank) -> None:
    """Each template here lasts two bars of the form."""
    book = BarBook("ABAA", dice())
    parts = []
    for number, recording in enumerate((0, 1)):
        begin = 8.0 * number
        cues = list(timed_cues(bank, recording, book, begin))[:-1]
        for bar in (0, 4):
            inside = [c for c in cues if bar <= c.position - begin < bar + 4]
            parts.append([(c.position - begin - bar, c.event) for c in inside])
    assert parts[0] == parts[2] == parts[3]
    assert set(book.bars) == {"A", "B"}


def test_by_chance_bars_come_back_too(bank: EventBank) -> None:
    """Of 40 bars, far fewer are new."""
    book = BarBook("", dice(3))
    for number in range(20):
        list(timed_cues(bank, number % 2, book, 8.0 * number))
    assert 2 < len(book.bars) < 25


def test_a_recording_shorter_than_a_bar_is_a_bar(bank: EventBank) -> None:
    """Cues never go back, even where the last event lies beyond whole beats."""
    beat = np.array([0.0, 1.0, 2.0, 2.25])
    short = replace(
        bank,
        recording=np.zeros(4, int),
        start=beat * 20,
        stop=np.array([20.0, 40.0, 45.0, 46.0]),
        beat=beat,
        beats=np.array([1.0, 1.0, 0.25, 0.05]),
        begins=np.arange(4) == 0,
        recordings=bank.recordings[:1],
    )
    (bar,) = bars_of(short, 0)
    assert (list(bar.beats), bar.length) == ([0, 1], 2)


@pytest.mark.parametrize(("late", "count"), [(0.06, 3), (-0.06, 3)])
def test_a_downbeat_a_little_off_is_struck_once(bank: EventBank, late: float, count: int) -> None:
    beat = np.array([0.0, 2.0, 4.0 + late, 5.0, 6.0, 8.0])
    own = np.arange(6)
    moved = replace(
        bank,
        recording=np.zeros(6, int),
        start=beat * 20,
        stop=np.append(beat[1:] * 20, 170.0),
        beat=beat,
        beats=np.diff(np.append(beat, 8.5)),
        begins=own == 0,
        recordings=bank.recordings[:1],
    )
    second = bars_of(moved, 0)[1]
    assert list(second.events) == [2, 3, 4]
    assert (list(second.beats), len(second.events)) == ([0, 1, 2], count)


def test_free_cues_move_as_the_recording_does(bank: EventBank) -> None:
    own = bank.events_of[2]
    cues = list(free_cues(bank, 2, first=1, begin=100.0))
    offsets = [cue.position - 100 for cue in cues]
    assert offsets == pytest.approx(
        [*(bank.start[own[1:]] - bank.start[own[1]]), bank.stop[own[-1]] - bank.start[own[1]]]
    )
    assert [cue.event for cue in cues] == [*own[1:].tolist(), None]
    assert not list(free_cues(bank, 2, first=len(own), begin=0.0))


def test_a_bar_is_made_of_beginnings(bank: EventBank) -> None:
    for seed in range(10):
        bar = fallback_bar(bank, dice(seed))
        assert bar.beats[0] == 0
        assert ((bar.beats * 2) % 1 == 0).all()
        assert bank.begins[bar.events].all()
