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
from distill.audio.descriptors import PercentileTable, smooth
from distill.cancellation import check_each
from distill.data.corpus import Clip
from distill.data.dataset import ClipRegion
from distill.models.pointer import Pointer
from distill.models.prior_metadata import SteeringFacts

# Batches that the classifier is trained on, and frames in each: seconds of work, after which it
# gains no more.
CLASSIFIER_STEPS = 400
CLASSIFIER_BATCH = 512

LOUDNESS = DESCRIPTORS.index("loudness")
"""Column of the loudness among the descriptors."""

# Purpose of the draw of frames within the seed.
_FRAMES_PURPOSE = 2


class AttributeTargets(NamedTuple):
    """Attributes of sounds; `A` is the number of descriptors and tags.

    What is the same in several frames or encodings is there once: an hour of sound would take
    100 MB otherwise. Half precision would save less, and the classifier would learn otherwise.

    Attributes:
        percentiles: For each region, percentiles / 100 of its descriptors `[T, 5]`, at its
            own level. NaN where there is nothing to say, as for the pitch of noise.
        loudness: For each region, the percentiles / 100 of its loudness `[T]` in every encoding:
            the only descriptor that depends on the gain.
        tag_weights: For each region, the weights of the tags `[tags]`; NaN where it says nothing
            about them.
        table: Percentiles of the descriptors of the training sounds.
        tags: Names of the tags.
    """

    percentiles: list[Tensor]
    loudness: list[list[Tensor]]
    tag_weights: list[Tensor]
    table: PercentileTable
    tags: list[str]

    def of(self, region: int, encoding: int, frames: Tensor | slice) -> Tensor:
        """Attributes `[M, A]` of some frames of a region in an encoding.

        Args:
            region: Number of the region.
            encoding: Number of the encoding.
            frames: Numbers `[M]` of the frames.
        """
        loudness = self.loudness[region][encoding]
        values = self.percentiles[region][: len(loudness)][frames].clone()
        values[:, LOUDNESS] = loudness[frames]
        return torch.cat([values, self.tag_weights[region].expand(len(values), -1)], 1)

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


def attribute_targets(
    regions: Sequence[ClipRegion],
    learned: int,
    descriptors: Sequence[np.ndarray],
    codes: Sequence[Sequence[Tensor]],
    gains: Sequence[float],
    frame_rate: float,
) -> AttributeTargets:
    """Attributes of every frame of some regions, in every encoding.

    Args:
        regions: The regions.
        learned: Number of training regions, which come first: they alone make the percentiles and
            tags.
        descriptors: Descriptors `[T, 5]` of each region.
        codes: For each region, its codes `[T, Q]` in every encoding.
        gains: Gain of each encoding, in dB.
        frame_rate: Code frames per second.
    """
    table = PercentileTable.of(np.concatenate(descriptors[:learned]))
    loudness_table = PercentileTable([table.rows[LOUDNESS]])
    tag_sets = [tags_of(region.clip) for region in regions]
    tags = sorted(set().union(*tag_sets[:learned]))
    targets = AttributeTargets([], [], [], table, tags)
    for rows, own, versions in check_each(zip(descriptors, tag_sets, codes, strict=True)):
        lengths = [len(version) for version in versions]
        targets.percentiles.append(_percentiles(table, rows, frame_rate, max(lengths)))
        # An encoding that is as loud as another has the same percentiles.
        by_gain = {
            gain: _percentiles(
                loudness_table, rows[:, [LOUDNESS]] + np.float32(gain), frame_rate, max(lengths)
            )[:, 0]
            for gain in dict.fromkeys(gains)
        }
        parts = [by_gain[gain][:n] for gain, n in zip(gains, lengths, strict=True)]
        targets.loudness.append(parts)
        # A sound outside all folders, to which nobody gave a tag, says nothing about tags.
        weights = [float(name in own) if own else np.nan for name in tags]
        targets.tag_weights.append(torch.tensor(weights))
    return targets


def _percentiles(
    table: PercentileTable, rows: np.ndarray, frame_rate: float, frames: int
) -> Tensor:
    """Smooth percentiles / 100 of descriptors `[T, n]`, as `frames` rows.

    An encoding with a shifted grid may have one frame more: the last row comes again then.
    """
    percentiles = smooth(table.place(rows), frame_rate) / 100
    index = np.minimum(np.arange(frames), len(percentiles) - 1)
    return torch.from_numpy(percentiles[index]).float()


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
    places = [(i, j) for i, versions in enumerate(codes) for j in range(len(versions))]
    ends = np.cumsum([len(codes[i][j]) for i, j in places])
    draws = [rng.integers(ends[-1], size=CLASSIFIER_BATCH) for _ in range(CLASSIFIER_STEPS)]
    rows = np.concatenate(draws)
    # One encoding after the other: rows of one lie in one place.
    owners = np.searchsorted(ends, rows, side="right")
    order = np.argsort(owners, kind="stable")
    kinds, first = np.unique(owners[order], return_index=True)
    some_codes = codes[0][0]
    drawn_codes = torch.empty(len(rows), some_codes.shape[1], dtype=some_codes.dtype)
    drawn_targets = torch.empty(len(rows), len(targets.table.rows) + len(targets.tags))
    for kind, places_in_draw in zip(kinds, np.split(order, first[1:]), strict=True):
        i, j = places[kind]
        at = torch.from_numpy(places_in_draw)
        frames = torch.from_numpy(rows[places_in_draw] - (ends[kind] - len(codes[i][j])))
        drawn_codes[at] = codes[i][j][frames]
        drawn_targets[at] = targets.of(i, j, frames)
    for batch_codes, batch_targets in zip(
        drawn_codes.split(CLASSIFIER_BATCH), drawn_targets.split(CLASSIFIER_BATCH), strict=True
    ):
        latents = pointer.latents(batch_codes.to(device).long())
        yield latents.cumsum(1), batch_targets.to(device)
