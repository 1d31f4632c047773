"""Recordings are prepared for unit selection once, with all that a draw asks of them."""

from dataclasses import replace

import pytest
import torch

from distill.inference.sampling.frame_bank import LARGEST_BANK, WRONG_EDGE, build_frame_bank
from distill.inference.sampling.unit_selection import TARGET, FrameBank
from distill.models.prior_metadata import Recording
from tests.inference.sampling.priors import (
    Q,
    lively_prior,
    most_are_silent,
    recording,
    selecting_prior,
)


def bank_of(*recordings: Recording, **settings: object) -> FrameBank:
    bank = build_frame_bank(selecting_prior(), recordings, 1, **settings)
    assert bank is not None
    return bank


def test_a_recording_that_was_cut_off_has_no_end() -> None:
    bank = bank_of(recording(12, 1, whole=False), recording(9, 2))
    assert bank.edges[:, 0].nonzero().flatten().tolist() == [0, 12]
    assert bank.edges[:, 1].nonzero().flatten().tolist() == [20]
    assert not bank.previous_latents[:, [0, 12]].any()
    assert bank.previous_latents[:, [1, 13]].all()


def test_many_frames_are_thinned_out_but_for_beginnings_and_ends() -> None:
    bank = bank_of(recording(LARGEST_BANK, 1), recording(LARGEST_BANK, 2))
    assert LARGEST_BANK <= len(bank.codes) <= LARGEST_BANK + 4
    assert bank.edges.sum(0).tolist() == [2, 2]
    assert torch.equal(bank.codes[-1], recording(LARGEST_BANK, 2).codes[-1])
    assert bool(bank.edges[-1, 1])


def test_no_bank_where_all_levels_are_free_or_nothing_is_kept_or_the_prior_is_old() -> None:
    prior = selecting_prior()
    assert build_frame_bank(prior, [recording(9, 1)], Q) is None
    assert build_frame_bank(prior, None, 1) is None
    assert build_frame_bank(prior, [], 1) is None
    assert build_frame_bank(lively_prior(), [recording(9, 1)], 1) is None
    assert build_frame_bank(lively_prior(latent_dim=4), [recording(9, 1)], 1) is None


def test_frames_of_one_coarse_code_share_its_latents() -> None:
    prior = selecting_prior()
    source = recording(40, 1, codes=5)
    bank = bank_of(source)
    assert prior.pointer is not None
    latents = prior.pointer.entries[0, source.codes[:, 0]]
    assert bank.coarse_latents.shape[1] == len(source.codes[:, 0].unique())
    assert torch.equal(bank.coarse_latents.T[bank.kind], latents)
    assert torch.allclose(bank.coarse_scores[bank.kind], -TARGET * latents.square().sum(1))


def test_a_wrong_beginning_or_end_costs_and_an_expired_silence_excludes_silent_frames() -> None:
    source = recording(30, 1)
    bank = bank_of(source, is_silent=most_are_silent)
    inside = bank.context_scores[0, 0, 0]
    begins = bank.context_scores[0, 1, 0]
    assert torch.isclose(inside[0], begins[0] - WRONG_EDGE, rtol=1e-4)
    assert torch.isclose(begins[5], inside[5] - WRONG_EDGE, rtol=1e-4)
    excluded = bank.context_scores[1, 0, 0].isinf()
    assert torch.equal(excluded, most_are_silent(source.codes))


@pytest.mark.parametrize("silent", [False, True])
def test_silence_may_last_only_where_there_is_nothing_else(silent: bool) -> None:
    low, high = (0, 13) if silent else (13, 17)
    source = recording(30, 1)
    source = replace(source, codes=source.codes % (high - low) + low)
    bank = bank_of(source, is_silent=most_are_silent)
    assert bank.longest_silence == (None if silent else 0)


def test_ages_count_unless_sounds_may_sustain() -> None:
    bank = bank_of(recording(5, 1), recording(3, 2))
    assert bank.log2_age is not None
    expected = torch.tensor([1.0, 2, 3, 4, 5, 1, 2, 3]).log2()
    assert torch.allclose(bank.log2_age, expected)
    assert bank_of(recording(5, 1), match_age=False).log2_age is None


def test_codes_count_at_a_like_age_and_where_none_do_at_any() -> None:
    """A recording whose first code tells the frame: 0, 1, 2, …"""
    codes = torch.arange(17)[:, None].expand(-1, Q)
    bank = bank_of(Recording("rising.wav", codes, whole=True))
    # Inside a sound, without its first and last frame. Stage 2 are the ages 2 and 3.
    used = bank.used_codes[2, 0, 0, 0, 0].nonzero().flatten().tolist()
    assert used == list(range(1, 7))
    beginnings = bank.used_codes[5, 0, 1, 0, 0].nonzero().flatten().tolist()
    assert beginnings == [0]
    # No frame is that old: all ages count.
    oldest = bank.used_codes[19, 0, 0, 0, 0].nonzero().flatten().tolist()
    assert oldest == list(range(1, 16))
