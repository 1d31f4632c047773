"""The floor for priors: an interpolated n-gram over flattened codes, one model a level.

Witten-Bell smoothing (Witten & Bell 1991, method C, interpolated as in Chen & Goodman 1998, section
2.6): what follows a context is counted, and the shorter context weighs as much as there were
different codes after the longer one. For each level the order of the contexts, and how many of them
count, are chosen on validation sounds.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

LONGEST = 6
"""Codes in the longest context tried."""

FrameContext = tuple[int, int]
"""Where a context code lies: so many frames back, at which level."""


class LevelModel(NamedTuple):
    """What was chosen for one level: the nearest places are given up last."""

    level: int
    places: tuple[FrameContext, ...]


def witten_bell(contexts: np.ndarray, codes: np.ndarray, size: int, seen: int) -> np.ndarray:
    """Probabilities `[n + 1, M]` of the last `M` of `codes` `[seen + M]`, learned from the first
    `seen` of them.

    Row `i` knows the first `i` columns of `contexts` `[seen + M, n]`; codes are below `size`,
    contexts at most it.
    """
    rows = [np.full(len(codes) - seen, 1 / size)]
    context = np.zeros(len(codes), np.int64)
    for order in range(contexts.shape[1] + 1):
        if order:
            context = _numbered(context * (size + 1) + contexts[:, order - 1])
        pair = _numbered(context * size + codes)
        total = np.bincount(context[:seen], minlength=context.max() + 1)
        count = np.bincount(pair[:seen], minlength=pair.max() + 1)
        _, first = np.unique(pair[:seen], return_index=True)
        kinds = np.bincount(context[first], minlength=len(total))
        here = context[seen:]
        weight = total[here] + kinds[here]
        known = (count[pair[seen:]] + kinds[here] * rows[-1]) / np.maximum(weight, 1)
        rows.append(np.where(weight > 0, known, rows[-1]))
    return np.stack(rows[1:])


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Each of `keys` `[N]` as its number among those that occur."""
    number: np.ndarray = np.unique(keys, return_inverse=True)[1]
    return number


def gather(
    sequences: Sequence[np.ndarray], places: Sequence[FrameContext], size: int
) -> np.ndarray:
    """Codes `[sum of T, n]` at `places` as seen from each frame of `sequences` `[T, Q]`; `size`
    before a sound."""
    columns = []
    for back, level in places:
        moved = [
            np.concatenate([np.full(min(back, len(s)), size), s[: max(0, len(s) - back), level]])
            for s in sequences
        ]
        columns.append(np.concatenate(moved))
    return (
        np.stack(columns, 1).astype(np.int64)
        if columns
        else np.zeros((sum(map(len, sequences)), 0), np.int64)
    )


def plans(level: int, num_quantizers: int) -> Iterator[tuple[FrameContext, ...]]:
    """Orders of context worth trying for `level`, the most important place first."""
    coarser = [(0, q) for q in range(level - 1, -1, -1)]
    before = [(1, q) for q in range(num_quantizers - 1, -1, -1)]
    own_past = [(back, level) for back in (1, 2, 3)]
    coarse_past = [(back, 0) for back in (1, 2, 3)]
    # As they lie in the stream; the structure before the detail; this frame and the last in turn;
    # the past alone.
    yield tuple([*coarser, *before][:LONGEST])
    yield tuple([*coarser[::-1], *own_past][:LONGEST])
    yield tuple([place for q in range(level) for place in ((0, q), (1, q))][:LONGEST])
    yield tuple([*own_past[:1], *coarser, *own_past[1:]][:LONGEST])
    yield tuple([*own_past, *coarser][:LONGEST])
    yield tuple([*coarse_past[: 3 if level == 0 else 1], (1, 1), *coarser][:LONGEST])


def surprise(
    train: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    level: int,
    places: Sequence[FrameContext],
    size: int,
) -> np.ndarray:
    """Bits `[n + 1]` a code of `level` in `test` `[T, Q]`, knowing 0 to `n` of the `places`."""
    both = [*train, *test]
    codes = np.concatenate([s[:, level] for s in both]).astype(np.int64)
    found = witten_bell(gather(both, places, size), codes, size, sum(map(len, train)))
    bits: np.ndarray = -np.log2(found).mean(1)
    return bits


def choose(
    train: Sequence[np.ndarray], validation: Sequence[np.ndarray], size: int
) -> list[LevelModel]:
    """For each level the contexts that say most of `validation`."""
    chosen = []
    for level in range(train[0].shape[1]):
        tried = [
            (places, surprise(train, validation, level, places, size))
            for places in _distinct(level, train[0])
        ]
        places, bits = min(tried, key=lambda pair: float(pair[1].min()))
        chosen.append(LevelModel(level, places[: int(bits.argmin())]))
    return chosen


def _distinct(level: int, example: np.ndarray) -> list[tuple[FrameContext, ...]]:
    Q = example.shape[1]
    usable = (tuple(p for p in places if p[1] < Q) for places in plans(level, Q))
    return list(dict.fromkeys(tuple(dict.fromkeys(places)) for places in usable))


def floor(
    train: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    size: int,
) -> np.ndarray:
    """Bits `[Q]` a code of each level in `test`; every sequence is `[T, Q]`, its codes below
    `size`."""
    models = choose(train, validation, size)
    return np.array([surprise(train, test, m.level, m.places, size)[-1] for m in models])
