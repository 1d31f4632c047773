"""Ways to play a prior, beside its settings: what kind of sound is made, and from which other
sound."""

import math
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
    "infill": "--infill",
}
"""Every way and the option that asks for it."""

DEFAULT_AMOUNT = 0.3
ROUNDED_S = 0.005
"""Lengths are told to the hundredth of a second: a time that is later than the end by less means
the end."""


class Source(NamedTuple):
    """A sound to make another from: `name` and SHA-256 of its file, `audio` `[C, N]` at
    `SAMPLE_RATE`."""

    name: str
    digest: str
    audio: np.ndarray


@dataclass(frozen=True)
class ModeSettings:
    """How a sound is made: `kind` is one of `KINDS`; `source` and `source_hash` name the sound that
    it is made from.

    `amount` is the share of that which a variation makes anew; what an infill makes anew lies
    between `start` and `stop`, in seconds. `ValueError` for a kind that there is not, `UsageError`
    for numbers out of range.
    """

    kind: str = "new"
    source: str = ""
    source_hash: str = ""
    amount: float | None = None
    start: float | None = None
    stop: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no way '{self.kind}'")
        if self.amount is not None and not 0 <= self.amount <= 1:
            raise UsageError("--amount must lie between 0 and 1.")
        if not 0 <= (self.start or 0.0) < math.inf:
            raise UsageError("--from must be a time in seconds, from 0 on.")
        if self.stop is not None and not (self.start or 0.0) < self.stop < math.inf:
            raise UsageError("There is nothing between --from and --to: let --from be before --to.")

    @property
    def option(self) -> str:
        """What asks for it on the command line."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Playing:
    """A `way`, with the sound that it needs, if any."""

    way: ModeSettings = field(default_factory=ModeSettings)
    source: Source | None = None

    @classmethod
    def of(cls, kind: str, source: Source | None = None, **settings: float | None) -> "Playing":
        """`settings` are the numbers of a `ModeSettings`."""
        way = (
            ModeSettings(kind, source.name, source.digest, **settings)
            if source
            else ModeSettings(kind)
        )
        return cls(way, source)

    @property
    def own_duration(self) -> float | None:
        """Seconds of what is as long as its source, a variation or an infill; None for all else."""
        as_long = self.source is not None and self.way.kind in ("variation", "infill")
        return self._seconds if as_long else None

    @property
    def _seconds(self) -> float:
        return self.source.audio.shape[1] / SAMPLE_RATE if self.source else 0.0

    def settled(self) -> "Playing":
        """With the usual amount where none was given. `UsageError` for a gap that is not in the
        source."""
        if self.way.kind == "infill":
            self._check_gap()
        needed = self.way.kind == "variation" and self.way.amount is None
        return replace(self, way=replace(self.way, amount=DEFAULT_AMOUNT)) if needed else self

    def _check_gap(self) -> None:
        start, stop, seconds = self.way.start, self.way.stop, self._seconds
        if start is None or stop is None:
            raise UsageError(
                "--infill needs --from and --to, in seconds: what lies between them is made anew."
            )
        if stop >= seconds + ROUNDED_S or start >= seconds:
            raise UsageError(
                f"--from {start:g} --to {stop:g} reaches past the end: '{self.way.source}' lasts {seconds:.2f} s."
            )
        if start < ROUNDED_S and stop >= seconds - ROUNDED_S:
            raise UsageError(
                f"Nothing of '{self.way.source}' would be left to hear: choose a shorter gap, or leave out --infill."
            )

    def again(self, earlier: ModeSettings, path: object) -> "Playing":
        """What makes the sound at `path` again, which was made in the `earlier` way: this, where it
        is the same.

        A sound that was made from another needs that again; `UsageError` says so, or names another
        one that was given.
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
        given = {name: getattr(self.way, name) for name in ("amount", "start", "stop")}
        changed = {name: value for name, value in given.items() if value is not None}
        return replace(self, way=replace(earlier, **changed))
