"""Runs of codes that a sound shares with the corpus, weighed by how little they were to be expected.

Codes `[n]` here are one number a frame: of one level, or of several taken together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SEPARATORS = (-1, -2)
"""Between two sounds of the corpus; as many as it takes that no run with a gap of one frame leads over them."""

NOWHERE = -3
"""A number that no sound of the corpus holds."""


class EndingRuns(NamedTuple):
    """For every frame `[n]`: the weightiest run that ends there, its `bits`, its `length` in frames (0: no run), and
    the frame of the corpus at which it ends."""

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
    """What each code tells, in bits, given the one before it: little in silence and in what stands still.

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
    """Finds the runs that a sequence shares with the `sequences` of the corpus, numbers below `alphabet`."""

    def __init__(self, sequences: Sequence[np.ndarray], alphabet: int) -> None:
        self.surprise = Surprise(sequences, alphabet)
        joined = np.concatenate([np.append(s, SEPARATORS) for s in sequences])
        self.size = len(joined)
        self._begins = np.cumsum([0, *(len(s) + len(SEPARATORS) for s in sequences)])
        self._order = np.argsort(joined, kind="stable")
        self._sorted = joined[self._order]

    def _places(self, code: int) -> np.ndarray:
        first, last = np.searchsorted(self._sorted, (code, code + 1))
        return self._order[first:last]

    def place(self, corpus_frame: int) -> tuple[int, int]:
        """Which sequence of the corpus a frame lies in, and where in it."""
        index = int(np.searchsorted(self._begins, corpus_frame, side="right")) - 1
        return index, corpus_frame - int(self._begins[index])

    def ending_runs(self, sequence: np.ndarray) -> EndingRuns:
        """Runs of `sequence` `[n]`; single frames that differ are passed over and weigh nothing.

        Dynamic programming along diagonals, at the places of the corpus that hold the frame's code only.
        """
        found = EndingRuns(*(np.zeros(len(sequence), kind) for kind in (float, int, int)))
        weight = np.zeros((3, self.size + 2))
        length = np.zeros((3, self.size + 2), np.int32)
        touched = [np.zeros(0, int)] * 3
        for i, (code, bits) in enumerate(zip(sequence, self.surprise(sequence), strict=True)):
            now, last, gap = i % 3, (i - 1) % 3, (i - 2) % 3
            weight[now, touched[now]] = length[now, touched[now]] = 0
            touched[now] = at = self._places(int(code)) + 2
            if not len(at):
                continue
            over = weight[gap, at - 2] > weight[last, at - 1]
            weight[now, at] = bits + np.where(over, weight[gap, at - 2], weight[last, at - 1])
            length[now, at] = np.where(over, length[gap, at - 2] + 2, length[last, at - 1] + 1)
            best = at[weight[now, at].argmax()]
            found.bits[i], found.length[i], found.corpus_end[i] = weight[now, best], length[now, best], best - 2
        return found
