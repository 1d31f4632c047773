"""Verdicts by rules."""

from enum import StrEnum

import pytest

from distill.training.rules import Verdict, first_verdict


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


RULES = (
    (Size.LARGE, lambda n: f"{n} is large." if n > 10 else None),
    (Size.LARGE, lambda n: f"{n} is exactly ten." if n == 10 else None),
    (Size.SMALL, lambda n: f"{n} is small."),
)


@pytest.mark.parametrize(
    ("number", "kind", "sentence"),
    [
        (11, Size.LARGE, "11 is large."),
        (10, Size.LARGE, "10 is exactly ten."),
        (0, Size.SMALL, "0 is small."),
    ],
)
def test_the_first_rule_that_applies_gives_the_verdict(
    number: int, kind: Size, sentence: str
) -> None:
    assert first_verdict(RULES, number) == Verdict(kind, sentence)


def test_the_last_rule_must_apply() -> None:
    with pytest.raises(ValueError, match="last rule"):
        first_verdict(RULES[:2], 3)
