"""Cues: the order of events in time, in bars that come back."""

from itertools import pairwise

import numpy as np
import pytest

from distill.inference.events.bank import EventBank
from distill.inference.sampling.cues import (
    LEAST_BEATS,
    Bar,
    Uniform,
    bars_of,
    free_cues,
    made_bar,
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
    cues = list(timed_cues(bank, 0, "", {}, begin=4.0, draw=dice(seed)))
    assert cues[0].position == 4
    assert all(a.position < b.position for a, b in pairwise(cues))
    assert (cues[-1].position, cues[-1].event) == (4 + LEAST_BEATS, -1)
    assert {cue.event for cue in cues[:-1]} <= set(bank.events_of[0].tolist())


def test_a_form_brings_its_bars_back(bank: EventBank) -> None:
    letters: dict[str, Bar] = {}
    parts = []
    for number, letter in enumerate("ABAA"):
        cues = list(timed_cues(bank, 0, letter, letters, 8.0 * number, dice(number)))
        parts.append([(c.position - 8 * number, c.event) for c in cues])
    assert parts[0] == parts[2] == parts[3]
    assert set(letters) == {"A", "B"}


def test_by_chance_bars_come_back_too(bank: EventBank) -> None:
    """With two bars to choose from, a new letter still often is a repetition."""
    letters: dict[str, Bar] = {}
    draw = dice(3)
    for number in range(20):
        list(timed_cues(bank, number % 2, "", letters, 8.0 * number, draw))
    assert 2 < len(letters) < 30


def test_free_cues_move_as_the_recording_does(bank: EventBank) -> None:
    own = bank.events_of[2]
    cues = list(free_cues(bank, 2, first=1, begin=100.0))
    offsets = [cue.position - 100 for cue in cues]
    assert offsets == pytest.approx(
        [*(bank.start[own[1:]] - bank.start[own[1]]), bank.stop[own[-1]] - bank.start[own[1]]]
    )
    assert [cue.event for cue in cues] == [*own[1:].tolist(), -1]
    assert not list(free_cues(bank, 2, first=len(own), begin=0.0))


def test_a_bar_is_made_of_beginnings(bank: EventBank) -> None:
    for seed in range(10):
        bar = made_bar(bank, dice(seed))
        assert bar.beats[0] == 0
        assert ((bar.beats * 2) % 1 == 0).all()
        assert bank.begins[bar.events].all()
