"""Steering: attributes of a sound as percentiles of the corpus over time, and tags.

A user sets curves and tags (`Steering`). The model file knows the scale of its corpus. Together
they give the `Targets` that the attribute classifier steers by
(`models/attribute_classifier.py`).
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import PercentileTable
from distill.errors import UsageError
from distill.inference.sampling.curves import Curve, Steering
from distill.models.attribute_classifier import Targets
from distill.models.persistence import LoadedVQModel


class Scale(NamedTuple):
    """The scale of a corpus: `table` of the percentiles of its descriptors, and its `tags`."""

    table: PercentileTable
    tags: tuple[str, ...]


def steering_scale(loaded: LoadedVQModel) -> Scale | None:
    """The scale of a model's corpus; None for a prior that cannot be steered."""
    facts = loaded.prior_facts.steering
    if facts is None or loaded.prior is None or loaded.prior.reader is None:
        return None
    return Scale(PercentileTable(facts.percentiles), tuple(facts.tags))


def steering_targets(
    steering: Steering, loaded: LoadedVQModel, frames: int, start: float = 0.0
) -> Targets | None:
    """Targets for the attribute classifier of a model.

    Args:
        steering: curves and tags of a user.
        loaded: the model.
        frames: number of frames `T`.
        start: time of the first frame in seconds.

    Returns:
        Targets `[1, T, A]`; None when all attributes are free.

    Raises:
        UsageError: for a prior that cannot be steered, or does not know a tag.
    """
    if steering.is_empty:
        return None
    scale = steering_scale(loaded)
    if scale is None:
        raise UsageError(
            f"The prior in {loaded.path} was trained without steering: train it again "
            "(`distill train-prior`), or leave out what steers."
        )
    _check_descriptors(steering, scale, loaded)
    # A frame stands for its middle.
    seconds = start + (np.arange(frames) + 0.5) / loaded.model.frame_rate
    # Attributes lie between 0 and 1.
    columns = [_percentiles(steering.curve(name), seconds) / 100 for name in DESCRIPTORS]
    weights = np.tile(_tag_weights(steering, scale, loaded), (frames, 1))
    values = np.concatenate([np.stack(columns, 1), weights], 1)
    return Targets(torch.from_numpy(values).float()[None], steering.guidance)


def _check_descriptors(steering: Steering, scale: Scale, loaded: LoadedVQModel) -> None:
    for name, row in zip(DESCRIPTORS, scale.table.rows, strict=True):
        if steering.curve(name) and math.isnan(row[0]):
            # No percentiles: pitch in a corpus of noise, for instance.
            raise UsageError(
                f"No sound that {loaded.path} learned from has any {name}: leave out --{name}."
            )


def _tag_weights(steering: Steering, scale: Scale, loaded: LoadedVQModel) -> np.ndarray:
    """Weights of all tags of the scale, with a sum of 1; NaN when no tag is set."""
    weights = dict(steering.tags)
    for tag in weights:
        if not scale.tags:
            raise UsageError(
                f"{loaded.path} knows no tags, since its sounds lay in no folders: leave out --tag."
            )
        if tag not in scale.tags:
            raise UsageError(
                f"{loaded.path} knows no tag '{tag}': there are {', '.join(scale.tags)}."
            )
    if not weights:
        return np.full(len(scale.tags), np.nan)
    row = np.array([weights.get(tag, 0.0) for tag in scale.tags])
    return row / row.sum()


def _percentiles(curve: Curve, seconds: np.ndarray) -> np.ndarray:
    """Percentiles `[T]` at the times `seconds` `[T]`; NaN for an empty curve."""
    if not curve:
        return np.full(len(seconds), np.nan)
    times, percentiles = zip(*curve, strict=True)
    return np.interp(seconds, times, percentiles)
