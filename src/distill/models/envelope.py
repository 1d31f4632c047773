"""Level at a finer grain than code frames: what makes a hit begin on time, with nothing heard
before it.

A spectrum of 2048 samples smears a hit over 43 ms. So the decoder also gives a gain for every short
block of sound, as gain control does in AAC-SSR (ISO/IEC 13818-7).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SILENCE = 3e-5
"""RMS under which a decoded block becomes digital silence: -90 dBFS."""

LOWEST_LOG_GAIN = -14.0


def shape_blocks(audio: Tensor, log_gain: Tensor) -> Tensor:
    """`audio` `[B, C, N]` times the gains of its blocks, natural logs `[B, M]`, each reached at its
    block's middle."""
    gain = log_gain.clamp(min=LOWEST_LOG_GAIN).exp()
    return audio * _over_samples(gain, audio.shape[-1])


def silence_faint_blocks(audio: Tensor, block: int) -> Tensor:
    """`audio` `[B, C, N]` with 0 where it is too faint to be heard, faded over the blocks
    beside."""
    B, C, N = audio.shape
    loud = audio.reshape(B, C, -1, block).square().mean((1, 3)) > SILENCE**2
    # A block fades only if it lies between a loud and a faint one.
    return audio * _over_samples(loud.to(audio), N)


def _over_samples(gain: Tensor, n_samples: int) -> Tensor:
    """Gains `[B, 1, N]` of all samples from those of blocks `[B, M]`: straight lines from middle to
    middle, and level from there to either end. What `interpolate` gives of blocks of an even
    length, with a quicker gradient on a CPU."""
    block = n_samples // gain.shape[1]
    ends = F.pad(gain[:, None], (1, 1), mode="replicate")[:, 0, :, None]
    ramp = (torch.arange(block, dtype=gain.dtype, device=gain.device) + 0.5) / block
    lines = torch.lerp(ends[:, :-1], ends[:, 1:], ramp)
    return lines.flatten(1)[:, None, block // 2 : block // 2 + n_samples]
