"""All requests to the player: each asks for the work of one command, with its files by their paths.

They pass to the player process as JSON. Nothing here imports torch.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distill.library.codes_requests import (
    CountCodes,
    Decode,
    DecodeDocument,
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
    Warm,
)
from distill.library.player_request import PlayerRequest, Urgency
from distill.library.sound_requests import (
    ConvertSound,
    DrawSound,
    FindSources,
    MeasureCurves,
    MeasureLoudness,
    Preview,
    PreviewSound,
)

__all__ = [
    "CompareModels",
    "CompareSounds",
    "ConvertSound",
    "CountCodes",
    "Decode",
    "DecodeDocument",
    "DecodeEntry",
    "DrawSound",
    "Edit",
    "EditDocument",
    "Encode",
    "FindSources",
    "Generate",
    "MakeAgain",
    "MeasureCurves",
    "MeasureLoudness",
    "Picture",
    "PlayerRequest",
    "Preview",
    "PreviewSound",
    "Stream",
    "Urgency",
    "Vary",
    "Warm",
    "request_from_json",
]

KINDS: dict[str, type[PlayerRequest]] = {
    request.kind: request
    for request in (
        Generate,
        MakeAgain,
        Vary,
        Stream,
        Warm,
        CompareModels,
        CompareSounds,
        Encode,
        Decode,
        DecodeEntry,
        Edit,
        EditDocument,
        DecodeDocument,
        CountCodes,
        Picture,
        MeasureCurves,
        MeasureLoudness,
        FindSources,
        ConvertSound,
        DrawSound,
        Preview,
    )
}
"""Requests by the name of their kind."""

PATHS = ("model", "output", "again", "sound", "codes", "source", "first", "second", "folder")
"""Attributes that are paths."""


def _couples(entries: Any) -> tuple[Couple, ...]:
    return tuple(Couple.from_json(entry) for entry in entries)


def _preview_sounds(entries: Any) -> tuple[PreviewSound, ...]:
    return tuple(PreviewSound(**entry | {"path": Path(entry["path"])}) for entry in entries)


RESTORERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(PATHS, Path),
    "lines": tuple,
    "sides": tuple,
    "couples": _couples,
    "sounds": _preview_sounds,
    "seeds": tuple,
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
