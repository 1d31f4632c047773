"""Words of the page: sentences of the library name options of the command line, it has fields."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "--batch-size": "pieces a step",
        "--codebook-size": "codes a level",
        "--duration": "length",
        "--from": "start",
        "--lr": "learning rate",
        "--max-copy": "repeats at most",
        "--number": "takes",
        "--rvq-levels": "levels of codes",
        "--temperature": "wildness",
        "--to": "end",
        "--top-p": "top p",
    }
)
"""Labels of fields that are more than their option without its dashes."""

OPTION = re.compile(r"(?P<command>`[^`]*`|'distill [^']*')|(?<![\w-])(?P<option>--[a-z][a-z-]*)")
"""An option in a sentence; the words of a command stay as they are."""

SENTENCES = ("error", "sentence")
"""Entries of an event that hold a sentence."""


def page_words(sentence: str) -> str:
    """A sentence with the labels of fields in place of options.

    Args:
        sentence: Of an error, a verdict or advice.

    Example:
        >>> page_words("--temperature must lie between 0 and 10.")
        "'wildness' must lie between 0 and 10."
    """
    return OPTION.sub(_label, sentence)


def _label(found: re.Match[str]) -> str:
    option = found["option"]
    if option is None:
        return found["command"]
    label = LABELS.get(option) or option.removeprefix("--").replace("-", " ")
    return f"'{label}'"


def event_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an event, its sentences in words of the page."""
    return {
        name: page_words(value) if name in SENTENCES and isinstance(value, str) else value
        for name, value in data.items()
    }
