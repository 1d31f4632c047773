"""Crops: what the codec is trained on at each step, a function of the seed and the step alone."""

import numpy as np
import torch
from torch import Tensor

from distill.audio.equaliser import equalise
from distill.data.dataset import ALL_ROWS, CropSampler

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
    sampler: CropSampler,
    step: int,
    batch_size: int,
    sample_rate: int,
    device: torch.device,
    rows: slice = ALL_ROWS,
) -> Tensor:
    """Crops `[B, C, N]` of a step: some exact, most of the others equalised.

    Args:
        sampler: Draws the crops; its seed seeds the equalisers too.
        step: Number of the step.
        batch_size: Number of crops.
        sample_rate: In Hz.
        device: Where the crops go.
        rows: Those of the `batch_size` crops that are made.
    """
    crops = sampler.batch(step, batch_size, EXACT_SHARE, rows)
    audio = torch.from_numpy(crops.audio).to(device)
    rng = np.random.default_rng([sampler.seed, step, _EQUALISER_PURPOSE])
    # Drawn for the whole batch, so that a crop is the same whichever others are made with it.
    is_chosen = rng.random(batch_size) < EQUALISED_SHARE
    return equalise_some(audio, is_chosen[rows] & ~crops.exact, rng, sample_rate)


def equalise_some(
    audio: Tensor, is_equalised: np.ndarray, rng: np.random.Generator, sample_rate: int
) -> Tensor:
    """Put some of the crops through one random equaliser.

    Args:
        audio: `[B, C, N]`, changed in place.
        is_equalised: `[B]` (bool), the crops that are changed.
        rng: Source of the equaliser.
        sample_rate: In Hz.

    Returns:
        `audio`
    """
    # The mask on the device: a GPU would wait for an index from the CPU.
    mask = torch.from_numpy(is_equalised).to(audio.device)
    if mask.any():
        audio[mask] = equalise(audio[mask], rng, sample_rate)
    return audio
