"""The event bank: recordings cut at onsets, with their places in time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distill.inference.events.bank import EventBank, build_event_bank
from distill.inference.events.cut import STEADY_S, cut_into_events
from distill.models.prior_metadata import EventCut, Recording
from tests.inference.events.banks import RATE, fitted_codec, plucks_at, recording, rhythm_bank


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def test_events_cover_every_recording(bank: EventBank) -> None:
    for r, own in enumerate(bank.events_of):
        T = len(bank.recordings[r].codes[0])
        assert bank.start[own[0]] == 0
        assert np.array_equal(bank.start[own[1:]], bank.stop[own[:-1]])
        assert bank.stop[own[-1]] == T
        assert list(bank.begins[own]) == [True] + [False] * (len(own) - 1)
        assert list(bank.ends[own]) == [False] * (len(own) - 1) + [True]


def test_events_begin_with_the_plucks_and_on_their_beats(bank: EventBank) -> None:
    expected = [0, 1, 1.5, 2, 3, 4, 5, 6, 6.5, 7]
    own = bank.events_of[0]
    assert len(own) == len(expected)
    assert np.abs(bank.beat[own] - expected).max() < 0.03
    # To the end of the last frame, which may reach a little beyond the beat.
    assert bank.beats[own].sum() == pytest.approx(8, abs=0.1)
    assert np.isnan(bank.beat[bank.events_of[2]]).all()
    assert list(bank.tempo[:2]) == [120, 120]
    assert np.isnan(bank.tempo[2])


def test_a_steady_sound_is_cut_into_parts_and_a_tail_is_not() -> None:
    steady = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE)
    tail = plucks_at([0.0], 3.0)
    codec = fitted_codec([steady, tail])
    bank = build_event_bank(
        codec, [recording(codec, steady, "steady"), recording(codec, tail, "tail")]
    )
    assert bank is not None
    held, struck = bank.events_of
    assert bank.steady[held].all()
    assert bank.frames[held] / codec.frame_rate == pytest.approx(STEADY_S, rel=0.1)
    assert (len(struck), bool(bank.steady[struck].any())) == (1, False)
    # A part goes on to the end of the steady sound, a tail to its own.
    ends = bank.start + bank.reach
    assert ends[held] == pytest.approx(bank.stop[held[-1]])
    assert ends[struck] == pytest.approx(bank.stop[struck])


def test_levels_are_those_of_the_attacks(bank: EventBank) -> None:
    assert (bank.level[bank.events_of[0]] > -40).all()
    assert (bank.level < 0).all()


def test_without_frames_there_is_no_bank(bank: EventBank) -> None:
    empty = Recording(name="", codes=bank.recordings[0].codes[0][:0], whole=True)
    assert build_event_bank(bank.codec, []) is None
    assert build_event_bank(bank.codec, [empty]) is None


def test_a_recording_that_is_cut_off_has_no_end(bank: EventBank) -> None:
    codes = bank.recordings[0].codes[0]
    cut = build_event_bank(bank.codec, [Recording(name="", codes=codes, whole=False)])
    assert cut is not None
    assert not cut.ends.any()


def test_a_cut_in_the_file_is_taken_and_one_that_does_not_fit_is_made_anew(
    bank: EventBank,
) -> None:
    codes = bank.recordings[0].codes[0]
    own = cut_into_events(bank.codec, codes)
    halves = EventCut(
        edges=torch.tensor([0.0, 7.5, len(codes)], dtype=torch.float64),
        steady=torch.tensor([True, False]),
        levels=torch.tensor([-12.0, -30.0]),
    )
    kept = bank_of(bank, codes, halves)
    assert list(kept.start) == [0.0, 7.5]
    assert list(kept.steady) == [True, False]
    assert list(kept.level) == [-12.0, -30.0]
    longer = replace(halves, edges=halves.edges * 2)
    for cut in (None, longer):
        anew = bank_of(bank, codes, cut)
        assert np.array_equal(anew.start, own.edges[:-1].numpy())
        assert np.array_equal(anew.start, bank.start[bank.events_of[0]])


def bank_of(bank: EventBank, codes: torch.Tensor, cut: EventCut | None) -> EventBank:
    """The bank of one recording."""
    one = build_event_bank(bank.codec, [Recording(name="", codes=codes, whole=True, cut=cut)])
    assert one is not None
    return one


def test_a_recording_of_many_sounds_is_a_phrase_and_a_rattle_is_one_sound(bank: EventBank) -> None:
    codes = bank.recordings[0].codes[0]
    for frames, expected in ((10.0, True), (4.0, False)):
        edges = torch.arange(9, dtype=torch.float64) * frames
        edges[-1] = len(codes)
        for is_steady in (False, True):
            cut = EventCut(edges, torch.full((8,), is_steady), torch.full((8,), -12.0))
            assert bank_of(bank, codes, cut).is_phrase(0) == (expected and not is_steady)
