"""Temporal envelope at a finer grain than code frames: hits begin on time, in silence.

A spectrum of 2048 samples smears a hit over 43 ms. So the decoder also gives a gain for every short
block of audio, as gain control does in AAC-SSR (ISO/IEC 13818-7).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SILENCE = 3e-5
"""RMS below which a decoded block becomes digital silence: -90 dBFS."""

LOWEST_LOG_GAIN = -14.0
"""Lowest natural-log gain: -122 dB, below hearing."""


def shape_blocks(audio: Tensor, log_gain: Tensor) -> Tensor:
    """Apply an envelope.

    Args:
        audio: Audio `[B, C, N]`.
        log_gain: Natural-log gains `[B, M]` of `M` equal blocks, reached in the middle of each.

    Returns:
        Audio `[B, C, N]`.
    """
    gain = log_gain.clamp(min=LOWEST_LOG_GAIN).exp()
    return audio * _over_samples(gain, audio.shape[-1])


def silence_faint_blocks(audio: Tensor, block: int) -> Tensor:
    """Set blocks of `audio` `[B, C, N]` to 0 that are too faint to be heard.

    `block` is their length in samples, a divisor of `N`.
    """
    B, C, N = audio.shape
    blocks = audio.reshape(B, C, -1, block)
    power = blocks.square().mean((1, 3))
    is_loud = power > SILENCE**2
    # A block fades only if it lies between a loud and a faint one.
    return audio * _over_samples(is_loud.to(audio), N)


def _over_samples(gain: Tensor, n_samples: int) -> Tensor:
    """Interpolate gains of blocks `[B, M]` linearly to all samples, `[B, 1, N]`.

    Straight lines from middle to middle, level from there to either end. Blocks of an even length
    give the result of `F.interpolate`, with a quicker gradient on a CPU.
    """
    block = n_samples // gain.shape[1]
    # One more block on either side, of the same gain as its neighbour.
    whole = F.pad(gain[:, None], (1, 1), mode="replicate")[:, 0, :, None]
    position = torch.arange(block, dtype=gain.dtype, device=gain.device)
    ramp = (position + 0.5) / block
    lines = torch.lerp(whole[:, :-1], whole[:, 1:], ramp)
    # Lines begin half a block before the first sample.
    start = block // 2
    return lines.flatten(1)[:, None, start : start + n_samples]
