"""Decisions of a stream: the dial, the kit, names and tempos."""

import numpy as np
import pytest
import torch

from distill.inference.events.bank import EventBank
from distill.inference.sampling.event_choice import Place
from distill.inference.sampling.event_chooser import EventChooser
from distill.inference.sampling.settings import Sampling
from tests.inference.events.banks import rhythm_bank


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def chooser(bank: EventBank, seed: int = 0, **settings: object) -> EventChooser:
    generator = torch.Generator().manual_seed(seed)
    return EventChooser(bank, Sampling(**settings), generator)  # type: ignore[arg-type]


def even(bank: EventBank) -> torch.Tensor:
    return torch.full((bank.codec.codebook_size,), -4.0)


def place(bank: EventBank, cue: int, frames: int = 0) -> Place:
    return Place(cue, frames or round(bank.frames[cue]), None, None)


def test_the_same_cue_gets_the_same_events(bank: EventBank) -> None:
    own = chooser(bank, form_variation=0.0)
    cue = place(bank, 2)
    first = own.decide(cue, 0, even(bank))
    assert all(own.decide(cue, t, even(bank)) == first for t in range(1, 20))


def test_a_variation_passes_and_the_kit_stays(bank: EventBank) -> None:
    own = chooser(bank, form_variation=0.3, nearness=0.2)
    first = own.decide(place(bank, 2), 0, even(bank))
    others = [own.decide(place(bank, 2), t, even(bank)) for t in range(1, 60)]
    share = np.mean([other != first for other in others])
    assert 0.1 < share < 0.5
    assert first in others[-8:]


def test_a_longer_slot_gets_events_of_its_own(bank: EventBank) -> None:
    own = chooser(bank, form_variation=0.0, nearness=0.0)
    short = own.decide(place(bank, 2), 0, even(bank))
    longest = round(bank.frames.max())
    long = own.decide(place(bank, 2, 4 * longest), 1, even(bank))
    assert long != short


@pytest.mark.parametrize(("nearness", "low", "high"), [(0.0, 1, 1), (0.5, 0.3, 0.7), (1.0, 0, 0)])
def test_the_dial_says_how_many_are_blended(
    bank: EventBank, nearness: float, low: float, high: float
) -> None:
    own = chooser(bank, nearness=nearness, form_variation=1.0)
    decisions = [own.decide(place(bank, t % 20), t, even(bank)) for t in range(100)]
    share = np.mean([decision.partner is not None for decision in decisions])
    assert low <= share <= high


def test_a_name_decides_the_template(bank: EventBank) -> None:
    own = chooser(bank, like="HIGH")
    assert {own.template(t, None, even(bank)) for t in range(20)} == {1}


def test_a_tempo_wants_a_template_in_time(bank: EventBank) -> None:
    own = chooser(bank)
    assert {own.template(t, 100.0, even(bank)) for t in range(40)} == {0, 1}
    assert 2 in {own.template(t, None, even(bank)) for t in range(40)}
