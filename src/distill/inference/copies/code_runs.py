"""Runs of codes that a sound shares with the corpus, weighed by how little they were to be
expected.

Codes `[n]` here are one number a frame: of one level, or of several taken together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SEPARATORS = (-1, -2)
"""Between two sounds of the corpus; as many as it takes that no run with a gap of one frame leads
over them."""

NOWHERE = -3
"""A number that no sound of the corpus holds."""


FINE, LENGTH_BITS = 2.0**16, 22
"""Of a run, bits are counted in such parts; its length, in frames, is below a power of two: more
than a day."""


class EndingRuns(NamedTuple):
    """For every frame `[n]`: the weightiest run that ends there, its `bits`, its `length` in frames
    (0: no run), and the frame of the corpus at which it ends."""

    bits: np.ndarray
    length: np.ndarray
    corpus_end: np.ndarray


class _Counts:
    """How often each number of a list stands in it."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.known, self.counts = np.unique(numbers, return_counts=True)

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """Counts `[n]` of `numbers` `[n]`, 0 for those that are not in the list."""
        if not len(self.known):
            return np.zeros(len(numbers), int)
        at = np.searchsorted(self.known, numbers).clip(max=len(self.known) - 1)
        return np.where(self.known[at] == numbers, self.counts[at], 0)


class Surprise:
    """What each code tells, in bits, given the one before it: little in silence and in what stands
    still.

    A bigram model of the corpus, interpolated as in Witten & Bell 1991 (method C).
    """

    def __init__(self, sequences: Sequence[np.ndarray], alphabet: int) -> None:
        self.alphabet = alphabet
        self._single = _Counts(np.concatenate(sequences))
        pairs = np.concatenate([s[:-1] * alphabet + s[1:] for s in sequences])
        self._pairs = _Counts(pairs)
        self._before = _Counts(pairs // alphabet)
        self._kinds = _Counts(self._pairs.known // alphabet)
        self._total = sum(len(s) for s in sequences)

    def __call__(self, sequence: np.ndarray) -> np.ndarray:
        """Bits `[n]` of a sequence `[n]`."""
        alone = (self._single.of(sequence) + 1) / (self._total + self.alphabet)
        before, after = sequence[:-1], sequence[1:]
        kinds = self._kinds.of(before).clip(min=1)
        seen = self._pairs.of(before * self.alphabet + after)
        given = (seen + kinds * alone[1:]) / (self._before.of(before) + kinds)
        bits: np.ndarray = -np.log2(np.concatenate([alone[:1], given]))
        return bits


class RunSearch:
    """Finds the runs that a sequence shares with the `sequences` of the corpus, numbers below
    `alphabet`."""

    def __init__(self, sequences: Sequence[np.ndarray], alphabet: int) -> None:
        self.surprise = Surprise(sequences, alphabet)
        joined = np.concatenate([np.append(s, SEPARATORS) for s in sequences])
        # As small as they fit: numbers of 16 bits are sorted by radix.
        joined = joined.astype(np.min_scalar_type(-alphabet - 1))
        self.size = len(joined)
        self._begins = np.cumsum([0, *(len(s) + len(SEPARATORS) for s in sequences)])
        self._order = np.argsort(joined, kind="stable")
        self._sorted = joined[self._order]

    def _places(self, code: int) -> np.ndarray:
        first, last = np.searchsorted(self._sorted, np.array((code, code + 1), self._sorted.dtype))
        return self._order[first:last]

    def place(self, corpus_frame: int) -> tuple[int, int]:
        """Which sequence of the corpus a frame lies in, and where in it."""
        index = int(np.searchsorted(self._begins, corpus_frame, side="right")) - 1
        return index, corpus_frame - int(self._begins[index])

    def ending_runs(self, sequence: np.ndarray) -> EndingRuns:
        """Runs of `sequence` `[n]`; single frames that differ are passed over and weigh nothing.

        Dynamic programming along diagonals, at the places of the corpus that hold the frame's code
        only.
        """
        found = EndingRuns(*(np.zeros(len(sequence), kind) for kind in (float, int, int)))
        # One number holds the weight of a run, in front, and its length: they are read and written
        # together.
        rows = [np.zeros(self.size + 2, np.int64) for _ in range(3)]
        touched = [np.zeros(0, int)] * 3
        gains = (np.round(self.surprise(sequence) * FINE).astype(np.int64) << LENGTH_BITS) + 1
        for i, (code, gain) in enumerate(zip(sequence, gains, strict=True)):
            # Shifted, so that a frame of the corpus, the one before it and the one before that have
            # one number.
            now, last, gap = (rows[(i - j) % 3][2 - j :] for j in range(3))
            now[touched[i % 3]] = 0
            touched[i % 3] = at = self._places(int(code))
            if not len(at):
                continue
            one, two = last[at], gap[at]
            now[at] = runs = np.where(two > one, two + 1, one) + gain
            best = runs.argmax()
            found.bits[i], found.length[i] = (
                (runs[best] >> LENGTH_BITS) / FINE,
                runs[best] & (1 << LENGTH_BITS) - 1,
            )
            found.corpus_end[i] = at[best]
        return found
