"""Ways to play a prior, beside its settings: what kind of sound is made, and from which other sound."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from distill.errors import UsageError

KINDS = {"new": "", "continue": "--continue-from", "one-shot": "--one-shot", "loop": "--loop"}
"""Every way and the option that asks for it."""


class Source(NamedTuple):
    """A sound to make another from: `name` and SHA-256 of its file, `audio` `[C, N]` at the rate of the codec."""

    name: str
    digest: str
    audio: np.ndarray


@dataclass(frozen=True)
class Way:
    """How a sound is made: `kind` is one of `KINDS`; `source` and `source_hash` name the sound that it is made from.

    `ValueError` for a kind that there is not.
    """

    kind: str = "new"
    source: str = ""
    source_hash: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no way '{self.kind}'")

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
    def of(cls, kind: str, source: Source | None = None) -> "Playing":
        way = Way(kind, source.name, source.digest) if source else Way(kind)
        return cls(way, source)

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
        return replace(self, way=earlier)
