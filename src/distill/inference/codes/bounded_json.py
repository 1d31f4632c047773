"""Read a JSON object with long lists of numbers, in bounded memory.

`json.loads` makes a Python object for every number and every row: 64 bytes for the three characters
of an empty row. A hostile codes file of 64 MB could so take more than a gigabyte. This reader turns
lists of numbers into arrays piece by piece and limits everything else.
"""

import json
import re
from collections.abc import Container
from typing import Any

import numpy as np

MOST_NUMBERS = 1 << 24
"""Numbers, or rows, in one list: eight levels of twelve hours."""

MOST_ENTRIES = 1000
"""Entries of the object."""

LONGEST_ENTRY = 1 << 18
"""Characters of an entry that is no list of numbers."""

LONGEST_PIECE = 1 << 18
"""Characters of a list that are read at once."""

LARGEST_NUMBER = (1 << 31) - 1
"""The largest whole number of an int32 array."""

# A piece of a list: up to 1,000 rows of whole numbers, or up to 1,000 whole numbers.
ROW = r"\s*\[[0-9,\s]*\]\s*"
NUMBER = r"\s*[0-9]+\s*"
PIECE = re.compile(
    rf"(?:(?:{ROW},){{0,999}}{ROW}|(?:{NUMBER},){{0,999}}{NUMBER})(?=[,\]])", re.ASCII
)
BLANKS = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


def read_object(
    text: str,
    names: Container[str],
    lists: Container[str],
) -> dict[str, Any]:
    """Read the entries `names` and `lists` of the JSON object in `text`; others are skipped.

    Args:
        text: One JSON object.
        names: Entries of any kind.
        lists: Entries that become an int32 array `[n]`, or `[n, m]` for rows of equal length. One
            that holds anything else comes as plain JSON.

    Raises:
        ValueError: `text` is no object, or exceeds `MOST_ENTRIES`, `LONGEST_ENTRY` or
            `MOST_NUMBERS`.
    """
    entries: dict[str, Any] = {}
    position = _skip_sign("{", text, 0)
    for _ in range(MOST_ENTRIES):
        name, position = _read_value(text, position)
        if not isinstance(name, str):
            raise ValueError("the name of an entry is no text")
        position = _skip_sign(":", text, position)

        numbers = None
        if name in lists and text.startswith("[", position):
            numbers = _read_numbers(text, position)
        value, position = numbers or _read_value(text, position)
        if name in names or name in lists:
            entries[name] = value

        position = _skip_blanks(text, position)
        if not text.startswith(",", position):
            break
        position = _skip_blanks(text, position + 1)
    if _skip_sign("}", text, position) != len(text):
        raise ValueError("something follows the end")
    return entries


def _skip_blanks(text: str, position: int) -> int:
    """The position after any blanks at `position`."""
    blanks = BLANKS.match(text, position)
    assert blanks is not None
    return blanks.end()


def _skip_sign(
    sign: str,
    text: str,
    position: int,
) -> int:
    """The position after `sign`, which must come next, and the blanks around it."""
    position = _skip_blanks(text, position)
    if not text.startswith(sign, position):
        raise ValueError(f"'{sign}' is missing")
    return _skip_blanks(text, position + 1)


def _read_value(text: str, position: int) -> tuple[Any, int]:
    """The JSON value at `position`, and the position after it."""
    value, length = DECODER.raw_decode(text[position : position + LONGEST_ENTRY])
    return value, position + length


def _read_numbers(text: str, position: int) -> tuple[np.ndarray, int] | None:
    """The list of numbers at `position` as an array, and the position after it.

    None if the list holds anything else.
    """
    arrays: list[np.ndarray] = []
    count = 0
    while not arrays or text.startswith(",", position):
        # `position` is at the opening bracket or at the comma between two pieces.
        piece = PIECE.match(text, position + 1, position + LONGEST_PIECE)
        array = None if piece is None else _to_array(piece[0])
        if piece is None or array is None:
            return None
        if arrays and array.shape[1:] != arrays[0].shape[1:]:
            return None
        arrays.append(array)
        position = piece.end()
        # Empty rows take memory too.
        count += max(array.size, len(array))
        if count > MOST_NUMBERS:
            raise ValueError(f"a list holds more than {MOST_NUMBERS:,} numbers")
    return np.concatenate(arrays), position + 1


def _to_array(piece: str) -> np.ndarray | None:
    """A piece of a list as an int32 array; None if it is no such piece after all."""
    try:
        array = np.array(json.loads(f"[{piece}]"), dtype=np.int64)
    except (ValueError, OverflowError):
        # Rows of unequal length, or no JSON: reading it as plain JSON will say so.
        return None
    return array.astype(np.int32) if array.max(initial=0) <= LARGEST_NUMBER else None
