"""How much of a generated sound stands in the corpus: the longest run of shared codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RUN_LEVELS = 2
"""Levels that must agree: the coarse ones. Fine levels differ even between two encodings of one recording."""


@dataclass(frozen=True)
class SharedRun:
    """`seconds` of codes of `source` from `source_s` on that stand in the output from `output_s` on."""

    seconds: float
    output_s: float
    source: str
    source_s: float


def longest_run(a: np.ndarray, b: np.ndarray) -> tuple[int, int, int]:
    """Longest common run of two sequences `[n]`, `[m]`: (length, start in `a`, start in `b`).

    Dynamic programming over matching suffixes, one row of `b` at a time: O(n m) time, O(m) memory.
    """
    best = (0, 0, 0)
    run = np.zeros(len(b) + 1, np.int32)
    for i, value in enumerate(a):
        run[1:] = np.where(b == value, run[:-1] + 1, 0)
        end = int(run.argmax())
        if run[end] > best[0]:
            length = int(run[end])
            best = (length, i + 1 - length, end - length)
    return best


def _merged(codes: np.ndarray, codebook_size: int) -> np.ndarray:
    """The coarse levels of `[T, Q]` as one number a frame."""
    merged = np.zeros(len(codes), np.int64)
    for q in range(min(RUN_LEVELS, codes.shape[1])):
        merged = merged * codebook_size + codes[:, q]
    return merged


def longest_shared_run(
    codes: np.ndarray, corpus_codes: Sequence[dict[str, Any]], codebook_size: int, frame_rate: float
) -> SharedRun | None:
    """The longest run of coarse codes that `codes` `[T, Q]` share with a sound of the corpus; None for none.

    `corpus_codes` has an entry for each encoding of each sound: `name`, `start_s` and `codes` `[T, Q]` (tensor).
    """
    if not corpus_codes:
        return None
    merged = [_merged(entry["codes"].numpy().astype(np.int64), codebook_size) for entry in corpus_codes]
    # One sequence of all, with a number between that no output holds.
    joined = np.concatenate([np.append(m, -1) for m in merged])
    length, here, there = longest_run(_merged(codes, codebook_size), joined)
    if length == 0:
        return None
    begins = np.cumsum([0, *(len(m) + 1 for m in merged)])
    index = int(np.searchsorted(begins, there, side="right")) - 1
    entry = corpus_codes[index]
    source_s = max(0.0, entry["start_s"] + (there - int(begins[index])) / frame_rate)
    return SharedRun(length / frame_rate, here / frame_rate, entry["name"], source_s)
