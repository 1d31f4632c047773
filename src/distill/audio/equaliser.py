"""Random equalisers: augmentation by smooth filters over log frequency.

An equaliser is a sum of knots, triangles that lie evenly over log frequency; each is lifted or cut
by a random gain. A codec that is fitted to such sounds leaves room for timbres beside the corpus.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

LOWEST_KNOT_HZ = 31.25
"""Frequency of the lowest knot in Hz: everything below moves with it."""

KNOTS_PER_OCTAVE = 2
"""Density of the knots: wider than a critical band, so that the timbre changes, not the pitch."""

KNOT_DB = 8.0
"""Standard deviation of the gain of a knot in dB."""

NEPERS_PER_DB = math.log(10) / 20
"""Natural-log gain per decibel."""


def knot_weights(hz: Tensor, sample_rate: int) -> Tensor:
    """Weights of all knots of an equaliser at some frequencies.

    Args:
        hz: Frequencies `[M]` in Hz.
        sample_rate: In Hz; knots reach up to half of it.

    Returns:
        Weights `[K, M]` of `K` knots, piecewise linear over log frequency, summing to 1 over `K`.
    """
    count = math.ceil(KNOTS_PER_OCTAVE * math.log2(sample_rate / 2 / LOWEST_KNOT_HZ)) + 1
    position = KNOTS_PER_OCTAVE * torch.log2(hz.clamp(min=LOWEST_KNOT_HZ) / LOWEST_KNOT_HZ)
    distance = (torch.arange(count)[:, None] - position).abs()
    return (1 - distance).clamp(min=0)


@cache
def _log_responses(n: int, sample_rate: int, device: torch.device) -> Tensor:
    """Complex log of the filter that lifts one knot by a factor of e, for each knot.

    Of minimum phase, by folding the cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing,
    section 13.5), so that nothing sounds before its time. Logs of filters in series add up.

    Args:
        n: Length of the Fourier transform in samples, a power of two.
        sample_rate: In Hz.
        device: Where the result is kept.

    Returns:
        Log responses `[K, n // 2 + 1]`.
    """
    hz = torch.linspace(0, sample_rate / 2, n // 2 + 1)
    cepstra = torch.fft.irfft(knot_weights(hz, sample_rate).to(torch.complex64))
    cepstra[:, 1 : n // 2] *= 2
    cepstra[:, n // 2 + 1 :] = 0
    return torch.fft.rfft(cepstra).to(device)


def equalise(audio: Tensor, rng: np.random.Generator, sample_rate: int) -> Tensor:
    """Filter sounds by one random equaliser.

    Args:
        audio: Sounds `[..., C, N]`.
        rng: Source of the gains of the knots.
        sample_rate: In Hz.

    Returns:
        Sounds `[..., C, N]`; each one that would exceed full scale is turned down to it.
    """
    N = audio.shape[-1]
    # The next power of two is quick to transform; the tails of these filters are short.
    n_fft = 1 << N.bit_length()
    knots = _log_responses(n_fft, sample_rate, audio.device)
    gains = rng.standard_normal((len(knots), 1)).astype(np.float32)
    nepers = NEPERS_PER_DB * KNOT_DB * gains
    weights = torch.from_numpy(nepers).to(audio.device)
    log_response = (weights * knots).sum(0)
    # Takes half the time of `exp` of complex numbers.
    response = torch.polar(log_response.real.exp(), log_response.imag)
    spectrum = torch.fft.rfft(audio, n_fft) * response
    output = torch.fft.irfft(spectrum, n_fft)[..., :N]
    peak = output.abs().amax((-2, -1), keepdim=True)
    return output / peak.clamp(min=1)
