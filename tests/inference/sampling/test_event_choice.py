"""Costs of events at a place, each shown by two events that differ in it."""

import numpy as np
import pytest
import torch

from distill.inference.events.bank import EventBank
from distill.inference.sampling.event_choice import (
    ITSELF_COST,
    RECENT_COST,
    SUCCESSOR_COST,
    Place,
    event_scores,
    partner_scores,
    squared_distances,
)
from tests.inference.events.banks import rhythm_bank, steady_bank


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


def place(bank: EventBank, cue: int, previous: int | None = None) -> Place:
    return Place(cue=cue, frames=round(bank.frames[cue]), previous=previous, latents=None)


def scores(
    bank: EventBank, cue: int, previous: int | None = None, nearness: float = 0.5
) -> np.ndarray:
    none = np.zeros(len(bank))
    return event_scores(bank, place(bank, cue, previous), none, nearness)


def test_the_nearest_sound_scores_best_beside_the_cue_itself(bank: EventBank) -> None:
    cue = int(bank.events_of[0][1])
    by_distance = squared_distances(bank, bank.mean, bank.mean[cue])
    by_distance[cue] = np.inf
    plain = scores(bank, cue)
    plain[cue] = -np.inf
    # Of its own recording, which costs nothing more, and inside of it, as the cue is.
    own = (bank.recording == 0) & ~bank.begins & ~bank.ends
    assert plain.argmax() == np.where(own, by_distance, np.inf).argmin()


def test_itself_and_its_successor_cost(bank: EventBank) -> None:
    cue, following = bank.events_of[0][2:4].tolist()
    plain = scores(bank, cue)
    assert plain[cue] == pytest.approx(-ITSELF_COST, abs=0.1)
    after = scores(bank, following, previous=cue)
    assert after[following] == pytest.approx(-ITSELF_COST - SUCCESSOR_COST, abs=0.1)


def test_what_was_chosen_lately_costs(bank: EventBank) -> None:
    cue = int(bank.events_of[0][1])
    used = np.zeros(len(bank))
    used[3] = 2
    difference = event_scores(bank, place(bank, cue), used, 0.5) - scores(bank, cue)
    assert difference[3] == pytest.approx(-2 * RECENT_COST)
    assert np.count_nonzero(difference) == 1


def test_nearness_sharpens_the_target(bank: EventBank) -> None:
    cue = int(bank.events_of[0][1])
    far = int(squared_distances(bank, bank.mean, bank.mean[cue]).argmax())
    assert scores(bank, cue, nearness=1.0)[far] < scores(bank, cue, nearness=0.0)[far]


def test_a_partner_is_another_event(bank: EventBank) -> None:
    cue = int(bank.events_of[0][1])
    partners = partner_scores(bank, place(bank, cue), event=cue)
    assert partners[cue] == -np.inf
    assert np.isfinite(np.delete(partners, cue)).all()


def test_the_partner_of_a_steady_part_is_of_another_recording() -> None:
    """A steady sound blended with itself is itself."""
    bank = steady_bank()
    cue = int(bank.events_of[0][3])
    partners = partner_scores(bank, place(bank, cue), event=cue)
    is_own = bank.recording == bank.recording[cue]
    assert np.array_equal(np.isfinite(partners), ~is_own)


def test_the_frame_before_counts_in_steady_sounds_alone(bank: EventBank) -> None:
    cue = int(bank.events_of[0][1])
    latents = torch.zeros_like(bank.mean[0])
    with_latents = place(bank, cue)._replace(latents=latents)
    used = np.zeros(len(bank))
    assert np.array_equal(event_scores(bank, with_latents, used, 0.5), scores(bank, cue))
