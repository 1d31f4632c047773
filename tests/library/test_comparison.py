"""Votes are counted for the side that was heard, and chance is that of the binomial test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from distill.library.comparison import Comparison, Pair, Vote, chance_of, count_votes


def make(pairs: list[Pair]) -> Comparison:
    return Comparison(id="a", name="a", made="", seed=0, sides=("old", "new"), pairs=tuple(pairs))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["old", "new", "same", None]))))
def test_votes_count_for_the_side_that_was_heard(heard: list[tuple[bool, str | None]]) -> None:
    pairs = []
    for first_is_y, preferred in heard:
        vote = None
        if preferred is not None:
            # The listener hears the old one as y where the first side is y.
            names = {"old": "y" if first_is_y else "x", "new": "x" if first_is_y else "y"}
            vote = Vote(choice=names.get(preferred, "same"))
        pairs.append(Pair(first="", second="", first_is_y=first_is_y, vote=vote))
    result = count_votes(make(pairs))
    preferences = [preferred for _, preferred in heard]
    assert result.preferred == (preferences.count("old"), preferences.count("new"))
    assert result.equal == preferences.count("same")


@given(st.integers(0, 120), st.integers(0, 120))
def test_chance_is_that_of_the_exact_test(first: int, second: int) -> None:
    total = first + second
    expected = binomtest(first, total).pvalue if total else 1.0
    assert chance_of(first, second) == pytest.approx(expected)
    assert chance_of(first, second) == chance_of(second, first)


def test_nine_of_eleven() -> None:
    assert chance_of(9, 2) == pytest.approx(0.0654, abs=1e-4)
