"""Repeated parts of a sound: their shares of it, and the passages among them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from distill.inference.copies.report import RepeatedPassage
from distill.inference.copies.windows import Query


class Shares(NamedTuple):
    """Shares of the audible frames of a sound, from 0 to 1; 0 for silence.

    Attributes:
        repeated: What is repeated in all.
        passages: What lies in passages that are repeated.
    """

    repeated: float
    passages: float


class RepeatedPart(NamedTuple):
    """A part of a sound that is repeated.

    Attributes:
        begin: Its first frame.
        end: The frame after its last one.
        is_passage: Whether it is long, or holds two events.
        source: Name of the recording.
        source_s: Where it begins there, in seconds.
    """

    begin: int
    end: int
    is_passage: bool
    source: str
    source_s: float


def shares_of(parts: Sequence[RepeatedPart], sound: Query) -> Shares:
    """Shares of the audible frames of a sound that lie in `parts`."""
    audible = sound.audible.numpy()
    if not audible.any():
        return Shares(0.0, 0.0)
    is_repeated = np.zeros(len(audible), bool)
    is_passage = np.zeros(len(audible), bool)
    for part in parts:
        is_repeated[part.begin : part.end] = True
        if part.is_passage:
            is_passage[part.begin : part.end] = True
    return Shares(
        repeated=float(is_repeated[audible].mean()),
        passages=float(is_passage[audible].mean()),
    )


def passages_of(parts: Sequence[RepeatedPart], frame_rate: float) -> tuple[RepeatedPassage, ...]:
    """The passages among `parts`, without those that lie within another one.

    Args:
        parts: The parts.
        frame_rate: Code frames a second (Hz).
    """
    kept: list[RepeatedPart] = []
    # The longest first, so that what lies within one comes after it.
    for part in sorted(parts, key=lambda part: part.begin - part.end):
        is_within = any(other.begin <= part.begin and part.end <= other.end for other in kept)
        if part.is_passage and not is_within:
            kept.append(part)
    return tuple(
        RepeatedPassage(
            seconds=(part.end - part.begin) / frame_rate,
            output_s=part.begin / frame_rate,
            source=part.source,
            source_s=part.source_s,
        )
        for part in sorted(kept)
    )
