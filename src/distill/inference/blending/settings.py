"""The second model of a blend and its share, as users write them. Free of torch."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.models.persistence import LoadedVQModel

EXAMPLE = "--blend takes a model file and its share, such as other.sda:0.4"


@dataclass(frozen=True)
class Blend:
    """A second model for a sound. `UsageError` for a share out of range.

    Attributes:
        path: Its file.
        share: How much of the sound is its own, 0 to 1; None for that of an earlier sound.
        model: That file, where it was read already.
        wanted_hash: `weights_hash` that it must have, as in an earlier sound; empty for any.
        address: `hf://USER/NAME` of a model at the hub, whose file `path` is; empty for another.
    """

    path: Path
    share: float | None
    model: "LoadedVQModel | None" = None
    wanted_hash: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        # Not a number is between none.
        if self.share is not None and not 0 <= self.share <= 1:
            raise UsageError("The share of --blend must lie between 0 and 1.")


@dataclass(frozen=True)
class BlendRecord:
    """The blend of a sound, as its file records it.

    Args:
        name: Name of the second model's file, or its address at the hub.
        id: The `id` in its metadata.
        hash: SHA-256 of all its weights, `LoadedVQModel.weights_hash`.
        share: How much of the sound is its own, 0 to 1.
        versions: Whether both are versions of one model; if not, the second has re-encoded what
            the first drew.
    """

    name: str
    id: str
    hash: str
    share: float
    versions: bool


def read_blend(value: Any) -> Blend | None:
    """The blend that a user writes; None for None and nothing.

    Args:
        value: `"other.sda:0.4"`, or a model file or model and its share, `("other.sda", 0.4)`;
            without the share for that of an earlier sound. In a list, one of these.

    Raises:
        UsageError: It is none of these, there are several, or the share is out of range.
    """
    if value is None or (isinstance(value, list | tuple) and not value):
        return None
    if isinstance(value, str):
        return _from_text(value)
    if not isinstance(value, list | tuple):
        return _from_pair(value, None)
    if len(value) == 2 and not isinstance(value[1], str):
        return _from_pair(*value)
    if len(value) > 1:
        raise UsageError("Two models blend, no more: give --blend once.")
    return read_blend(value[0])


def _from_text(text: str) -> Blend:
    """The blend of `other.sda:0.4`. A name may hold colons: what follows the last is the share."""
    path, colon, share = text.rpartition(":")
    if not colon or not path:
        return Blend(path=Path(text), share=None)
    try:
        return Blend(path=Path(path), share=float(share))
    except ValueError:
        return Blend(path=Path(text), share=None)


def _from_pair(model: Any, share: Any) -> Blend:
    if share is not None and (isinstance(share, bool) or not isinstance(share, int | float)):
        raise UsageError(f"{EXAMPLE}.")
    # A whole number of thousands of digits is no share either.
    number = share if share is None or 0 <= share <= 1 else math.nan
    if isinstance(model, str | Path):
        return Blend(path=Path(model), share=number)
    if not hasattr(model, "weights_hash"):
        raise UsageError(f"{EXAMPLE}.")
    return Blend(path=model.path, share=number, model=model)
