"""Targets of the attribute classifier: what the sounds of a corpus are like, frame by frame.

Descriptors count as percentiles of the corpus, so that 50 means the median whatever the sounds;
tags are the outermost folders, and those that a person gave.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.descriptor_names import DESCRIPTORS
from distill.audio.descriptors import PercentileTable, measure, smooth
from distill.cancellation import Check, check_each
from distill.data.corpus import Clip
from distill.data.dataset import Split
from distill.models.pointer import Pointer
from distill.models.prior_metadata import SteeringFacts
from distill.models.vqvae import VQVAE
from distill.training.prior.data import trim_inaudible_tail

# Batches that the classifier is trained on, and frames in each: seconds of work, after which it
# gains no more.
CLASSIFIER_STEPS = 400
CLASSIFIER_BATCH = 512

# Purpose of the draw of frames within the seed.
_FRAMES_PURPOSE = 2


class AttributeTargets(NamedTuple):
    """Attributes of the training sounds; `A` is the number of descriptors and tags.

    Attributes:
        train: For each training region, its attributes `[T, A]` in every encoding: percentiles /
            100 of the descriptors, then weights of the tags. NaN where there is nothing to say, as
            for the pitch of noise.
        table: Percentiles of the descriptors.
        tags: Names of the tags.
    """

    train: list[list[Tensor]]
    table: PercentileTable
    tags: list[str]

    @property
    def steering(self) -> SteeringFacts:
        """The scale as a model file keeps it, to know what percentiles and tags mean."""
        return SteeringFacts(
            descriptors=list(DESCRIPTORS),
            percentiles=[list(row) for row in self.table.rows],
            tags=self.tags,
        )


def tag_of(name: str) -> str:
    """Tag of the sound `name`: the outermost folder that it lies in; empty for none."""
    folder, slash, _ = name.partition("/")
    return folder if slash else ""


def tags_of(clip: Clip) -> set[str]:
    """Tags of a sound: that of its folder, and those that a person gave it."""
    return {tag_of(clip.name), *clip.tags} - {""}


def measure_attributes(
    codec: VQVAE,
    split: Split,
    codes: Sequence[Sequence[Tensor]],
    gains: Sequence[float],
    check: Check = lambda: None,
) -> AttributeTargets:
    """Attributes of every frame of the training regions, in every encoding.

    Args:
        codec: Gives sample rate and frames.
        split: Its training regions are measured.
        codes: For each training region, its codes `[T, Q]` in every encoding.
        gains: Gain of each encoding, in dB.
        check: Called before each sound; may raise.
    """
    rate = codec.sample_rate
    hop = codec.frame_hop
    descriptors_of = [
        measure(trim_inaudible_tail(region.audio(), rate), rate, hop)
        for region in check_each(split.train, check)
    ]
    table = PercentileTable.of(np.concatenate(descriptors_of))
    tag_sets = [tags_of(region.clip) for region in split.train]
    tags = sorted(set().union(*tag_sets))

    def attributes(descriptors: np.ndarray, own: set[str], gain: float, frames: int) -> Tensor:
        """`[T, A]` of one region in one encoding, from its `descriptors` `[T, 5]`."""
        values = descriptors.copy()
        values[:, DESCRIPTORS.index("loudness")] += gain
        percentiles = smooth(table.place(values), codec.frame_rate) / 100
        # An encoding with a shifted grid may have one frame more.
        rows = np.minimum(np.arange(frames), len(percentiles) - 1)
        # A sound outside all folders, to which nobody gave a tag, says nothing about tags.
        weights = [float(name in own) if own else np.nan for name in tags]
        columns = [percentiles[rows], np.tile(weights, (frames, 1))]
        return torch.from_numpy(np.concatenate(columns, 1)).float()

    train = []
    for descriptors, own, versions in zip(descriptors_of, tag_sets, codes, strict=True):
        check()
        pairs = zip(gains, versions, strict=True)
        train.append([attributes(descriptors, own, gain, len(v)) for gain, v in pairs])
    return AttributeTargets(train=train, table=table, tags=tags)


def classifier_batches(
    pointer: Pointer, codes: Sequence[Sequence[Tensor]], targets: AttributeTargets, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Random frames of all encodings, to train the attribute classifier on.

    Args:
        pointer: Turns codes into latents.
        codes: For each training region, its codes `[T, Q]` in every encoding.
        targets: Attributes of the same frames.
        seed: Of the draws.

    Yields:
        Latents `[M, Q, D]`, summed up to each level, and attributes `[M, A]`.
    """
    rng = np.random.default_rng([seed, _FRAMES_PURPOSE])
    device = pointer.entries.device
    all_codes = torch.cat([version for versions in codes for version in versions])
    all_targets = torch.cat([version for versions in targets.train for version in versions])
    for _ in range(CLASSIFIER_STEPS):
        rows = torch.from_numpy(rng.integers(len(all_codes), size=CLASSIFIER_BATCH))
        latents = pointer.latents(all_codes[rows].to(device))
        yield latents.cumsum(1), all_targets[rows].to(device)
