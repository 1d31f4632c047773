"""Two versions of one model as one: decoder, prior and recordings of both, each by its share.

Versions have the same codes (`models/codec_blend.py`). So a sound may be made of the events of
both, and one decoder between theirs makes all of it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from distill.errors import UsageError
from distill.inference.copies.index import with_both_sounds
from distill.models.codec_blend import blend_codecs
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.prior_blend import BlendedPrior
from distill.models.prior_metadata import PriorMetadata, Recording


def blend_priors(first: LoadedVQModel, second: LoadedVQModel, share: float) -> BlendedPrior:
    """The prior between those of two versions.

    Raises:
        NoPriorError: One has none.
        UsageError: One is of an earlier Distill, and ends sounds another way.
    """
    own = first.require_prior()
    other = second.require_prior()
    if own.ends_first != other.ends_first:
        older = second if own.ends_first else first
        raise UsageError(
            f"The prior of {older.path} is of an earlier version of Distill: train it again "
            "(`distill train-prior`) to blend it."
        )
    return BlendedPrior(own, other, share)


def blend_versions(first: LoadedVQModel, second: LoadedVQModel, share: float) -> LoadedVQModel:
    """One model of two versions, with the codec between both and the recordings of both.

    Its prior, and the scale that steers, are those of the first: see `blend_priors`.

    Args:
        first: One version.
        second: The other, on the same device.
        share: Share of the second, between 0 and 1.

    Raises:
        UsageError: Only one of them keeps recordings.
    """
    blend = replace(
        first,
        model=blend_codecs(first.model, second.model, share),
        metadata=first.metadata | {"corpus_loudness": _loudness(first, second, share)},
    )
    # In place of what would be read from the entries of the file.
    blend.prior_facts = _blend_facts(first, second, share)
    return blend


def _loudness(first: LoadedVQModel, second: LoadedVQModel, share: float) -> float:
    """Loudness in LUFS between those of both corpora; NaN where one is not known."""
    own, other = (float(m.metadata.get("corpus_loudness", math.nan)) for m in (first, second))
    return own + share * (other - own)


def _blend_facts(first: LoadedVQModel, second: LoadedVQModel, share: float) -> PriorMetadata:
    """Facts of both priors, as far as generation needs them; the rest is that of the first."""
    own, other = first.prior_facts, second.prior_facts
    if bool(own.recordings) != bool(other.recordings):
        older = second if own.recordings else first
        raise UsageError(
            f"{older.path} keeps no recordings to blend: train its prior again "
            "(`distill train-prior`)."
        )
    copy_index = None
    if own.copy_index is not None and other.copy_index is not None:
        copy_index = with_both_sounds(own.copy_index, other.copy_index)
    longest = (own.longest_sound_frames, other.longest_sound_frames)
    lengths = [frames for frames in longest if frames is not None]
    return replace(
        own,
        recordings=blend_recordings(
            own.recordings, other.recordings, share, partial(_traits, first.require_prior())
        ),
        copy_index=copy_index,
        longest_sound_frames=max(lengths) if len(lengths) == len(longest) else None,
        pulse_known=own.pulse_known and other.pulse_known,
    )


@torch.inference_mode()
def _traits(prior: CodePrior, recording: Recording) -> Tensor | None:
    """Attributes `[T, A]` of a recording as a prior's classifier predicts them; None without one.

    Those in the file are on the scale of another corpus.
    """
    if prior.reader is None or prior.pointer is None:
        return None
    codes = recording.codes.long().to(prior.start.device)
    latents = prior.pointer.latents(codes).sum(1)
    prediction = prior.reader.predict(prior.num_quantizers - 1, latents)
    descriptors = prediction.mean.masked_fill(prediction.present < 0, math.nan)
    return torch.cat([descriptors, prediction.tags.exp()], 1).half().cpu()


def blend_recordings(
    first: Sequence[Recording],
    second: Sequence[Recording],
    share: float,
    traits_of: Callable[[Recording], Tensor | None] = lambda recording: None,
) -> tuple[Recording, ...]:
    """Recordings of both, each once. Those of a model weigh its share in all.

    Args:
        first: Recordings of one version.
        second: Recordings of the other.
        share: Share of the second, between 0 and 1.
        traits_of: Gives attributes `[T, A]` of a recording on the scale of the first version.
    """
    own = [_weigh(recording, first, 1 - share) for recording in first]
    rest = []
    for recording in second:
        weighty = _weigh(recording, second, share)
        twin = next((i for i, other in enumerate(own) if _are_same(other, recording)), None)
        if twin is None:
            rest.append(replace(weighty, traits=traits_of(recording), origins=(1,)))
        else:
            weight = own[twin].weight + weighty.weight
            own[twin] = replace(own[twin], weight=weight, origins=(0, 1))
    return (*own, *rest)


def _weigh(recording: Recording, all_of: Sequence[Recording], share: float) -> Recording:
    """`recording` with its part of the `share` that all recordings of its model have together."""
    total = sum(other.weight for other in all_of)
    return replace(recording, weight=share * recording.weight / total)


def _are_same(first: Recording, second: Recording) -> bool:
    """Whether two are one sound: names may be the same in two folders."""
    return first.name == second.name and torch.equal(first.codes, second.codes)
