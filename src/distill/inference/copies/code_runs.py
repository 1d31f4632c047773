"""Shared code runs: stretches of codes that a sound has in common with the corpus.

A run is weighed by its surprise under a bigram model of the corpus. A long run of silence or hum
then weighs little, a short run of events much. The search is dynamic programming along the
diagonals of the alignment matrix, restricted to places where the corpus holds the same code.

Codes here are `[T]`, one number a frame: the code of one level, or several levels merged.
Smoothing: Witten & Bell 1991, method C. Local alignment without gaps: Smith & Waterman 1981.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from distill.cancellation import check_each

SEPARATORS = (-1, -2)
"""Numbers between two sounds of the corpus. A run may skip one frame, so one would not do."""

NOWHERE = -3
"""A number that no sound of the corpus holds."""

BIT_FRACTION = 2.0**16
"""Parts of a bit in which the surprise of a run is counted."""

LENGTH_BITS = 22
"""Binary digits for the length of a run in frames: 2**22 frames are more than a day."""


class EndingRuns(NamedTuple):
    """For each frame of a sound, the run with the most bits that ends there.

    Attributes:
        bits: Surprise `[T]` of the run, in bits.
        length: Its length `[T]` in frames; 0 without a run.
        corpus_end: The frame `[T]` of the joined corpus in which it ends.
    """

    bits: np.ndarray
    length: np.ndarray
    corpus_end: np.ndarray


class HeavyRun(NamedTuple):
    """A run beyond chance.

    Attributes:
        begin: Its first frame in the sound.
        end: The frame after its last one.
        corpus_begin: Its first frame in the joined corpus.
    """

    begin: int
    end: int
    corpus_begin: int


def heavy_runs(runs: EndingRuns, least: float) -> list[HeavyRun]:
    """The runs of more than `least` bits; of those that begin at one place, the longest."""
    longest = {}
    for last in (runs.bits > least).nonzero()[0].tolist():
        begin = last + 1 - int(runs.length[last])
        corpus_begin = int(runs.corpus_end[last]) + 1 - int(runs.length[last])
        # Frames come in order, so that a later one ends a longer run.
        longest[begin, corpus_begin] = HeavyRun(begin, last + 1, corpus_begin)
    return list(longest.values())


def witten_bell(
    count: np.ndarray,
    total: np.ndarray,
    kinds: np.ndarray,
    lower: np.ndarray,
) -> np.ndarray:
    """Interpolate an n-gram with the next shorter one (Witten & Bell 1991, method C).

    The shorter model weighs as much as there are different codes after the context. A context
    that never occurred gives the shorter model alone.

    Args:
        count: How often the code followed the context `[n]`.
        total: How often the context occurred `[n]`.
        kinds: How many different codes followed it `[n]`.
        lower: Probability under the shorter model `[n]`.

    Returns:
        Probabilities `[n]`.
    """
    weight = np.maximum(kinds, 1)
    probabilities: np.ndarray = (count + weight * lower) / (total + weight)
    return probabilities


class _Counts:
    """How often each number occurs in a list."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.values, self.counts = np.unique(numbers, return_counts=True)

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """Counts `[n]` of `numbers` `[n]`; 0 for numbers that do not occur."""
        if not len(self.values):
            return np.zeros(len(numbers), int)
        place = np.searchsorted(self.values, numbers)
        # Numbers above the largest value get its place; the comparison below sorts them out.
        place = place.clip(max=len(self.values) - 1)
        occurs = self.values[place] == numbers
        return np.where(occurs, self.counts[place], 0)


