"""Random equalisers: smooth curves over log frequency, a new colour for the same sound."""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

LOWEST_KNOT_HZ, KNOTS_PER_OCTAVE = 31.25, 2
KNOT_DB = 8.0
"""Standard deviation by which each knot lifts or cuts."""


def knot_weights(hz: Tensor, sample_rate: int) -> Tensor:
    """How much each knot of an equaliser counts at each of the frequencies `hz` `[M]`: `[K, M]`,
    summing to 1.

    Knots lie evenly over log frequency up to half of `sample_rate` (Hz), with straight lines
    between.
    """
    count = math.ceil(KNOTS_PER_OCTAVE * math.log2(sample_rate / 2 / LOWEST_KNOT_HZ)) + 1
    position = KNOTS_PER_OCTAVE * torch.log2(hz.clamp(min=LOWEST_KNOT_HZ) / LOWEST_KNOT_HZ)
    return (1 - (torch.arange(count)[:, None] - position).abs()).clamp(min=0)


@cache
def _log_responses(n: int, sample_rate: int, device: torch.device) -> Tensor:
    """Log of the causal filter that lifts one knot by a factor of e: complex `[K, n // 2 + 1]`.

    Of minimum phase, by folding the cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing,
    section 13.5), so that nothing is heard before its time. The log of filters in a row is the sum
    of theirs.
    """
    hz = torch.linspace(0, sample_rate / 2, n // 2 + 1)
    cepstra = torch.fft.irfft(knot_weights(hz, sample_rate).to(torch.complex64))
    cepstra[:, 1 : n // 2] *= 2
    cepstra[:, n // 2 + 1 :] = 0
    return torch.fft.rfft(cepstra).to(device)


def equalise(audio: Tensor, rng: np.random.Generator, sample_rate: int) -> Tensor:
    """Sounds `[..., C, N]` through a random equaliser, one for all; each turned down where it would
    overshoot."""
    N = audio.shape[-1]
    n = 1 << N.bit_length()
    knots = _log_responses(n, sample_rate, audio.device)
    nepers = math.log(10) / 20 * KNOT_DB * rng.standard_normal((len(knots), 1)).astype(np.float32)
    log_response = (torch.from_numpy(nepers).to(audio.device) * knots).sum(0)
    # In half the time that `exp` of complex numbers takes.
    response = torch.polar(log_response.real.exp(), log_response.imag)
    coloured = torch.fft.irfft(torch.fft.rfft(audio, n) * response, n)[..., :N]
    return coloured / coloured.abs().amax((-2, -1), keepdim=True).clamp(min=1)
