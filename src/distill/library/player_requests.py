"""All requests to the player: each asks for the work of one command, with its files by their paths.

They pass to the player process as JSON. Nothing here imports torch.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distill.library.codes_requests import (
    Decode,
    DecodeEntry,
    Edit,
    EditDocument,
    Encode,
    Picture,
)
from distill.library.comparison import Couple
from distill.library.generation_requests import (
    CompareModels,
    CompareSounds,
    Generate,
    MakeAgain,
    Stream,
    Vary,
)
from distill.library.player_request import PlayerRequest, Urgency

__all__ = [
    "CompareModels",
    "CompareSounds",
    "Decode",
    "DecodeEntry",
    "Edit",
    "EditDocument",
    "Encode",
    "Generate",
    "MakeAgain",
    "Picture",
    "PlayerRequest",
    "Stream",
    "Urgency",
    "Vary",
    "request_from_json",
]

KINDS: dict[str, type[PlayerRequest]] = {
    request.kind: request
    for request in (
        Generate,
        MakeAgain,
        Vary,
        Stream,
        CompareModels,
        CompareSounds,
        Encode,
        Decode,
        DecodeEntry,
        Edit,
        EditDocument,
        Picture,
    )
}
"""Requests by the name of their kind."""

PATHS = ("model", "output", "again", "sound", "codes", "source", "first", "second")
"""Attributes that are paths."""


def _couples(entries: Any) -> tuple[Couple, ...]:
    return tuple(Couple.from_json(entry) for entry in entries)


RESTORERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(PATHS, Path),
    "lines": tuple,
    "sides": tuple,
    "couples": _couples,
}
"""What makes an attribute of its JSON, where the two differ."""


def request_from_json(content: Mapping[str, Any]) -> PlayerRequest:
    """The request that `to_json` gave."""
    entries = dict(content)
    kind = KINDS[entries.pop("kind")]
    for name, restore in RESTORERS.items():
        if entries.get(name) is not None:
            entries[name] = restore(entries[name])
    return kind(**entries)
