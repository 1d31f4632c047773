"""Types of plain entries, such as metadata of a model file, and a check of entries against them.

A type is one of:

- `str`, `bool`, `int` (a whole number from 0 on, of 63 bits) or `float` (any number);
- `None`, for nothing;
- a `Choice` of types;
- `[type]`, a list of entries of that type;
- `{name: type}`, a dict; a name that ends in `?` may be absent, and names that are not in it may
  hold anything;
- an `Array`, a tensor.

Free of torch: a tensor is all that has a `shape` and a `dtype`.

Example:
    find_fault({"name": 3}, {"name": str}, "metadata")  # "metadata.name"
"""

from dataclasses import dataclass
from typing import Any

WHOLE_NUMBERS = {"uint8", "int8", "int16", "int32", "int64"}
"""Types of tensors of whole numbers, without the `torch.` before them."""

MOST_BITS = 63
"""Most bits of a whole number: those of torch and NumPy have a sign beside them."""


@dataclass(frozen=True)
class Choice:
    """Any one of several types."""

    types: tuple[Any, ...]


@dataclass(frozen=True)
class Array:
    """A tensor with a number of dimensions, of whole or of floating-point numbers."""

    dimensions: int
    whole: bool


def maybe(kind: Any) -> Choice:
    """A type, or None."""
    return Choice((kind, None))


def find_fault(value: Any, kind: Any, place: str) -> str | None:
    """Find the first entry that is not of its type.

    Args:
        value: The entry to check.
        kind: Its type, as the module says.
        place: Its name.

    Returns:
        Name of the wrong or absent entry, such as `metadata.corpus[3].duration_s`; None for none.
    """
    if isinstance(kind, Choice):
        faults = [find_fault(value, option, place) for option in kind.types]
        return None if None in faults else faults[0]
    if isinstance(kind, list):
        return _fault_in_list(value, kind[0], place)
    if isinstance(kind, dict):
        return _fault_in_dict(value, kind, place)
    return None if _is_of(value, kind) else place


def _fault_in_list(value: Any, kind: Any, place: str) -> str | None:
    if type(value) is not list:
        return place
    for index, item in enumerate(value):
        if fault := find_fault(item, kind, f"{place}[{index}]"):
            return fault
    return None


def _fault_in_dict(value: Any, kinds: dict[str, Any], place: str) -> str | None:
    if not isinstance(value, dict):
        return place
    for key, kind in kinds.items():
        name = key.removesuffix("?")
        if name not in value:
            if name == key:
                return f"{place}.{name}"
        elif fault := find_fault(value[name], kind, f"{place}.{name}"):
            return fault
    return None


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a single entry is of a type that has no parts."""
    if kind is None:
        return value is None
    # Not `isinstance`: True is an int.
    if kind is int:
        return type(value) is int and 0 <= value < 1 << MOST_BITS
    if kind is float:
        return type(value) is float or (type(value) is int and abs(value) < 1 << MOST_BITS)
    if isinstance(kind, Array):
        return _is_array(value, kind)
    return type(value) is kind


def _is_array(value: Any, kind: Array) -> bool:
    dtype = getattr(value, "dtype", None)
    if dtype is None or len(value.shape) != kind.dimensions:
        return False
    return (str(dtype).removeprefix("torch.") in WHOLE_NUMBERS) == kind.whole