class Surprise:
    """Surprise of each code in bits, given the code before it, under a bigram of the corpus."""

    def __init__(self, sequences: Sequence[np.ndarray], alphabet: int) -> None:
        """Count the `sequences` `[T]` of the corpus, of numbers below `alphabet`."""
        self.alphabet = alphabet
        # A pair of codes as one number. Pairs never span two sounds.
        pairs = np.concatenate([s[:-1] * alphabet + s[1:] for s in sequences])
        self._singles = _Counts(np.concatenate(sequences))
        self._pairs = _Counts(pairs)
        self._contexts = _Counts(pairs // alphabet)
        # Different pairs with one first code: the kinds of codes that follow it.
        self._kinds = _Counts(self._pairs.values // alphabet)
        self._total = sum(len(s) for s in sequences)

    def __call__(self, sequence: np.ndarray) -> np.ndarray:
        """Surprise `[T]` in bits of a `sequence` `[T]`."""
        # Add-one smoothing, so that a code the corpus lacks has a finite surprise.
        count = self._singles.of(sequence)
        unigram = (count + 1) / (self._total + self.alphabet)
        before = sequence[:-1]
        after = sequence[1:]
        bigram = witten_bell(
            count=self._pairs.of(before * self.alphabet + after),
            total=self._contexts.of(before),
            kinds=self._kinds.of(before),
            lower=unigram[1:],
        )
        # The first code has no code before it.
        probabilities = np.concatenate([unigram[:1], bigram])
        bits: np.ndarray = -np.log2(probabilities)
        return bits


class RunSearch:
    """Finds the runs that a sound shares with the corpus."""

    def __init__(self, sequences: Sequence[np.ndarray], alphabet: int) -> None:
        """Index the `sequences` `[T]` of the corpus, of numbers below `alphabet`."""
        self.surprise = Surprise(sequences, alphabet)
        whole = np.concatenate([np.append(s, SEPARATORS) for s in sequences])
        # The smallest type that holds them: NumPy sorts 16-bit numbers by radix.
        whole = whole.astype(np.min_scalar_type(-alphabet - 1))
        self.size = len(whole)
        lengths = [len(s) + len(SEPARATORS) for s in sequences]
        self._begins = np.cumsum([0, *lengths])
        # Sorted once, so that all places of a code are one slice.
        self._order = np.argsort(whole, kind="stable")
        self._codes = whole[self._order]

    def _places(self, code: int) -> np.ndarray:
        """Frames of the joined corpus that hold `code`."""
        bounds = np.array((code, code + 1), self._codes.dtype)
        first, stop = np.searchsorted(self._codes, bounds)
        return self._order[first:stop]

    def place(self, corpus_frame: int) -> tuple[int, int]:
        """Index of the sound in which a frame of the joined corpus lies, and the frame in it."""
        index = int(np.searchsorted(self._begins, corpus_frame, side="right")) - 1
        frame = corpus_frame - int(self._begins[index])
        return index, frame

    def ending_runs(self, sequence: np.ndarray) -> EndingRuns:
        """The heaviest run that ends at each frame of `sequence` `[T]`.

        A single frame that differs is skipped and weighs nothing.
        """
        T = len(sequence)
        bits = np.zeros(T)
        length = np.zeros(T, int)
        corpus_end = np.zeros(T, int)
        # A run is one int64: surprise in 1/65,536 bit in the upper bits, length in frames in the
        # lower 22. Adding a gain extends both, and the larger number is the heavier run.
        surprise = np.round(self.surprise(sequence) * BIT_FRACTION).astype(np.int64)
        gains = (surprise << LENGTH_BITS) + 1
        # Runs that end at each corpus frame, for the current frame and the two before it.
        rows = [np.zeros(self.size + 2, np.int64) for _ in range(3)]
        nonzero = [np.zeros(0, int)] * 3
        for i, (code, gain) in enumerate(check_each(zip(sequence, gains, strict=True))):
            # Shifted views: one index is a corpus frame in `current`, the frame before it in
            # `previous`, and the one before that in `second_previous`. That is the diagonal.
            current = rows[i % 3][2:]
            previous = rows[(i - 1) % 3][1:]
            second_previous = rows[(i - 2) % 3]
            # Clear only the places that were filled three frames ago: most are zero already.
            current[nonzero[i % 3]] = 0
            places = self._places(int(code))
            nonzero[i % 3] = places
            if not len(places):
                continue
            direct = previous[places]
            over_gap = second_previous[places]
            # A skipped frame adds 1 to the length and nothing to the surprise.
            runs = np.where(over_gap > direct, over_gap + 1, direct) + gain
            current[places] = runs
            best = runs.argmax()
            bits[i] = (runs[best] >> LENGTH_BITS) / BIT_FRACTION
            length[i] = runs[best] & (1 << LENGTH_BITS) - 1
            corpus_end[i] = places[best]
        return EndingRuns(
            bits=bits,
            length=length,
            corpus_end=corpus_end,
        )
