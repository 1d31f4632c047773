"""Conditions of a draw: what is fixed, how long sounds last, and a start in the middle."""

import torch

from distill.inference.sampling.conditions import (
    Conditions,
    FixedCodes,
    LengthLimits,
    empty_suffix,
)
from distill.models.attribute_classifier import Targets


def bools(*values: bool) -> torch.Tensor:
    return torch.tensor(values)


def test_without_limits_ends_stay_as_they_are_drawn() -> None:
    ends = bools(True, False)
    age = torch.tensor([0, 1000])
    assert torch.equal(LengthLimits().apply(ends, age, bools(True, True)), ends)


def test_early_ends_are_suppressed_and_late_ones_forced() -> None:
    limits = LengthLimits(shortest=3, longest=5)
    age = torch.arange(7)
    known = torch.ones(7, dtype=torch.bool)
    always = limits.apply(torch.ones(7, dtype=torch.bool), age, known)
    never = limits.apply(torch.zeros(7, dtype=torch.bool), age, known)
    assert always.tolist() == [False, False, True, True, True, True, True]
    assert never.tolist() == [False, False, False, False, True, True, True]


def test_a_sound_of_unknown_beginning_may_end_early() -> None:
    limits = LengthLimits(shortest=3)
    ends = limits.apply(bools(True, True), torch.tensor([0, 0]), bools(False, True))
    assert ends.tolist() == [True, False]


def test_fixed_codes_are_found_by_frame_and_level() -> None:
    codes = torch.arange(6).view(3, 2)
    fixed = FixedCodes(codes, torch.tensor([[False, False], [False, True], [True, True]]))
    assert fixed.at(0, 0) is None
    assert fixed.at(1, 0) is None
    assert int(fixed.at(1, 1)) == 3
    assert fixed.at(3, 0) is None
    assert [fixed.any_at(t) for t in range(4)] == [False, True, True, False]
    later = fixed.after(2)
    assert int(later.at(0, 0)) == 4
    assert later.at(1, 0) is None


def test_conditions_of_a_draw_that_begins_later() -> None:
    fixed = FixedCodes(torch.arange(6).view(3, 2), torch.ones(3, 2, dtype=torch.bool))
    targets = Targets(torch.arange(3.0)[None, :, None], guidance=2.0)
    limits = LengthLimits(2, 9)
    conditions = Conditions(
        fixed_codes=fixed,
        suffix=empty_suffix(2),
        targets=targets,
        logit_bias=lambda t, chosen: torch.tensor([[float(t)]]),
        length_limits=limits,
    )
    later = conditions.after(2)
    assert later.fixed_codes is not None
    assert int(later.fixed_codes.at(0, 1)) == 5
    assert later.targets is not None
    assert float(later.targets.at(0)) == 2
    assert later.targets.guidance == 2
    assert later.logit_bias is not None
    assert float(later.logit_bias(1, [])) == 3
    assert later.length_limits == limits
    assert later.suffix is conditions.suffix


def test_nothing_stays_nothing() -> None:
    assert Conditions().after(5) == Conditions()
