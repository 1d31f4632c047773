"""Matches: which passages of the corpus the windows and events of a sound are most like."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor

from distill.inference.copies.windows import Span


@dataclass(frozen=True)
class Matches:
    """The nearest window of the corpus for each of `n` windows, or events, of a sound.

    Attributes:
        start: First frame of the window in the sound `[n]`.
        length: Frames of the window `[n]`.
        distance_db: RMS difference of the log-mel bands `[n]`, in dB.
        difference: Squared distance over the squared change within the window `[n]`.
        sound: Index of the corpus sound `[n]`.
        frame: First frame of the nearest window in that sound `[n]`.
    """

    start: Tensor
    length: Tensor
    distance_db: Tensor
    difference: Tensor
    sound: Tensor
    frame: Tensor

    @classmethod
    def join(cls, parts: Sequence["Matches"]) -> "Matches":
        """All matches of `parts`, one after the other."""
        columns = {}
        for field in fields(cls):
            columns[field.name] = torch.cat([getattr(part, field.name) for part in parts])
        return cls(**columns)

    def rows(self, rows: Tensor) -> "Matches":
        """The matches of some windows, numbered by `rows` `[m]`."""
        columns = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return Matches(**columns)

    def nearer(self, other: "Matches") -> "Matches":
        """For each window the nearer one of two matches."""
        is_nearer = self.difference <= other.difference
        columns = {}
        for field in fields(self):
            pair = getattr(self, field.name), getattr(other, field.name)
            columns[field.name] = torch.where(is_nearer, *pair)
        return Matches(**columns)


NO_MATCHES = Matches(
    start=torch.zeros(0, dtype=torch.long),
    length=torch.zeros(0, dtype=torch.long),
    distance_db=torch.zeros(0),
    difference=torch.zeros(0),
    sound=torch.zeros(0, dtype=torch.long),
    frame=torch.zeros(0, dtype=torch.long),
)
"""The matches of a sound without an audible window."""


class SoundMatches(NamedTuple):
    """Matches of one sound.

    Attributes:
        windows: Matches of its windows, those of one length after the other.
        events: Matches of its events, in order of time.
    """

    windows: Matches
    events: Matches


def no_match_of(span: Span) -> Matches:
    """Matches of windows that are like nothing in the corpus."""
    zeros = torch.zeros_like(span.start)
    far = torch.full(span.start.shape, math.inf)
    return Matches(
        start=span.start,
        length=span.length,
        distance_db=far,
        difference=far,
        sound=zeros,
        frame=zeros,
    )
