"""Mutations of bytes, of JSON and of plain Python values, all drawn from a generator."""

import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_AT_ONCE = 4
"""Mutations that one input gets at most."""

LONGEST_RUN = 64
"""Bytes that are overwritten or inserted at once."""

LENGTHS = (0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 62)
"""Lengths at which readers go wrong: none, borders of signed and unsigned numbers."""

EXTREMES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    -0.0,
    1e308,
    -1e308,
    5e-324,
    float("nan"),
    float("inf"),
    float("-inf"),
    2**31 - 1,
    2**31,
    2**32,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**30,
    10**400,
    "",
    "0",
    "nan",
    "\0",
    "\ud800",
    "é" * 300,
    "x" * 100_000,
    "../../../etc/passwd",
    "[bold red]",
    "\x1b[2J",
    [],
    [[]],
    [None],
    [0] * 1000,
    {},
    {"": {}},
)
"""Values of wrong types and of the ends of ranges."""

TEXTS = (
    "[/red]",
    "[bold]",
    "\x1b[2J\x1b]0;title\x07",
    "two\nlines",
    "\r",
    "\u202e",
    "\ud800",
    "/etc/passwd",
    "%s {0} {x}",
    "",
    "𝄞" * 50,
)
"""Texts that mislead whoever prints them."""

BAD_JSON = (
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b"9" * 5_000,
    b"1e999",
    b"-1e999",
    b"NaN",
    b"-Infinity",
    b"-",
    b"1.",
    b"0x10",
    b'"\\ud800"',
    b'"\\u0000"',
    b'"',
    b"[1,]",
    b"/**/",
    b"\xff",
    b"\xef\xbb\xbf",
)
"""JSON that no writer makes: too deep, too long, or none."""

JSON_VALUE = re.compile(rb'-?[0-9][0-9.eE+-]*|"[^"]*"|true|false|null|\[|\]|,')
"""Places of JSON where something else can stand."""

Mutation = Callable[[bytes, np.random.Generator], bytes]


def pick(rng: np.random.Generator, values: Sequence[Any]) -> Any:
    """One of `values`, as it is: numpy's `choice` would make arrays of them."""
    return values[int(rng.integers(len(values)))]


# --- bytes ----------------------------------------------------------------------------------------


def flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        changed[_position(changed, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def overwrite_run(content: bytes, rng: np.random.Generator) -> bytes:
    """Overwrite a run with zeros, ones or noise."""
    start = _position(content, rng)
    size = int(rng.integers(1, LONGEST_RUN))
    run = pick(rng, (bytes(size), b"\xff" * size, rng.bytes(size)))
    return content[:start] + run + content[start + size :]


def truncate(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut the end off."""
    return content[: _position(content, rng)]


def cut_out(content: bytes, rng: np.random.Generator) -> bytes:
    """Remove a run."""
    start = _position(content, rng)
    return content[:start] + content[start + int(rng.integers(1, 4 * LONGEST_RUN)) :]


def insert_noise(content: bytes, rng: np.random.Generator) -> bytes:
    """Insert bytes that mean nothing."""
    start = _position(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, LONGEST_RUN))) + content[start:]


def duplicate(content: bytes, rng: np.random.Generator) -> bytes:
    """Repeat a stretch, or all."""
    start, stop = sorted((_position(content, rng), _position(content, rng)))
    if rng.random() < 0.1:
        return content + content
    return content[:stop] + content[start:stop] + content[stop:]


def set_length(content: bytes, rng: np.random.Generator) -> bytes:
    """Write an extreme number where a number may stand."""
    form = pick(rng, ("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    number = struct.pack(form, pick(rng, LENGTHS) & ((1 << 8 * size) - 1))
    # Headers, where most lengths are, have most of the trials.
    end = len(content) if rng.random() < 0.3 else min(len(content), 256)
    start = int(rng.integers(max(1, end)))
    return content[:start] + number + content[start + size :]


BYTE_MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    flip_bits,
    overwrite_run,
    truncate,
    cut_out,
    insert_noise,
    duplicate,
    set_length,
    set_length,
)


def mutate_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Apply one to `MOST_AT_ONCE` mutations."""
    for _ in range(int(rng.integers(1, MOST_AT_ONCE + 1))):
        # Nothing cannot be changed.
        content = pick(rng, BYTE_MUTATIONS)(content or b"\0", rng)
    return content


def splice(first: bytes, second: bytes, rng: np.random.Generator) -> bytes:
    """The begin of one file and the end of another."""
    return first[: _position(first, rng)] + second[_position(second, rng) :]


def mutate_json(content: bytes, rng: np.random.Generator) -> bytes:
    """Replace a value or a sign of a JSON text by what is none, or far too deep."""
    places = list(JSON_VALUE.finditer(content))
    if not places:
        return content
    place = pick(rng, places)
    return content[: place.start()] + pick(rng, BAD_JSON) + content[place.end() :]


def _position(content: bytes | bytearray, rng: np.random.Generator) -> int:
    return int(rng.integers(max(1, len(content)))) if len(content) else 0


# --- plain values ---------------------------------------------------------------------------------


def mutate_value(value: Any, rng: np.random.Generator, extremes: Sequence[Any] = EXTREMES) -> Any:
    """A copy of a tree of dicts and lists with one entry changed, removed, moved or added."""
    if isinstance(value, dict) and value and rng.random() < 0.95:
        return _mutate_dict(value, rng, extremes)
    if isinstance(value, list) and value and rng.random() < 0.8:
        return _mutate_list(value, rng, extremes)
    # Values of the right type pass the first checks, and so reach what comes after them.
    near = _near(value, rng)
    return pick(rng, extremes) if near is None or rng.random() < 0.4 else near


def _near(value: Any, rng: np.random.Generator) -> Any:
    """Another value of the same type; None for types without."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return pick(rng, (value + 1, value - 1, 2 * value, -value, value // 2, 2**31 - 1))
    if isinstance(value, float):
        return value * pick(rng, (-1.0, 0.0, 0.5, 2.0, 1e-300, 1e300)) + pick(rng, (0.0, 1e-9))
    if isinstance(value, Tensor):
        return _near_tensor(value, rng)
    if isinstance(value, str):
        return pick(rng, (*TEXTS, value + value, value[:-1], value.upper()))
    return None


def _mutate_dict(value: dict[Any, Any], rng: np.random.Generator, extremes: Sequence[Any]) -> Any:
    key = pick(rng, list(value))
    chance = rng.random()
    changed = dict(value)
    if chance < 0.8:
        changed[key] = mutate_value(value[key], rng, extremes)
    elif chance < 0.9:
        del changed[key]
    elif chance < 0.95:
        changed[pick(rng, list(value))] = value[key]
    else:
        changed[pick(rng, ("", "x", "state_dict", "__class__", 3))] = pick(rng, extremes)
    return changed


def _mutate_list(value: list[Any], rng: np.random.Generator, extremes: Sequence[Any]) -> Any:
    index = int(rng.integers(len(value)))
    chance = rng.random()
    if chance < 0.7:
        changed = mutate_value(value[index], rng, extremes)
        return [*value[:index], changed, *value[index + 1 :]]
    if chance < 0.8:
        return value[:index]
    if chance < 0.9:
        return value + value
    return [*value, pick(rng, extremes)]


def _near_tensor(value: Tensor, rng: np.random.Generator) -> Tensor:
    """A tensor of another shape or type, or with other numbers."""
    chance = int(rng.integers(8))
    changed = value.clone()
    if chance == 0:
        return changed.flatten()
    if chance == 1:
        return changed[None]
    if chance == 2:
        return changed.to(pick(rng, TENSOR_TYPES))
    if chance == 3 and value.ndim:
        return changed[:-1]
    if chance == 4 and value.ndim:
        return torch.cat([changed, changed])
    if chance == 5 and value.ndim > 1:
        return changed.transpose(0, 1)
    if value.numel():
        numbers = FLOATS if value.is_floating_point() else WHOLES
        changed = changed.contiguous()
        changed.view(-1)[int(rng.integers(value.numel()))] = pick(rng, numbers)
    return changed


TENSOR_TYPES = (torch.float64, torch.float16, torch.int64, torch.int8, torch.bool, torch.complex64)
"""Types of numbers that a tensor is changed to."""

FLOATS = (float("nan"), float("inf"), 1e30, -1e30, 0.0, 1e-40)
"""Numbers that one weight is changed to."""

WHOLES = (-1, 0, 1, 127)
"""Numbers that one code is changed to; all fit into every type."""
