"""What the sounds of a corpus are like, frame by frame, as a prior can be asked for it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.descriptors import DESCRIPTORS, PercentileTable, measure, smooth
from distill.data.dataset import Split
from distill.models.pointer import Pointer
from distill.models.vqvae import VQVAE
from distill.training.prior.data import without_inaudible_tail

READER_STEPS, READER_BATCH = 400, 512


class Traits(NamedTuple):
    """Of each training region in all encodings, `[T, N]`: percentiles / 100 of the descriptors,
    then weights of tags.

    `table` says what the percentiles are, `tags` the names of those that there are.
    """

    train: list[list[Tensor]]
    table: PercentileTable
    tags: list[str]


def tag_of(name: str) -> str:
    """The outermost folder that the sound `name` lies in; empty for none."""
    folder, slash, _ = name.partition("/")
    return folder if slash else ""


def find_traits(
    codec: VQVAE, split: Split, codes: Sequence[Sequence[Tensor]], gains: Sequence[float]
) -> Traits:
    """Of the training regions, whose `codes` `[T, Q]` came in encodings that were lifted by `gains`
    (dB)."""
    rate, hop = codec.sample_rate, codec.frame_hop
    rows = [
        measure(without_inaudible_tail(region.audio(), rate), rate, hop) for region in split.train
    ]
    table = PercentileTable.of(np.concatenate(rows))
    names = [tag_of(region.clip.name) for region in split.train]
    tags = sorted(set(names) - {""})

    def one(measured: np.ndarray, name: str, gain: float, frames: int) -> Tensor:
        lifted = measured.copy()
        lifted[:, DESCRIPTORS.index("loudness")] += gain
        likeness = smooth(table.place(lifted), codec.frame_rate) / 100
        # An encoding from another offset has a frame more at times.
        likeness = likeness[np.minimum(np.arange(frames), len(likeness) - 1)]
        weights = [float(tag == name) if name else np.nan for tag in tags]
        return torch.from_numpy(
            np.concatenate([likeness, np.tile(weights, (frames, 1))], 1)
        ).float()

    train = [
        [
            one(measured, name, gain, len(version))
            for gain, version in zip(gains, versions, strict=False)
        ]
        for measured, name, versions in zip(rows, names, codes, strict=True)
    ]
    return Traits(train, table, tags)


def steering_facts(traits: Traits) -> dict[str, Any]:
    """What a model file keeps of it, to know what percentiles and tags mean."""
    return {
        "descriptors": list(DESCRIPTORS),
        "percentiles": [list(row) for row in traits.table.rows],
        "tags": traits.tags,
    }


def reader_batches(
    pointer: Pointer, codes: Sequence[Sequence[Tensor]], traits: Traits, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Random frames of all encodings: latents `[M, Q, D]` of the codes up to each level, and traits
    `[M, N]`."""
    rng = np.random.default_rng([seed, 2])
    device = pointer.entries.device
    all_codes = torch.cat([version for versions in codes for version in versions])
    all_traits = torch.cat([version for versions in traits.train for version in versions])
    for _ in range(READER_STEPS):
        rows = torch.from_numpy(rng.integers(len(all_codes), size=READER_BATCH))
        yield pointer.latents(all_codes[rows].to(device)).cumsum(1), all_traits[rows].to(device)
