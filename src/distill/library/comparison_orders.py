"""Comparisons that are ordered by ids, for the player. Free of torch."""

from collections.abc import Sequence

from distill.library.comparison import Couple
from distill.library.generation_requests import CompareModels, CompareSounds
from distill.library.models import load_model
from distill.library.takes import SoundKind, sound_path
from distill.library.workspace import Workspace

Named = tuple[SoundKind, str]
"""Kind and id of a sound."""


def order_models(
    workspace: Workspace,
    models: tuple[str, str],
    *,
    pairs: int = 12,
    duration: float = 8.0,
    seed: int = 0,
    name: str = "",
) -> CompareModels:
    """The request for a comparison of two models, by their ids; the rest as in `CompareModels`.

    Raises:
        NotFoundError: There is no such model.
    """
    first, second = (load_model(workspace, model) for model in models)
    return CompareModels(
        first=first.path,
        second=second.path,
        pairs=pairs,
        duration=duration,
        seed=seed,
        name=name or f"{first.name} against {second.name}",
    )


def order_sounds(
    workspace: Workspace,
    pairs: Sequence[tuple[Named, Named]],
    sides: tuple[str, str],
    *,
    seed: int | None = None,
    name: str = "",
) -> CompareSounds:
    """The request for a comparison of sounds, by their ids; the rest as in `CompareSounds`.

    Raises:
        NotFoundError: There is no such sound.
    """
    couples = tuple(
        Couple(first=sound_path(workspace, *first), second=sound_path(workspace, *second))
        for first, second in pairs
    )
    return CompareSounds(couples=couples, sides=sides, seed=seed, name=name)
