"""Takes: new sounds that are ordered by ids, for the player. Free of torch."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from distill.bounds import check_bound
from distill.errors import UsageError
from distill.inference.modes.request import SEEDS
from distill.inference.modes.traits import TRAITS
from distill.library.generation_requests import Generate, Stream
from distill.library.models import load_model
from distill.library.preset import check_settings
from distill.library.renders import load_render
from distill.library.sound_files import find_known_sound
from distill.library.workspace import Workspace

MOST_TAKES = 100
"""Takes of one order, at most."""

SoundKind = Literal["render", "sound"]
"""A generated sound by its id, or any known sound by its SHA-256."""

NOT_STREAMED = ("duration", "bars", "max_copy", "way", "amount", "start", "stop")
"""Settings of a preset that a stream does not take."""


def sound_path(workspace: Workspace, kind: SoundKind, sound_id: str) -> Path:
    """The file of a sound.

    Raises:
        NotFoundError: There is none.
    """
    if kind == "render":
        return load_render(workspace, sound_id).path
    return find_known_sound(workspace, sound_id).path


def order_takes(
    workspace: Workspace,
    model: str,
    settings: Mapping[str, Any],
    *,
    seed: int | None = None,
    count: int = 1,
    source: tuple[SoundKind, str] | None = None,
    blend: tuple[str, float] | None = None,
) -> list[Generate]:
    """The requests for takes, one for each, so that other work may come between them.

    Args:
        workspace: The workspace.
        model: Id of the model.
        settings: Values of `preset.SETTINGS`, the mode among them as `way`.
        seed: Of the first take; None for a new one.
        count: Number of takes.
        source: The sound to start from, in modes that take one.
        blend: Id of a second model, and its share.

    Raises:
        UsageError: A setting is out of range, or a sound is missing.
        NotFoundError: There is no such model or sound.
    """
    if count > MOST_TAKES:
        raise UsageError(f"{MOST_TAKES} takes are the most at a time, not {count}.")
    together = take_order(
        workspace, model, settings, seed=seed, count=count, source=source, blend=blend
    )
    first = together.settings["seed"]
    return [
        replace(together, settings={**together.settings, "count": 1, "seed": first + number})
        for number in range(count)
    ]


def take_order(
    workspace: Workspace,
    model: str,
    settings: Mapping[str, Any],
    *,
    seed: int | None = None,
    count: int = 1,
    source: tuple[SoundKind, str] | None = None,
    blend: tuple[str, float] | None = None,
) -> Generate:
    """All takes in one request; arguments and errors as for `order_takes`."""
    check_bound("--number", count)
    arguments = _arguments(settings)
    mode = TRAITS[arguments.pop("way", "new")]
    if mode.takes_source:
        if source is None:
            raise UsageError(f"{mode.option} starts from a sound: choose one.")
        arguments[mode.argument] = str(sound_path(workspace, *source))
    elif mode.option:
        arguments[mode.argument] = True
    arguments |= {"count": count} | _blend(workspace, blend)
    arguments["seed"] = secrets.randbelow(SEEDS) if seed is None else seed
    return Generate(model=load_model(workspace, model).path, settings=arguments)


def order_stream(
    workspace: Workspace,
    model: str,
    settings: Mapping[str, Any],
    *,
    seed: int = 0,
    blend: tuple[str, float] | None = None,
) -> Stream:
    """The request for new sound without end; arguments and errors as for `order_takes`."""
    arguments = _arguments(settings)
    playing = {name: value for name, value in arguments.items() if name not in NOT_STREAMED}
    playing |= {"seed": seed} | _blend(workspace, blend)
    return Stream(model=load_model(workspace, model).path, settings=playing)


def _arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Checked settings as arguments of `distill.generate`."""
    try:
        arguments = check_settings(settings)
    except UsageError as error:
        sentence = str(error)
        raise UsageError(sentence[:1].upper() + sentence[1:].rstrip(".") + ".") from error
    if "tags" in arguments:
        arguments["tags"] = dict(arguments["tags"])
    return arguments


def _blend(workspace: Workspace, blend: tuple[str, float] | None) -> dict[str, Any]:
    if blend is None:
        return {}
    model, share = blend
    return {"blend": [str(load_model(workspace, model).path), share]}
