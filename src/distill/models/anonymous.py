"""A model file without the names of recordings, for others: a number stands for each name."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

FILE_LISTS = (
    ("metadata", "corpus"),
    ("metadata", "muted"),
    ("metadata", "changes", "added"),
    ("metadata", "changes", "removed"),
    ("metadata", "changes", "muted"),
    ("metadata", "changes", "weighted"),
    ("prior_metadata", "curation", "muted"),
    ("prior_metadata", "curation", "files"),
    ("prior_metadata", "recordings"),
    ("prior_metadata", "copy_index", "encodings"),
    ("prior_metadata", "copy_index", "passages"),
)
"""Places in a model file of lists whose entries have the `name` of a recording."""

SENTENCES = frozenset(("verdict", "warnings"))
"""Keys of texts that may name a recording among other words."""


def recording_names(contents: dict[str, Any]) -> list[str]:
    """Names of all recordings that a model file mentions, in the order of its lists."""
    names: dict[str, None] = {}
    for place in FILE_LISTS:
        for entry in _list_at(contents, place):
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                names[entry["name"]] = None
    return list(names)


def without_names(contents: dict[str, Any]) -> dict[str, Any]:
    """The contents of a model file with `recording-0001` and so on in place of names.

    Every text changes that has a name in it, whether whole, without its folder, or without its
    ending too: sentences and warnings as well. Tensors are the same objects.
    """
    words: dict[str, str] = {}
    for number, name in enumerate(recording_names(contents), 1):
        for form in _forms(name):
            words.setdefault(form, f"recording-{number:04d}")
    # Long forms first: a name may be part of another.
    pairs = sorted(words.items(), key=lambda pair: -len(pair[0]))
    return {key: _renamed(value, words, pairs, key) for key, value in contents.items()}


def _forms(name: str) -> Iterator[str]:
    path = PurePosixPath(name)
    yield name
    yield path.name
    if len(path.stem) >= 4:
        # Shorter ones are parts of ordinary words.
        yield path.stem


def _list_at(contents: dict[str, Any], place: tuple[str, ...]) -> list[Any]:
    value: Any = contents
    for key in place:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _renamed(value: Any, words: dict[str, str], pairs: list[tuple[str, str]], key: str) -> Any:
    if isinstance(value, str):
        if value in words and key != "tags":
            return words[value]
        # Sentences alone have a name among other words.
        return _replaced(value, pairs) if key in SENTENCES else value
    if isinstance(value, list):
        return [_renamed(item, words, pairs, key) for item in value]
    if isinstance(value, dict):
        return {name: _renamed(item, words, pairs, name) for name, item in value.items()}
    return value


def _replaced(text: str, pairs: list[tuple[str, str]]) -> str:
    for name, word in pairs:
        text = text.replace(name, word)
    return text
