"""Crops: what the codec is trained on at each step, a function of the seed and the step alone."""

import numpy as np
import torch
from torch import Tensor

from distill.audio.equaliser import equalise
from distill.data.dataset import CropSampler

# Share of exact crops. Their codes are the same each time. The decoder can so learn by heart the
# detail that codes do not hold: attacks, and the course of noise.
EXACT_SHARE = 0.5

# Share of the other crops that go through a random equaliser. The decoder then learns sounds near
# those of the corpus as well.
EQUALISED_SHARE = 0.8

# Purpose of the draw of equaliser curves within seed and step.
_EQUALISER_PURPOSE = 1


def plain_crops(sampler: CropSampler, step: int, batch_size: int, device: torch.device) -> Tensor:
    """Crops `[B, C, N]` of a step, which begin anywhere in their files; none is exact."""
    return torch.from_numpy(sampler.batch(step, batch_size).audio).to(device)


def training_crops(
    sampler: CropSampler, step: int, batch_size: int, sample_rate: int, device: torch.device
) -> Tensor:
    """Crops `[B, C, N]` of a step: some exact, most of the others equalised.

    Args:
        sampler: Draws the crops; its seed seeds the equalisers too.
        step: Number of the step.
        batch_size: Number of crops.
        sample_rate: In Hz.
        device: Where the crops go.
    """
    crops = sampler.batch(step, batch_size, EXACT_SHARE)
    audio = torch.from_numpy(crops.audio).to(device)
    rng = np.random.default_rng([sampler.seed, step, _EQUALISER_PURPOSE])
    return equalise_some(audio, ~crops.exact, rng, sample_rate)


def equalise_some(
    audio: Tensor, candidates: np.ndarray, rng: np.random.Generator, sample_rate: int
) -> Tensor:
    """Put most of the `candidates` among the crops through a random equaliser.

    Args:
        audio: `[B, C, N]`, changed in place.
        candidates: `[B]` (bool), the crops that may be changed.
        rng: Source of the draws.
        sample_rate: In Hz.

    Returns:
        `audio`
    """
    is_equalised = (rng.random(len(audio)) < EQUALISED_SHARE) & candidates
    # The mask on the device: a GPU would wait for an index from the CPU.
    mask = torch.from_numpy(is_equalised).to(audio.device)
    if mask.any():
        audio[mask] = equalise(audio[mask], rng, sample_rate)
    return audio
