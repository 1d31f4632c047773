"""New sound as it is drawn, without end."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch

from distill.audio.blocks import windows
from distill.audio.fades import fade_in
from distill.audio.finish import remove_dc_blocks
from distill.audio.limiter import limit_blocks
from distill.audio.stereo import mix_channels
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import frame_bank_for, lead_in_for, length_limits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.settings import check_seed

BLOCK_S = 0.25


def stream_sound(
    loaded: LoadedVQModel, seed: int, sampling: Sampling, steering: Steering | None = None
) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` of about `BLOCK_S`, each as soon as it is drawn; memory does not grow.

    What `generate` draws from the same seed, but at the level that the prior gives it: there is no
    whole to measure. What `steering` asks for last goes on. Raises `NoPriorError` and `UsageError`.
    """
    prior = loaded.require_prior()
    check_seed(seed)
    model, generator = loaded.model, torch.Generator().manual_seed(seed)
    steering = steering or Steering()
    targets = steering.targets(loaded, 1 + math.ceil(steering.last_s * model.frame_rate))
    frames = draw_frames(
        prior,
        1,
        sampling,
        generator,
        Conditions(
            prompt=lead_in_for(loaded, sampling, seed, targets=targets),
            targets=targets,
            frame_bank=frame_bank_for(loaded, sampling, steering.asks_for_level),
            length_limits=length_limits(loaded),
        ),
    )
    size = max(1, round(BLOCK_S * model.frame_rate))
    decoded = _decoded(model, (frame.codes.cpu().numpy().T for frame in frames), size)
    sound = (mix_channels(block, loaded.output_channels) for block in decoded)
    even = _faded_in(remove_dc_blocks(sound, model.sample_rate), model.sample_rate)
    return limit_blocks(even, model.sample_rate, size=size * model.frame_hop)


def _decoded(model: VQVAE, codes: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The sound of `codes` `[Q, t]`, `size` frames at a time: each as it is in the whole."""
    first, hop = 0, model.frame_hop
    for window in windows(codes, size, model.receptive_field[1]):
        kept = window.core
        with torch.inference_mode():
            seen_codes = torch.from_numpy(window.sound.T.copy()).to(model.rvq.codebooks.device)
            sound = model.decode(seen_codes[None], first - kept.start)[0]
        yield sound[:, kept.start * hop : kept.stop * hop].cpu().numpy()
        first += kept.stop - kept.start


def _faded_in(blocks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """What the prior goes on with may be in the midst of a sound, which would click."""
    for first in islice(blocks, 1):
        yield fade_in(first, sample_rate)
    yield from blocks
