"""Two models for one sound: what each of them does."""

import os
from dataclasses import dataclass
from pathlib import Path

from distill.errors import CodebookMismatchError, UsageError
from distill.inference.blending.settings import EXAMPLE, Blend, BlendRecord
from distill.inference.blending.versions import blend_priors, blend_versions
from distill.models.codec_blend import are_versions
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.prior_blend import BlendedPrior


@dataclass(frozen=True)
class Pair:
    """Two models for one sound.

    Attributes:
        model: The model that draws: the first, the second, or one between two versions.
        record: What a sound file says of the blend; None for one model alone.
        prior: The prior between those of two versions; None where that of `model` draws alone.
        renderer: The model that renders what was drawn; None where that stays as it is.
    """

    model: LoadedVQModel
    record: BlendRecord | None = None
    prior: BlendedPrior | None = None
    renderer: LoadedVQModel | None = None

    @classmethod
    def of_one(cls, model: LoadedVQModel) -> "Pair":
        """One model alone."""
        return cls(model=model)


def open_pair(first: LoadedVQModel, blend: Blend) -> Pair:
    """The pair of a model and that of a blend, which is read if it was not yet.

    Args:
        first: The model of the sound.
        blend: The second model and its share.

    Raises:
        ModelFileError: The second file cannot be used.
        NoPriorError: A version has no prior.
        CodebookMismatchError: It is not the model that an earlier sound was blended with.
        UsageError: It is the same model, or does not go with the first.
    """
    if blend.share is None:
        raise UsageError(f"{EXAMPLE}.")
    if _are_one_file(blend.path, first.path):
        raise UsageError(f"--blend takes another model than {first.path}: name that one.")
    second = blend.model or load_model_v2(blend.path, first.model.rvq.codebooks.device)
    _check(first, second, blend)
    versions = are_versions(first.model, second.model)
    record = BlendRecord(
        name=blend.address or blend.path.name,
        id=str(second.metadata.get("id", "")),
        hash=second.weights_hash,
        share=blend.share,
        versions=versions,
    )
    first.require_prior()
    if not versions:
        renderer = second if blend.share else None
        return Pair(model=first, record=record, renderer=renderer)
    # Refused at every share alike.
    prior = blend_priors(first, second, blend.share)
    # One alone, to the bit.
    if blend.share in (0, 1):
        return Pair(model=second if blend.share else first, record=record)
    model = blend_versions(first, second, blend.share)
    return Pair(model=model, record=record, prior=prior)


def open_versions(first: LoadedVQModel, blend: Blend) -> Pair:
    """The pair of a model and another version of it, as `open_pair`.

    Raises:
        UsageError: The second model is no version of the first.
    """
    pair = open_pair(first, blend)
    if pair.record and not pair.record.versions:
        # Another model renders whole sounds, at the level of the whole.
        raise UsageError(
            f"A stream blends versions of one model, and {blend.path} is none of {first.path}: "
            "generate a sound with a duration, or leave out --blend."
        )
    return pair


def _are_one_file(path: Path, other: Path) -> bool:
    """Whether both name one file; not where one is gone or can be none, which loading says."""
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):
        return False


def _check(first: LoadedVQModel, second: LoadedVQModel, blend: Blend) -> None:
    """Raise for a second model that a sound cannot be blended with."""
    if blend.wanted_hash and second.weights_hash != blend.wanted_hash:
        raise CodebookMismatchError(
            f"{blend.path} is not the model that the sound was blended with, or was trained again "
            "since: name that one with --blend."
        )
    if second.weights_hash == first.weights_hash:
        raise UsageError(f"{blend.path} is the same model as {first.path}: name another one.")
    if second.model.sample_rate != first.model.sample_rate:
        raise UsageError(
            f"{blend.path} works at {second.model.sample_rate} Hz, {first.path} at "
            f"{first.model.sample_rate} Hz: blend models of one sample rate."
        )
