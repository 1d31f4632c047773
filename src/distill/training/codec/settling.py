"""Settling: analysis and codebooks are fitted once, before the first step, and then stay.

Codes mean the same from the first step on, so that the decoder learns under fixed codes, and no
codebook can collapse during training.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.cancellation import Check, check_each
from distill.data.dataset import ClipRegion, CropSampler, Split, cut_into_blocks
from distill.models.chunked import encode_audio, frames_of
from distill.models.fit import fit_codec
from distill.models.frame_memory import memory_width
from distill.models.vqvae import HOP_LENGTH, VQVAE
from distill.training.codec.crops import plain_crops

# Crops that the principal components are fitted to; all are held in memory at once.
ANALYSED_CROPS = 256

# Crops that the codebooks are fitted to: as many as `SETTLING_PASSES` times the corpus, within
# these bounds. Each crop begins at another sample, so that more passes give other frames.
SETTLING_PASSES = 4
FEWEST_CROPS = 128
MOST_CROPS = 1024

# Seconds of unaugmented sound in a block, and at most in all, that codebooks are fitted to.
BLOCK_S = 10.0
MOST_UNAUGMENTED_S = 600.0


def memory_arguments(split: Split) -> dict[str, int]:
    """Constructor arguments of the codec's frame memory: room for every training frame.

    0 frames where the corpus is too long for a useful memory.
    """
    frames = sum(frames_of(region.n_samples, HOP_LENGTH) for region in split.train)
    width = memory_width(frames)
    return {"memory_frames": frames if width else 0, "memory_width": width}


def fit_codes(
    codec: VQVAE,
    sampler: CropSampler,
    batch_size: int,
    generator: torch.Generator,
    check: Check = lambda: None,
) -> None:
    """Fit the codec's analysis and codebooks to the training sounds.

    The number of crops hardly depends on `batch_size`, which may have been halved for want of
    memory.

    Args:
        codec: Is changed in place.
        sampler: Draws the crops.
        batch_size: Crops in a batch.
        generator: Source of all other randomness.
        check: Called often; may raise.
    """
    device = codec.rvq.codebooks.device
    total_s = sum(region.n_samples for region in sampler.regions) / codec.sample_rate
    crop_s = sampler.crop_samples / codec.sample_rate

    passes = math.ceil(SETTLING_PASSES * total_s / crop_s)
    crops = min(max(passes, FEWEST_CROPS), MOST_CROPS)
    n_analysis = min(crops, ANALYSED_CROPS // codec.channels)
    analysed_batches = -(-n_analysis // batch_size)
    batches = -(-crops // batch_size)

    def draw(first: int, last: int) -> Iterator[Tensor]:
        for step in range(first, last):
            yield plain_crops(sampler, step, batch_size, device)

    fit_codec(
        codec,
        batches=check_each(draw(0, analysed_batches), check),
        generator=generator,
        extra=check_each(draw(analysed_batches, batches), check),
        corpus=check_each(_unaugmented_blocks(codec, sampler.regions, total_s), check),
        check=check,
    )


def _unaugmented_blocks(
    codec: VQVAE, regions: Sequence[ClipRegion], total_s: float
) -> Iterator[Tensor]:
    """The training sounds as they are, in blocks `[1, C, N]` of whole frames.

    Of a corpus of `total_s` seconds, at most ten minutes, spread evenly.
    """
    hop = codec.frame_hop
    block_samples = round(BLOCK_S * codec.frame_rate) * hop
    every = math.ceil(total_s / MOST_UNAUGMENTED_S)
    for block in cut_into_blocks(regions, block_samples)[::every]:
        audio: np.ndarray[Any, Any] = block.audio()
        whole = np.pad(audio, ((0, 0), (0, -audio.shape[1] % hop)))
        yield torch.from_numpy(whole[None]).to(codec.rvq.codebooks.device)


def fit_memory(codec: VQVAE, regions: Sequence[ClipRegion], check: Check = lambda: None) -> None:
    """Give each training frame its place in the codec's frame memory, where there is one."""
    if codec.memory is None:
        return
    codes = [encode_audio(codec, region.audio()) for region in check_each(regions, check)]
    codec.memory.fit(torch.cat(codes))
