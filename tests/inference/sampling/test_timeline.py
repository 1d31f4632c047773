"""Timelines: slots without gaps, in time, from sound to sound."""

from itertools import pairwise

import numpy as np
import pytest

from distill.inference.events.bank import EventBank
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.timeline import Slot, Timeline
from tests.inference.events.banks import rhythm_bank, steady_bank


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def timeline(bank: EventBank, tempo: float | None, **settings: object) -> Timeline:
    rng = np.random.default_rng(0)
    return Timeline(bank, Sampling(**settings), tempo, lambda: float(rng.random()))  # type: ignore[arg-type]


def slots(line: Timeline, templates: list[int], t: int = 0) -> list[Slot]:
    """All slots of sounds that follow these templates."""
    found: list[Slot] = []
    for template in templates:
        line.start(template, t)
        while not line.is_over:
            found.append(line.next_slot())
        t = int(found[-1].end)
    return found


@pytest.mark.parametrize("tempo", [20.0, 97.3, 400.0, None])
def test_each_slot_begins_where_the_last_one_ends(bank: EventBank, tempo: float | None) -> None:
    found = slots(timeline(bank, tempo), [0, 1, 2, 0])
    assert all(abs(a.end - b.begin) < 1 for a, b in pairwise(found))
    assert [slot.is_last for slot in found].count(True) == 4


def test_sounds_in_time_share_one_beat(bank: EventBank) -> None:
    """Even where they follow one another: all begin on whole bars of four beats."""
    rate = bank.codec.frame_rate
    found = slots(timeline(bank, 100.0), [0, 1, 0])
    begins = [0.0, *(slot.end for slot in found if slot.is_last)]
    bars = np.array(begins) / rate * 100 / 60 / 4
    assert bars == pytest.approx(np.round(bars))


def test_it_goes_on_within_a_bar(bank: EventBank) -> None:
    """From beat 2 of the first recording: the next event comes on beat 3, the next bar on 4."""
    line = timeline(bank, tempo=None)
    event = int(bank.events_of[0][3])
    frame = int(bank.start[event]) + 5
    frames = line.go_on(event, frame, t=100)
    assert line.tempo == 120
    first = line.next_slot()
    assert first.cue == event + 1
    assert first.begin == pytest.approx(100 + bank.start[event + 1] - frame, abs=0.5)
    assert frames == int(first.begin) - 100
    second = line.next_slot()
    assert second.begin - first.begin == pytest.approx(bank.codec.frame_rate / 2, abs=0.5)


def test_another_tempo_stretches_what_goes_on(bank: EventBank) -> None:
    event = int(bank.events_of[0][3])
    frame = int(bank.start[event])
    fast = timeline(bank, tempo=120.0).go_on(event, frame, t=0)
    slow = timeline(bank, tempo=60.0).go_on(event, frame, t=0)
    assert slow == pytest.approx(2 * fast, abs=2)


def test_what_was_forgotten_begins_a_time_of_its_own(bank: EventBank) -> None:
    line = timeline(bank, tempo=120.0)
    line.start(0, 0)
    line.next_slot()
    line.forget()
    assert line.is_over
    line.start(1, 77)
    assert line.next_slot().begin == 77


def test_frames_know_their_place_in_beat_and_bar(bank: EventBank) -> None:
    line = timeline(bank, tempo=60.0)
    assert line.metre_at(0) == (0, 0), "a sound in time begins with a bar"
    line.start(0, 10)
    rate = bank.codec.frame_rate
    line.next_slot()
    # Bars of four beats, at one beat a second.
    assert line.metre_at(10) == pytest.approx((0, 0))
    beat, bar = line.metre_at(10 + round(2.5 * rate))
    assert beat == pytest.approx(0.5, abs=0.02)
    assert bar == pytest.approx(2.5 / 4, abs=0.01)
    while not line.is_over:
        line.next_slot()
    beat, bar = line.metre_at(10 + round(9.25 * rate))
    assert (beat, bar) == pytest.approx((0.25, 1.25 / 4), abs=0.02)
    line.forget()
    assert np.isnan(line.metre_at(50)).all()


def test_a_bar_that_goes_on_is_that_of_its_recording(bank: EventBank) -> None:
    line = timeline(bank, tempo=None)
    event = int(bank.events_of[0][3])
    frame = int(bank.start[event]) + 5
    line.go_on(event, frame, t=100)
    pulse = bank.recordings[0].pulse
    assert pulse is not None
    expected = pulse.metre_at(np.array([frame / bank.codec.frame_rate]))[0]
    assert line.metre_at(100) == pytest.approx(expected.tolist(), abs=1e-6)


def test_free_time_has_no_place_in_a_bar(bank: EventBank) -> None:
    line = timeline(bank, tempo=None)
    assert np.isnan(line.metre_at(0)).all()
    line.start(0, 0)
    line.next_slot()
    assert np.isnan(line.metre_at(3)).all()


def test_parts_of_a_steady_sound_have_no_beat() -> None:
    """Parts of one length, each with another sound, would be one."""
    bank = steady_bank()
    found = slots(timeline(bank, None), [0, 1] * 4)
    lengths = np.array([slot.end - slot.begin for slot in found]) / bank.codec.frame_rate
    assert lengths.mean() > 1
    assert lengths.std() > 0.5
    assert sum(lengths) == pytest.approx(8 * 12, abs=0.5)


@pytest.mark.parametrize("bar_beat", [0.0, 1.3, 2.5, 3.9])
def test_bars_go_on_where_the_source_ends(bank: EventBank, bar_beat: float) -> None:
    """Whichever place of a recording sounds like its end."""
    for number in (1, 4, 6):
        line = Timeline(bank, Sampling(), 100.0, lambda: 0.5, bar_beat=bar_beat)
        event = int(bank.events_of[0][number])
        line.go_on(event, int(bank.start[event]) + 1, t=0)
        assert line.metre_at(0)[1] * 4 == pytest.approx(bar_beat)
        frames_per_beat = 60 / 100 * bank.codec.frame_rate
        begins = []
        while not line.is_over:
            begins.append(line.next_slot().begin / frames_per_beat + bar_beat)
        # Every bar of the recording begins with an event.
        assert any(begin == pytest.approx(4, abs=0.01) for begin in begins)
