"""Ways to play a prior, beside its settings: what kind of sound is made, and from which other sound."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from distill.errors import UsageError
from distill.settings import SAMPLE_RATE

KINDS = {
    "new": "",
    "continue": "--continue-from",
    "one-shot": "--one-shot",
    "loop": "--loop",
    "variation": "--variation-of",
}
"""Every way and the option that asks for it."""

DEFAULT_AMOUNT = 0.3


class Source(NamedTuple):
    """A sound to make another from: `name` and SHA-256 of its file, `audio` `[C, N]` at `SAMPLE_RATE`."""

    name: str
    digest: str
    audio: np.ndarray


@dataclass(frozen=True)
class Way:
    """How a sound is made: `kind` is one of `KINDS`; `source` and `source_hash` name the sound that it is made from.

    `amount` is the share of that which a variation makes anew. `ValueError` for a kind that there is not, `UsageError`
    for an amount out of range.
    """

    kind: str = "new"
    source: str = ""
    source_hash: str = ""
    amount: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no way '{self.kind}'")
        if self.amount is not None and not 0 <= self.amount <= 1:
            raise UsageError("--amount must lie between 0 and 1.")

    @property
    def option(self) -> str:
        """What asks for it on the command line."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Playing:
    """A `way`, with the sound that it needs, if any."""

    way: Way = field(default_factory=Way)
    source: Source | None = None

    @classmethod
    def of(cls, kind: str, source: Source | None = None, amount: float | None = None) -> "Playing":
        way = Way(kind, source.name, source.digest, amount) if source else Way(kind)
        return cls(way, source)

    @property
    def own_duration(self) -> float | None:
        """Seconds of a variation: those of its source."""
        return self.source.audio.shape[1] / SAMPLE_RATE if self.source and self.way.kind == "variation" else None

    def settled(self) -> "Playing":
        """With the usual amount where none was given."""
        needed = self.way.kind == "variation" and self.way.amount is None
        return replace(self, way=replace(self.way, amount=DEFAULT_AMOUNT)) if needed else self

    def again(self, earlier: Way, path: object) -> "Playing":
        """What makes the sound at `path` again, which was made in the `earlier` way: this, where it is the same.

        A sound that was made from another needs that again; `UsageError` says so, or names another one that was given.
        """
        if self.way.kind not in ("new", earlier.kind):
            raise UsageError(f"{path} was not made with {self.way.option}: leave that out.")
        if earlier.source and not self.source:
            raise UsageError(
                f"{path} was made from '{earlier.source}', which it does not hold: name that again with "
                f"{earlier.option}."
            )
        if self.source and self.source.digest != earlier.source_hash:
            raise UsageError(
                f"'{self.source.name}' is not the sound that {path} was made from ('{earlier.source}'), or has changed "
                "since: name that one."
            )
        amount = earlier.amount if self.way.amount is None else self.way.amount
        return replace(self, way=replace(earlier, amount=amount))
