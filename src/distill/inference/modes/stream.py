"""Endless new sound, in blocks, each as soon as it is drawn."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

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
from distill.inference.sampling.live_steering import LiveSteering
from distill.models.cancel_points import cancel_points
from distill.models.persistence import LoadedVQModel
from distill.models.prior_blend import BlendedPrior
from distill.models.vqvae import VQVAE
from distill.settings import check_seed

BLOCK_S = 0.25
"""Seconds of a block: short enough to follow, long enough to decode without much overlap."""


class StreamBlock(NamedTuple):
    """A block of a stream.

    Attributes:
        sound: Samples `[C, n]`.
        codes: Codes `[t, Q]` of its `t` frames.
    """

    sound: np.ndarray
    codes: np.ndarray


def stream_sound(
    loaded: LoadedVQModel,
    request: Request,
    live: LiveSteering,
    blended_prior: BlendedPrior | None = None,
) -> Iterator[StreamBlock]:
    """Blocks of about `BLOCK_S` without end; memory does not grow.

    They hold the sound that `generate` draws from the same seed in its default mode. Its level is
    that of the decoder: there is no whole to measure. After the last point of a curve its value
    stays.

    Args:
        loaded: A model with a prior.
        request: Its seed and sampling count, and its steering for the prompt; the rest does not
            apply to a stream.
        live: Its steering, which may change while it runs.
        blended_prior: The prior of two versions of a model; None where the model's own draws.

    Raises:
        NoPriorError: The model has no prior.
        UsageError: The seed is out of range, or the prior cannot be steered so.
    """
    check_seed(request.seed)
    check_time(loaded, request.sampling)
    codec = loaded.model
    size = max(1, round(BLOCK_S * codec.frame_rate))
    # Codes that are drawn, but not yet heard: decoding and limiting look ahead.
    ahead: deque[np.ndarray] = deque()
    columns = _note(draw_live(GenerationJob(loaded, request, blended_prior), live), ahead)
    sound = (mix_channels(block, loaded.output_channels) for block in _decode(codec, columns, size))
    level = remove_dc_blocks(sound, codec.sample_rate)
    whole = _faded_in(level, codec.sample_rate)
    blocks = limit_blocks(whole, codec.sample_rate, size=size * codec.frame_hop)
    return (_with_codes(block, ahead, codec.frame_hop) for block in blocks)


def draw_live(job: GenerationJob, live: LiveSteering) -> Iterator[np.ndarray]:
    """Codes `[1, Q]` of one frame after another, without end.

    All that can be wrong is checked at once.

    Args:
        job: The model, and the request with seed, sampling and the steering of the prompt.
        live: Steering, which may change while it runs.
    """
    seed = job.request.seed
    targets = live.aims.targets
    prompt = job.prompt(seed, targets)
    tempos = [job.tempo(seed, prompt)]
    conditions = replace(job.conditions(prompt, targets, tempos=tempos), live=live)
    generator = torch.Generator().manual_seed(seed)
    frames = draw_frames(job.prior, 1, job.request.sampling, generator, conditions)
    return (frame.codes.cpu().numpy() for frame in frames)


def _note(codes: Iterable[np.ndarray], ahead: deque[np.ndarray]) -> Iterator[np.ndarray]:
    """`codes` `[1, Q]` as columns `[Q, 1]`, along whose last axis time runs, noted in `ahead`."""
    for frame in codes:
        ahead.append(frame)
        yield frame.T


def _with_codes(sound: np.ndarray, ahead: deque[np.ndarray], hop: int) -> StreamBlock:
    """`sound` `[C, n]` with the codes of its frames, which are taken from `ahead`."""
    frames = [ahead.popleft() for _ in range(sound.shape[1] // hop)]
    return StreamBlock(sound=sound, codes=np.concatenate(frames))


def _decode(codec: VQVAE, codes: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
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
