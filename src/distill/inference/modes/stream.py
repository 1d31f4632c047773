"""Endless new sound, in blocks, each as soon as it is drawn."""

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
from distill.inference.modes.base import GenerationJob
from distill.inference.modes.request import Request
from distill.inference.sampling.context import check_time
from distill.inference.sampling.draw import draw_frames
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.settings import check_seed

BLOCK_S = 0.25
"""Seconds of a block: short enough to follow, long enough to decode without much overlap."""


def stream_sound(loaded: LoadedVQModel, request: Request) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` of about `BLOCK_S` without end; memory does not grow.

    They hold the sound that `generate` draws from the same seed in its default mode. Its level is
    that of the decoder: there is no whole to measure. After the last point of a curve its value
    stays.

    Args:
        loaded: A model with a prior.
        request: Its seed, sampling and steering count; the rest does not apply to a stream.

    Raises:
        NoPriorError: The model has no prior.
        UsageError: The seed is out of range, or the prior cannot be steered so.
    """
    prior = loaded.require_prior()
    check_seed(request.seed)
    check_time(loaded, request.sampling)
    job = GenerationJob(loaded, request)
    codec = loaded.model
    # One frame more than the curves have: its value holds from then on.
    steered_frames = math.ceil(job.steering.last_change_s * codec.frame_rate)
    targets = job.targets(1 + steered_frames)
    prompt = job.prompt(request.seed, targets)
    frames = draw_frames(
        prior,
        1,
        request.sampling,
        torch.Generator().manual_seed(request.seed),
        job.conditions(prompt, targets, tempos=[job.tempo(request.seed, prompt)]),
    )
    size = max(1, round(BLOCK_S * codec.frame_rate))
    # Time runs along the last axis, as `windows` takes it.
    columns = (frame.codes.cpu().numpy().T for frame in frames)
    sound = (
        mix_channels(block, loaded.output_channels) for block in _decoded(codec, columns, size)
    )
    centred = remove_dc_blocks(sound, codec.sample_rate)
    faded = _faded_in(centred, codec.sample_rate)
    return limit_blocks(faded, codec.sample_rate, size=size * codec.frame_hop)


def _decoded(codec: VQVAE, codes: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Sound `[C, n]` of `codes` `[Q, t]`, `size` frames at a time, as in one decoding of all."""
    first = 0
    hop = codec.frame_hop
    for window in windows(codes, size, codec.receptive_field[1]):
        core = window.core
        # Entered for each block, since the mode must not leak to the caller between two yields.
        with torch.inference_mode(), cancel_points():
            batch = torch.from_numpy(window.sound.T.copy()).to(codec.rvq.codebooks.device)
            sound = codec.decode(batch[None], first - core.start)[0]
        yield sound[:, core.start * hop : core.stop * hop].cpu().numpy()
        first += core.stop - core.start


def _faded_in(blocks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """`blocks`, the first one faded in: the prompt may end within a sound, which would click."""
    for first in islice(blocks, 1):
        yield fade_in(first, sample_rate)
    yield from blocks
