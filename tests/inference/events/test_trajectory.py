"""Trajectories: events on the frames of a new sound."""

import numpy as np
import pytest
import torch

from distill.inference.events.bank import EventBank
from distill.inference.events.onsets import find_onsets
from distill.inference.events.trajectory import (
    ATTACK_FRAMES,
    HEAD_FADE_FRAMES,
    HEAD_FRAMES,
    SHORT_HEAD_FRAMES,
    Span,
    blend,
    exact_codes,
    fade_from,
    smooth,
    stretch,
    trajectory,
)
from tests.inference.events.banks import rhythm_bank, steady_bank

LOW = slice(0, 8)
HIGH = slice(-8, None)
"""The lowest and the highest bands of the level scale."""


@pytest.fixture(scope="module")
def bank() -> EventBank:
    return rhythm_bank()


@pytest.mark.parametrize("onset", [0.0, 0.25, 0.5, 0.75, 0.99])
def test_an_onset_falls_where_it_is_to(bank: EventBank, onset: float) -> None:
    """To within half of the shift between two encodings, and one part of the envelope."""
    event = int(bank.events_of[0][4])
    silence = bank.codec.rvq.lookup(bank.recordings[2].codes[0])[-1:].expand(8, -1)
    span = Span(first=8, frames=15, onset=onset)
    sound = torch.cat([silence, trajectory(bank, event, span)])
    found = find_onsets(bank.codec, sound)
    assert len(found) == 1
    assert found[0] == pytest.approx(8 + onset, abs=0.26)


def test_what_is_long_enough_is_as_recorded(bank: EventBank) -> None:
    event = int(bank.events_of[0][3])
    span = Span(first=0, frames=10, onset=float(bank.start[event] % 1))
    codes = exact_codes(bank, event, span)
    assert codes is not None
    first = int(bank.start[event])
    assert torch.equal(codes, bank.recordings[0].codes[0][first : first + 10])
    assert torch.allclose(trajectory(bank, event, span), bank.codec.rvq.lookup(codes))
    assert exact_codes(bank, event, span._replace(frames=100)) is None


def test_a_stretched_event_keeps_its_attack(bank: EventBank) -> None:
    event = int(bank.events_of[0][4])
    span = Span(first=0, frames=20, onset=float(bank.start[event] % 1))
    long = span._replace(frames=50)
    recorded = trajectory(bank, event, span)
    stretched = trajectory(bank, event, long)
    assert torch.allclose(stretched[:ATTACK_FRAMES], recorded[:ATTACK_FRAMES])


def test_stretching_slows_the_course_and_not_the_texture() -> None:
    course = torch.linspace(0, 10, 200)
    texture = torch.randn(200, generator=torch.Generator().manual_seed(0))
    slow = stretch((course + texture)[:, None], np.linspace(0, 199, 400))[:, 0]
    assert slow[:3].numpy() == pytest.approx((course + texture)[:3].numpy(), abs=0.2)
    assert smooth(slow[:, None])[200].item() == pytest.approx(5, abs=1)
    assert slow[-9:].mean().item() == pytest.approx(10, abs=1)
    # Interpolated, the texture would have steps of half the size.
    assert slow.diff().std().item() == pytest.approx(texture.diff().std().item(), rel=0.2)


def test_a_short_blend_has_as_much_texture_as_either(bank: EventBank) -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 40, 400, generator=generator)
    mixture = blend(bank.codec.analysis, first, second + 3, (0.5, 0.5))
    assert mixture.mean().item() == pytest.approx(1.5, abs=0.1)
    texture = first.diff(dim=0).std().item()
    assert mixture[20:].diff(dim=0).std().item() == pytest.approx(texture, rel=0.1)


def test_a_long_blend_has_the_lower_bands_of_the_first(bank: EventBank) -> None:
    """And the upper ones of the second; its crossover falls as the weight of the second grows."""
    analysis = bank.codec.analysis
    first = torch.zeros(100, analysis.basis.shape[1])
    louder = first + 6 * analysis.decibel()
    low_bands = []
    for weight in (0.45, 0.55):
        change = analysis.log_mels(blend(analysis, first, louder, (weight, weight)))
        change = (change - analysis.log_mels(first)).mean((0, 1))
        whole = (analysis.log_mels(louder) - analysis.log_mels(first)).mean((0, 1))
        low, high = (float(change[part].sum() / whole[part].sum()) for part in (LOW, HIGH))
        assert low < 0.5 < high
        low_bands.append(low)
    assert low_bands[0] < low_bands[1]


@pytest.mark.parametrize(
    ("length", "head", "fade"),
    [(100, HEAD_FRAMES, HEAD_FADE_FRAMES), (40, SHORT_HEAD_FRAMES, SHORT_HEAD_FRAMES), (10, 0, 0)],
)
def test_a_blend_begins_as_its_first(bank: EventBank, length: int, head: int, fade: int) -> None:
    analysis = bank.codec.analysis
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, length, analysis.basis.shape[1], generator=generator)
    plain = blend(analysis, first, second, (0.6, 0.5))
    led = blend(analysis, first, second, (0.6, 0.5), head=1.0)
    assert torch.equal(led[:head], first[:head])
    assert not torch.allclose(plain[0], first[0])
    assert torch.allclose(led[head + fade :], plain[head + fade :])
    assert torch.equal(blend(analysis, first, second, (0.6, 0.5), head=0.0), plain)


def test_a_long_blend_of_which_one_would_hear_one_sound_is_a_mean(bank: EventBank) -> None:
    analysis = bank.codec.analysis
    loud = torch.zeros(100, analysis.basis.shape[1])
    quiet = loud - 60 * analysis.decibel()
    for first, second in ((loud, quiet), (quiet, loud)):
        mean = torch.lerp(first, second, 0.45)
        assert torch.allclose(blend(analysis, first, second, (0.45, 0.45)), mean)


def test_a_gain_changes_the_level_by_as_much(bank: EventBank) -> None:
    event = int(bank.events_of[0][0])
    span = Span(first=0, frames=8, onset=0.0)
    level = bank.codec.frame_levels(trajectory(bank, event, span))
    louder = bank.codec.frame_levels(trajectory(bank, event, span, gain_db=6.0))
    assert (louder - level).numpy() == pytest.approx(6, abs=0.5)


def test_a_blend_lies_between(bank: EventBank) -> None:
    first = torch.zeros(5, 3)
    second = torch.ones(5, 3)
    mixed = blend(bank.codec.analysis, first, second, (0.2, 0.6))
    assert mixed[:, 0].numpy() == pytest.approx(np.linspace(0.2, 0.6, 5))


def test_a_steady_part_follows_without_a_step() -> None:
    led = fade_from(torch.zeros(4, 2), torch.ones(10, 2))
    assert list(led[:, 0].numpy()) == pytest.approx([0.2, 0.4, 0.6, 0.8] + [1.0] * 6)
    assert len(fade_from(torch.zeros(4, 2), torch.ones(2, 2))) == 2


def test_a_steady_part_goes_on_as_recorded() -> None:
    """Through the parts that follow it, and beyond its span as far as it is asked to."""
    bank = steady_bank()
    event = int(bank.events_of[1][2])
    assert bank.steady[event]
    span = Span(first=0, frames=120, onset=float(bank.start[event] % 1))
    first = int(bank.start[event])
    recorded = bank.latents(1)[first : first + 130]
    assert torch.allclose(trajectory(bank, event, span, overhang=10), recorded)
