"""Levels of codes: names; levels of frames in dB."""

import math

import torch
from torch import Tensor

from distill.models.vqvae import VQVAE


def level_names(num_quantizers: int) -> tuple[str, ...]:
    """What the levels of a codec are called, from the coarsest to the finest. `ValueError` for
    none."""
    if num_quantizers < 1:
        raise ValueError("a codec has at least one level")
    few = {
        1: ("Structure",),
        2: ("Structure", "Detail"),
        3: ("Structure", "Timbre", "Detail"),
        4: ("Structure", "Timbre", "Texture", "Detail"),
    }
    many = (
        "Structure",
        "Timbre",
        "Texture",
        *(f"Detail {i}" for i in range(1, num_quantizers - 2)),
    )
    return few.get(num_quantizers, many)


def frame_levels(codec: VQVAE, latents: Tensor) -> Tensor:
    """Levels in dBFS `[...]` of frames with `latents` `[..., D]`."""
    return _mean_db(codec.analysis.levels(latents))


def _mean_db(levels: Tensor) -> Tensor:
    """The mean `[...]` over the last axis of powers in dB `[..., S]`."""
    decades = levels / 10
    return 10 * (
        torch.logsumexp(decades * math.log(10), -1) / math.log(10) - math.log10(levels.shape[-1])
    )
