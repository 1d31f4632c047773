"""Verdicts by rules: the first rule that applies gives the kind and the sentence. Free of torch.

Codec and prior each have a table of rules, the most important first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=StrEnum)
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Verdict(Generic[Kind]):
    """How a training goes: `kind` for programs, `sentence` for people."""

    kind: Kind
    sentence: str


def first_verdict(
    rules: Iterable[tuple[Kind, Callable[[Facts], str | None]]], facts: Facts
) -> Verdict[Kind]:
    """The verdict of the first rule that applies.

    Args:
        rules: Pairs of a kind and a function that returns the sentence, or None where it does not
            apply. The last one applies always.
        facts: Argument of the functions.

    Raises:
        ValueError: No rule applies.
    """
    for kind, rule in rules:
        sentence = rule(facts)
        if sentence is not None:
            return Verdict(kind=kind, sentence=sentence)
    raise ValueError("the last rule must apply always")
