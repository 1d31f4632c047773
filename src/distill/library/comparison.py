"""A comparison by ear: pairs of sounds, which is which, votes, and what chance would give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Choice = Literal["x", "y", "same"]
"""A vote: the first sound of a pair is better, the second, or neither."""

CHOICES: tuple[str, ...] = get_args(Choice)


@dataclass(frozen=True)
class Vote:
    """A vote on a pair.

    Attributes:
        choice: `x`, `y` or `same`.
        why: A remark of the listener; may be empty.
    """

    choice: str
    why: str = ""


@dataclass(frozen=True)
class Pair:
    """Two sounds under the names x and y.

    Attributes:
        first: Where the sound of the first side came from: a name or a seed.
        second: The same of the second side.
        first_is_y: Whether the first side is heard as y.
        vote: The vote; None without one.
    """

    first: str
    second: str
    first_is_y: bool
    vote: Vote | None = None

    @property
    def winner(self) -> int | None:
        """0 or 1 for the side that was preferred; None for neither, and without a vote."""
        if self.vote is None or self.vote.choice == "same":
            return None
        return int((self.vote.choice == "y") != self.first_is_y)


@dataclass(frozen=True)
class Couple:
    """Two sounds to compare, before they become a pair.

    Attributes:
        first: Sound file of the first side.
        second: Sound file of the second.
        labels: What is said of both, at the end. Default: names of the files.
    """

    first: Path
    second: Path
    labels: tuple[str, str] | None = None

    @classmethod
    def from_json(cls, entries: Mapping[str, Any]) -> "Couple":
        """The inverse of `dataclasses.asdict`, with texts for paths and lists for tuples."""
        labels = entries.get("labels")
        return cls(
            first=Path(entries["first"]),
            second=Path(entries["second"]),
            labels=None if labels is None else (labels[0], labels[1]),
        )


@dataclass(frozen=True)
class Comparison:
    """Pairs of sounds of two sides.

    Attributes:
        id: Its id.
        name: Its name, for people.
        made: When it was made: ISO 8601, UTC.
        seed: Drew which side is x.
        sides: Names of both sides.
        pairs: The pairs.
        ended: Whether it was ended before the last vote.
        more: Entries of the file that this version does not know.
    """

    id: str
    name: str
    made: str
    seed: int
    sides: tuple[str, str]
    pairs: tuple[Pair, ...]
    ended: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def votes(self) -> int:
        """Number of pairs with a vote."""
        return sum(pair.vote is not None for pair in self.pairs)

    @property
    def is_over(self) -> bool:
        """Whether names may be seen."""
        return self.ended or self.votes == len(self.pairs)

    def heard_as(self, pair: Pair) -> tuple[str, str]:
        """What was heard as x and as y: the side, and what is said of its sound."""
        labels = (pair.first, pair.second)
        x, y = (f"{side} ({label})" for side, label in zip(self.sides, labels, strict=True))
        return (y, x) if pair.first_is_y else (x, y)


@dataclass(frozen=True)
class ComparisonResult:
    """How the votes fell.

    Attributes:
        sides: Names of both sides.
        preferred: Votes for each side.
        equal: Votes for neither.
        chance: Probability that votes by coin toss differ as much or more, to either side
            (exact binomial test, two-sided, ties left out); 1 where nobody was preferred.
    """

    sides: tuple[str, str]
    preferred: tuple[int, int]
    equal: int
    chance: float


def count_votes(comparison: Comparison) -> ComparisonResult:
    """The result of the votes so far."""
    winners = [pair.winner for pair in comparison.pairs]
    wins = (winners.count(0), winners.count(1))
    return ComparisonResult(
        sides=comparison.sides,
        preferred=wins,
        equal=comparison.votes - sum(wins),
        chance=chance_of(*wins),
    )


def chance_of(first: int, second: int) -> float:
    """Probability that fair coins split at least as unevenly, to either side.

    Two-sided, since neither side is expected to win. Exact: the tail of the binomial distribution
    in whole numbers, doubled.
    """
    total = first + second
    tail = sum(math.comb(total, wins) for wins in range(max(first, second), total + 1))
    return min(1.0, 2 * tail / 2**total)
