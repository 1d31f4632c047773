"""Types of Python as JSON Schema, and JSON as values of such types.

Records that routes take and give are dataclasses. What they state is what the OpenAPI document
states, and what a request is held to.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from distill.errors import UsageError
from distill.files import plain_json

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
"""Names of plain types in JSON Schema."""

WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
"""The same for people."""

Components = dict[str, dict[str, Any]]
"""Schemas of records by the names of their classes."""


class FieldError(UsageError):
    """An entry of a request makes no sense.

    Args:
        field: Name of the entry.
        sentence: What is wrong with it.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


# --- schema ---------------------------------------------------------------------------------------


def schema_of(kind: Any, components: Components) -> dict[str, Any]:
    """The JSON Schema of a type.

    Args:
        kind: A type as annotations give it.
        components: Takes the schemas of the records in it.
    """
    origin = get_origin(kind)
    arguments = get_args(kind)
    if kind is Any or kind is object:
        return {}
    if kind in (None, types.NoneType):
        return {"type": "null"}
    if kind in PLAIN:
        return {"type": PLAIN[kind]}
    if kind in (Path, bytes):
        return {"type": "string"}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(part, components) for part in arguments]}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if is_dataclass(kind):
        return _record(kind, components)
    return _collection(origin or kind, arguments, components)


def _collection(origin: Any, arguments: tuple[Any, ...], components: Components) -> dict[str, Any]:
    if isinstance(origin, type) and issubclass(origin, Mapping):
        value = schema_of(arguments[1], components) if arguments else {}
        return {"type": "object", "additionalProperties": value or True}
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        parts = [schema_of(part, components) for part in arguments]
        return {
            "type": "array",
            "prefixItems": parts,
            "minItems": len(parts),
            "maxItems": len(parts),
        }
    if isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset):
        return {"type": "array", "items": schema_of(arguments[0], components) if arguments else {}}
    raise TypeError(f"{origin} has no schema")


def _record(kind: Any, components: Components) -> dict[str, Any]:
    name = kind.__name__
    if name not in components:
        # Before its fields: a record may hold others of its own kind.
        components[name] = {}
        hints = get_type_hints(kind)
        described = _descriptions(kind)
        properties = {}
        for entry in fields(kind):
            schema = schema_of(hints[entry.name], components)
            if text := described.get(entry.name):
                schema = schema | {"description": text}
            properties[entry.name] = schema
        components[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").split("\n\n")[0].strip(),
            "properties": properties,
            "required": [entry.name for entry in fields(kind) if not _is_optional(kind, entry)],
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _is_optional(kind: Any, entry: Field[Any]) -> bool:
    """Whether a request may leave an entry out. Answers always have all."""
    has_default = entry.default is not MISSING or entry.default_factory is not MISSING
    return has_default and getattr(kind, "IS_BODY", False)


def _descriptions(kind: Any) -> dict[str, str]:
    """What the docstring of a record says of its attributes."""
    described: dict[str, str] = {}
    name = ""
    _, _, listed = (kind.__doc__ or "").partition("Attributes:\n")
    for line in listed.splitlines():
        head, colon, text = line.strip().partition(": ")
        if not line.strip():
            break
        if line.startswith("        ") and not line.startswith("         ") and colon:
            name = head
            described[name] = text
        elif name:
            described[name] += f" {line.strip()}"
    return described


# --- reading --------------------------------------------------------------------------------------


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def restore(kind: Any, value: Any, field: str) -> Any:
    """The value of a type that JSON holds.

    Args:
        kind: The type.
        value: The JSON.
        field: Name of the entry, for messages.

    Raises:
        FieldError: It is no such value.
    """
    origin = get_origin(kind)
    arguments = get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        (wanted,) = [part for part in arguments if part is not types.NoneType]
        return restore(wanted, value, field)
    if kind in PLAIN:
        return _plain(kind, value, field)
    if origin is Literal:
        if value not in arguments:
            raise FieldError(field, f"'{field}' must be one of {', '.join(map(str, arguments))}.")
        return value
    if is_dataclass(kind):
        return restore_record(kind, value, field)
    return _restore_collection(origin or kind, arguments, value, field)


def _plain(kind: Any, value: Any, field: str) -> Any:
    if kind is float and type(value) is int and value.bit_length() < 64:
        return float(value)
    if type(value) is not kind or (kind is int and value.bit_length() > 63):
        raise FieldError(field, f"'{field}' must be {WORDS[kind]}.")
    if kind is float and not abs(value) < float("inf"):
        raise FieldError(field, f"'{field}' must be a finite number.")
    return value


def _restore_collection(origin: Any, arguments: tuple[Any, ...], value: Any, field: str) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise FieldError(field, f"'{field}' must be an object.")
        return {key: restore(arguments[1], item, f"{field}.{key}") for key, item in value.items()}
    if not isinstance(value, list):
        raise FieldError(field, f"'{field}' must be a list.")
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise FieldError(field, f"'{field}' must have {len(arguments)} entries.")
        return tuple(restore(part, v, field) for part, v in zip(arguments, value, strict=True))
    return origin(restore(arguments[0], item, field) for item in value)


def restore_record(kind: Any, value: Any, field: str = "") -> Any:
    """The record of a class that a JSON object holds; errors as for `restore`."""
    if not isinstance(value, dict):
        raise FieldError(field, f"'{field or 'The body'}' must be an object.")
    names = {entry.name for entry in fields(kind)}
    if unknown := sorted(value.keys() - names):
        raise FieldError(unknown[0], f"There is no entry '{unknown[0][:60]}' here.")
    for entry in fields(kind):
        is_needed = entry.default is MISSING and entry.default_factory is MISSING
        if is_needed and entry.name not in value:
            raise FieldError(entry.name, f"'{entry.name}' is missing.")
    hints = _hints(kind)
    return kind(**{name: restore(hints[name], item, name) for name, item in value.items()})


def restore_text(kind: Any, text: str, field: str) -> Any:
    """The value of a type that the text of a query or a path holds; errors as for `restore`."""
    arguments = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = [part for part in arguments if part is not types.NoneType]
    if kind in (int, float):
        try:
            return restore(kind, kind(text), field)
        except ValueError:
            raise FieldError(field, f"'{field}' must be {WORDS[kind]}.") from None
    if kind is bool:
        if text not in ("true", "false"):
            raise FieldError(field, f"'{field}' must be {WORDS[bool]}.")
        return text == "true"
    return restore(kind, text, field)


# --- writing --------------------------------------------------------------------------------------


def to_json(value: Any) -> Any:
    """Records, lists and plain values as JSON can hold them."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain_json(asdict(value))
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return plain_json(value)
