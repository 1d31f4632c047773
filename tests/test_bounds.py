"""Bounds of numbers: one table, one sentence."""

import math

import pytest

from distill.bounds import BOUNDS, check_bound
from distill.errors import UsageError


@pytest.mark.parametrize("option", BOUNDS)
def test_both_ends_are_allowed_and_nothing_beyond(option: str) -> None:
    bound = BOUNDS[option]
    check_bound(option, None)
    check_bound(option, bound.most)
    check_bound(option, bound.least + (1e-9 if bound.above else 0))
    for value in (bound.least - 1, bound.most + 1, math.nan, math.inf, -math.inf, 10**30, 10**400):
        with pytest.raises(UsageError, match=rf"^{option} must .*[0-9]\.$"):
            check_bound(option, value)


def test_the_sentence_says_both_bounds() -> None:
    with pytest.raises(UsageError, match=r"^--batch-size must lie between 1 and 1,024\.$"):
        check_bound("--batch-size", 0)
    with pytest.raises(UsageError, match=r"^--minutes must be above 0 and at most 525,600\.$"):
        check_bound("--minutes", 0)
