"""JSON objects with long lists of numbers, read without an object for every number."""

import json
import re
from collections.abc import Container
from typing import Any

import numpy as np

MOST_NUMBERS = 1 << 24
"""In one list, or rows: eight levels of twelve hours."""

MOST_ENTRIES, LONGEST_ENTRY = 1000, 1 << 18
"""How many there are, and characters of one that is no such list."""

# What is read at once: rows of whole numbers, or these alone.
PIECE_LENGTH = 1 << 18
ROW, NUMBER = r"\s*\[[0-9,\s]*\]\s*", r"\s*[0-9]+\s*"
PIECE = re.compile(
    rf"(?:(?:{ROW},){{0,999}}{ROW}|(?:{NUMBER},){{0,999}}{NUMBER})(?=[,\]])", re.ASCII
)
SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


def read_table(text: str, names: Container[str], lists: Container[str]) -> dict[str, Any]:
    """The entries called `names` and `lists` of the JSON object that `text` holds.

    Where `lists` are whole numbers below 2^31 they come as arrays `[n]`, where they are rows of
    equal length of these, as `[n, m]`. Beyond `text` and these arrays it takes little memory,
    whatever the text holds. `ValueError` for no object, and where there is more than
    `MOST_ENTRIES`, `LONGEST_ENTRY` and `MOST_NUMBERS` allow.
    """
    table: dict[str, Any] = {}
    at = _after("{", text, 0)
    for _ in range(MOST_ENTRIES):
        name, at = _entry(text, at)
        if not isinstance(name, str):
            raise ValueError("the name of an entry is no text")
        at = _after(":", text, at)
        numbers = _numbers(text, at) if name in lists and text.startswith("[", at) else None
        value, at = numbers or _entry(text, at)
        if name in names or name in lists:
            table[name] = value
        at = _blank(text, at)
        if not text.startswith(",", at):
            break
        at = _blank(text, at + 1)
    if _after("}", text, at) != len(text):
        raise ValueError("something follows the end")
    return table


def _blank(text: str, at: int) -> int:
    """Where the blanks that begin at `at` have ended."""
    blanks = SPACE.match(text, at)
    assert blanks is not None
    return blanks.end()


def _after(sign: str, text: str, at: int) -> int:
    """Where what follows `sign` begins, which must come next."""
    at = _blank(text, at)
    if not text.startswith(sign, at):
        raise ValueError(f"'{sign}' is missing")
    return _blank(text, at + 1)


def _entry(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it has ended."""
    value, length = DECODER.raw_decode(text[at : at + LONGEST_ENTRY])
    return value, at + length


def _numbers(text: str, at: int) -> tuple[np.ndarray, int] | None:
    """The list that begins at `at`, and where it has ended; None where it holds something else than
    numbers."""
    pieces: list[np.ndarray] = []
    read = 0
    while not pieces or text.startswith(",", at):
        piece = PIECE.match(text, at + 1, at + PIECE_LENGTH)
        array = None if piece is None else _array(piece[0])
        if piece is None or array is None or (pieces and array.shape[1:] != pieces[0].shape[1:]):
            return None
        pieces.append(array)
        at, read = piece.end(), read + max(array.size, len(array))
        if read > MOST_NUMBERS:
            raise ValueError(f"a list holds more than {MOST_NUMBERS:,} numbers")
    return np.concatenate(pieces), at + 1


def _array(piece: str) -> np.ndarray | None:
    try:
        array = np.array(json.loads(f"[{piece}]"), dtype=np.int64)
    except (ValueError, OverflowError):
        # Rows of unequal length, or no JSON: whoever reads it as such will say so.
        return None
    return array.astype(np.int32) if array.max(initial=0) < 1 << 31 else None
