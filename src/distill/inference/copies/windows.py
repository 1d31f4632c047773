"""Windows and events of a sound that are sought in the corpus."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

SHORTEST_EVENT = 3
"""Frames of the shortest event. Candidates are found by its first frames alone, so that events of
all lengths take one search."""

BEFORE_ONSET = 1
"""Frames before an onset, or the end, that are not compared: their spectra reach beyond it."""

LONGEST_EVENT = 24
"""Frames of an event that are compared, about half a second: the rest is left to the windows."""

NEAR_ONSET = 2
"""Frames by which two encodings of one onset may differ."""

MOST_WINDOWS = 800
"""Windows of one sound at most, about 50 s at `STRIDE`: it bounds the time of a search."""

AUDIBLE = 0.75
"""Share of a window's frames that must be audible: all silence is alike."""


class Query(NamedTuple):
    """A sound to look for.

    Attributes:
        codes: Its codes `[T, Q]`.
        audible: Which of its frames are audible `[T]` (bool).
        onsets: Where its events begin, in frames, increasing. Its beginning need not be named.
    """

    codes: Tensor
    audible: Tensor
    onsets: Sequence[float] = ()

    @property
    def longest(self) -> int:
        """Frames of the longest audible stretch."""
        stretch = 0
        longest = 0
        for audible in self.audible.tolist():
            stretch = stretch + 1 if audible else 0
            longest = max(longest, stretch)
        return longest

    def has_onset(self, frame: float) -> bool:
        """Whether an event begins within `NEAR_ONSET` of `frame`."""
        return self.has_onset_between(frame, frame)

    def has_onset_between(self, first: float, last: float) -> bool:
        """Whether an event begins from `first` to `last`, give or take `NEAR_ONSET` frames."""
        return any(first - NEAR_ONSET <= onset <= last + NEAR_ONSET for onset in self.onsets)


class Span(NamedTuple):
    """Windows of a sound: where they begin `[n]`, and how many frames they last `[n]`."""

    start: Tensor
    length: Tensor


def events_of(sound: Query) -> Span:
    """The audible events of a sound: their whole frames, `LONGEST_EVENT` at most."""
    frames = len(sound.codes)
    bounds = [0.0, *sound.onsets, float(frames)]
    starts = []
    lengths = []
    for first, following in pairwise(bounds):
        # Frames that two events share belong to neither.
        start = math.ceil(first)
        stop = max(start, math.floor(following) - BEFORE_ONSET)
        audible = sound.audible[start:stop].nonzero()[:, 0]
        if not len(audible):
            continue
        length = min(int(audible[-1] - audible[0]) + 1, LONGEST_EVENT)
        start += int(audible[0])
        share = float(sound.audible[start : start + length].float().mean())
        if length >= SHORTEST_EVENT and share >= AUDIBLE:
            starts.append(start)
            lengths.append(length)
    return Span(
        start=torch.tensor(starts, dtype=torch.long),
        length=torch.tensor(lengths, dtype=torch.long),
    )


def window_starts(
    sound: Query,
    size: int,
    stride: int,
) -> Tensor:
    """Frames in which the audible windows of `size` frames begin `[n]`, one in `stride`."""
    count = len(sound.codes) - size + 1
    if count < 1:
        return torch.zeros(0, dtype=torch.long)
    # Rounded up, so that there are no more windows than `MOST_WINDOWS`.
    least_stride = -(-count // MOST_WINDOWS)
    starts = torch.arange(0, count, max(stride, least_stride))
    # The last one ends with the sound.
    if starts[-1] < count - 1:
        starts = torch.cat([starts, torch.tensor([count - 1])])
    audible_share = sound.audible.float().unfold(0, size, 1).mean(1)
    is_audible = audible_share[starts] >= AUDIBLE
    return starts[is_audible]
