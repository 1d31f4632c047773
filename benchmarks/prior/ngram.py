"""Library: the n-gram floor for priors, an interpolated n-gram over codes, one model a level.

Smoothing is Witten & Bell 1991, method C, interpolated as in Chen & Goodman 1998, section 2.6. For
each level the order of the context codes, and how many of them count, are chosen on validation
sounds.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from distill.inference.copies.code_runs import witten_bell

LONGEST = 6
"""Codes in the longest context tried: longer ones are too rare in an hour of sound."""

ContextPlace = tuple[int, int]
"""Where a context code lies: how many frames back, and at which level."""


class LevelModel(NamedTuple):
    """The model chosen for one level.

    Attributes:
        level: Index of the level.
        places: Its context, the most important place first.
    """

    level: int
    places: tuple[ContextPlace, ...]


def context_probabilities(
    contexts: np.ndarray,
    codes: np.ndarray,
    size: int,
    n_known: int,
) -> np.ndarray:
    """Probabilities of codes, given 0 to `n` context codes.

    Args:
        contexts: Context codes `[n_known + M, n]`, at most `size` each.
        codes: Codes `[n_known + M]`, below `size`.
        size: Codebook entries.
        n_known: How many of the codes are counted; the other `M` are scored.

    Returns:
        Probabilities `[n + 1, M]`; row `i` knows the first `i` context codes.
    """
    rows = [np.full(len(codes) - n_known, 1 / size)]
    context = np.zeros(len(codes), np.int64)
    for order in range(contexts.shape[1] + 1):
        if order:
            context = _renumber(context * (size + 1) + contexts[:, order - 1])
        pair = _renumber(context * size + codes)
        total = np.bincount(context[:n_known], minlength=context.max() + 1)
        count = np.bincount(pair[:n_known], minlength=pair.max() + 1)
        # One place of each different pair: its context gains one kind of code.
        _, first = np.unique(pair[:n_known], return_index=True)
        kinds = np.bincount(context[first], minlength=len(total))
        rest = context[n_known:]
        rows.append(witten_bell(count[pair[n_known:]], total[rest], kinds[rest], rows[-1]))
    return np.stack(rows[1:])


def _renumber(keys: np.ndarray) -> np.ndarray:
    """`keys` `[n]` renumbered from 0, so that longer contexts still fit an int64."""
    number: np.ndarray = np.unique(keys, return_inverse=True)[1]
    return number


def gather_contexts(
    sequences: Sequence[np.ndarray],
    places: Sequence[ContextPlace],
    size: int,
) -> np.ndarray:
    """Context codes of every frame.

    Args:
        sequences: Codes of sounds `[T, Q]`.
        places: The `n` places of the context.
        size: Codebook entries; this number stands for a frame before the sound.

    Returns:
        Codes `[sum of T, n]`.
    """
    columns = []
    for back, level in places:
        parts = []
        for codes in sequences:
            outside = np.full(min(back, len(codes)), size)
            parts.append(np.concatenate([outside, codes[: max(0, len(codes) - back), level]]))
        columns.append(np.concatenate(parts))
    if not columns:
        return np.zeros((sum(map(len, sequences)), 0), np.int64)
    return np.stack(columns, 1).astype(np.int64)


def context_orders(level: int, num_quantizers: int) -> Iterator[tuple[ContextPlace, ...]]:
    """Yield the contexts to try for a level, the most important place first."""
    coarser = [(0, q) for q in range(level - 1, -1, -1)]
    previous = [(1, q) for q in range(num_quantizers - 1, -1, -1)]
    own_past = [(back, level) for back in (1, 2, 3)]
    coarse_past = [(back, 0) for back in (1, 2, 3)]
    # As the codes lie in the stream.
    yield tuple([*coarser, *previous][:LONGEST])
    # Structure before detail.
    yield tuple([*coarser[::-1], *own_past][:LONGEST])
    # This frame and the previous one in turn.
    in_turn = [place for q in range(level) for place in ((0, q), (1, q))]
    yield tuple(in_turn[:LONGEST])
    # The past of the level first.
    yield tuple([*own_past[:1], *coarser, *own_past[1:]][:LONGEST])
    yield tuple([*own_past, *coarser][:LONGEST])
    # The past of the coarsest level.
    coarse = coarse_past if level == 0 else coarse_past[:1]
    yield tuple([*coarse, (1, 1), *coarser][:LONGEST])


def surprise(
    train: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    level: int,
    places: Sequence[ContextPlace],
    size: int,
) -> np.ndarray:
    """Bits a code of one level, given 0 to `n` context codes.

    Args:
        train: Codes of the sounds that are counted `[T, Q]`.
        test: Codes of the sounds that are scored `[T, Q]`.
        level: Index of the level.
        places: The `n` places of the context.
        size: Codebook entries.

    Returns:
        Bits `[n + 1]`, means over the frames of `test`.
    """
    sequences = [*train, *test]
    codes = np.concatenate([s[:, level] for s in sequences]).astype(np.int64)
    contexts = gather_contexts(sequences, places, size)
    probabilities = context_probabilities(contexts, codes, size, sum(map(len, train)))
    bits: np.ndarray = -np.log2(probabilities).mean(1)
    return bits


def choose(
    train: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    size: int,
) -> list[LevelModel]:
    """The best context of each level: counted on `train`, scored on `validation`, both `[T, Q]`."""
    Q = train[0].shape[1]
    models = []
    for level in range(Q):
        best_bits = np.inf
        best_places: tuple[ContextPlace, ...] = ()
        for places in _usable_orders(level, Q):
            bits = surprise(train, validation, level, places, size)
            if bits.min() < best_bits:
                best_bits = float(bits.min())
                best_places = places[: int(bits.argmin())]
        models.append(LevelModel(level=level, places=best_places))
    return models


def _usable_orders(level: int, Q: int) -> list[tuple[ContextPlace, ...]]:
    """The different contexts to try, without levels that the codec lacks or a place twice."""
    orders: list[tuple[ContextPlace, ...]] = []
    for places in context_orders(level, Q):
        usable = tuple(dict.fromkeys(place for place in places if place[1] < Q))
        if usable not in orders:
            orders.append(usable)
    return orders


def floor(
    train: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    test: Sequence[np.ndarray],
    size: int,
) -> np.ndarray:
    """Bits a code of each level in held-out sounds.

    Args:
        train: Codes of the sounds that are counted `[T, Q]`.
        validation: Codes of the sounds on which contexts are chosen `[T, Q]`.
        test: Codes of the sounds that are scored `[T, Q]`.
        size: Codebook entries.

    Returns:
        Bits `[Q]`.
    """
    models = choose(train, validation, size)
    return np.array([surprise(train, test, m.level, m.places, size)[-1] for m in models])
