"""What of a corpus goes into the file beside the prior's weights."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from distill.data.dataset import Split
from distill.inference.copies.index import CorpusSound, build_copy_index
from distill.models.persistence import LoadedVQModel
from distill.training.prior.data import PriorCodes

RECORDINGS_S, SHORTEST_RECORDING_S = 3600.0, 8.0
"""Sound of which the file keeps all codes, in all and of each recording at least."""


def longest_sound(split: Split, codes: PriorCodes) -> int | None:
    """Frames of the longest sound that was heard to its end; None where all were cut off."""
    pairs = zip(split.train, codes.train, strict=True)
    whole = [len(versions[0]) for region, versions in pairs if region.stop == region.clip.n_samples]
    return max(whole, default=None)


def recordings(
    loaded: LoadedVQModel, split: Split, codes: PriorCodes, traits: Sequence[Sequence[Tensor]]
) -> list[dict[str, Any]]:
    """Codes of the beginnings of all that was learned, for the prior to hear before it generates,
    with their `traits` (of each region, in each encoding)."""
    kind = torch.uint8 if loaded.model.codebook_size <= 256 else torch.int16
    total_s = RECORDINGS_S / max(len(split.train), 1)
    most = round(max(total_s, SHORTEST_RECORDING_S) * loaded.model.frame_rate)
    return [
        {
            "name": region.clip.name,
            "codes": versions[0][:most].to(kind),
            "traits": likeness[0][:most].half(),
            "whole": region.stop == region.clip.n_samples and len(versions[0]) <= most,
        }
        for region, versions, likeness in zip(split.train, codes.train, traits, strict=True)
    ]


def index_of_copies(
    loaded: LoadedVQModel, split: Split, codes: PriorCodes, offsets: Sequence[int]
) -> dict[str, Any]:
    """What it takes to find copies of what was learned, in encodings that lie `offsets` samples
    later each."""
    rate = loaded.model.sample_rate
    leads = [offset / rate for offset in offsets]
    heard = [
        CorpusSound(region.clip.name, region.start / rate, versions, leads)
        for region, versions in zip(split.train, codes.train, strict=True)
    ]
    return build_copy_index(loaded.model, heard, codes.held_out)
