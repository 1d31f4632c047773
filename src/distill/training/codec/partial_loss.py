"""The loss of partials: it teaches oscillators, and hears whether a tone is a line or a band.

Bands of mel spectra are as wide as partials lie apart, so the mel distance takes noise for a tone.
Two terms stand beside it. An energy distance of spectra under a window of 171 ms tells lines from
bands. And recordings say how much of each partial a steady tone explains, which shows oscillators
the way from the start.

`J` is the number of oscillators, `K` that of the bins which they reach, `M` that of long windows.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.audio.stft import stft
from distill.models.losses import energy_distance
from distill.models.oscillators import LOBE_BINS, Oscillators, frequencies
from distill.models.vqvae import VQVAE

DISTANCE_WEIGHT = 3.0
"""Weight of the distance of long spectra beside the sum of the seven mel scales (1 each)."""

SHARE_WEIGHT = 0.1
"""Weight of the shares that recordings tell, beside the same."""

DECIMATION = 4
"""Samples of a recording for one that is looked at: oscillators end below an eighth of the rate."""

WINDOW = 2048
"""Samples of a long window after decimation, 171 ms: partials 12 Hz apart are told apart."""

PADDING = 4
"""Length of the transform that finds peaks, in windows: bins 1.5 Hz apart, so that no two
oscillators lie on one."""

OVERLAP = 2
"""Long windows over each sample for the distance."""

DISTANCE_FLOOR = 1e-4
"""Amplitude that is added to the spectra of the distance: -80 dBFS."""

FAINT = 3e-4
"""Amplitude below which a peak is noise: -70 dBFS."""

SMOOTHED_BINS = 5
"""Bins over which the unexplained power is summed: a main lobe and its neighbours."""

EVERY = 2
"""Code frames from one that teaches shares to the next: neighbours have nearly the same."""

LOUDNESS_POWER = 0.5
"""Power of the amplitude by which shares count, so that loud partials count for more."""

QUIETEST = 1e-4
"""Amplitude below which all shares count alike: -80 dBFS."""

EDGE_FRAMES = 3
"""Code frames at either end of a crop whose long windows reach beyond it: they teach no shares."""


class PartialLoss(nn.Module):
    """Losses of partials for a codec with oscillators.

    Args:
        codec: The codec.
    """

    window: Tensor
    places: Tensor
    near: Tensor

    def __init__(self, codec: VQVAE) -> None:
        super().__init__()
        assert codec.oscillators is not None
        self.oscillators: Oscillators = codec.oscillators
        self.n_fft = codec.n_fft
        self.hop = codec.frame_hop
        hz = frequencies(codec.sample_rate)
        bin_hz = codec.sample_rate / DECIMATION / (PADDING * WINDOW)
        places = np.round(hz / bin_hz).astype(np.int64)
        window = torch.hann_window(WINDOW, dtype=torch.float64)
        # A full-scale tone has an amplitude of 1.
        self.register_buffer("window", (window * 2 / window.sum()).float(), persistent=False)
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        near = _neighbours(hz, PADDING * LOBE_BINS * bin_hz)
        self.register_buffer("near", torch.from_numpy(near), persistent=False)

    def forward(self, output: Tensor, other: Tensor, shares: Tensor, audio: Tensor) -> Tensor:
        """Loss of two decodings, a scalar.

        Args:
            output: One decoding `[B, C, N]`.
            other: The same with other noise, `[B, C, N]`.
            shares: Shares `[B, T, J]` of the oscillators.
            audio: Source `[B, C, N]`.
        """
        mid = audio.mean(1)
        distance = self.distance(output.mean(1), other.mean(1), mid)
        return DISTANCE_WEIGHT * distance + SHARE_WEIGHT * self.share_error(shares, mid)

    # --- how lines lie ----------------------------------------------------------------------------

    def distance(self, output: Tensor, other: Tensor, audio: Tensor) -> Tensor:
        """Energy distance of the long spectra of decodings to their source, all `[B, N]`."""
        a = self._log_amplitudes(output)
        b = self._log_amplitudes(other)
        with torch.no_grad():
            source = self._log_amplitudes(audio)
        _, energy = energy_distance(a, b, source, torch.ones_like(source))
        return energy

    def _log_amplitudes(self, x: Tensor) -> Tensor:
        """Log10 amplitudes `[B, M, J]` of sounds `[B, N]` at the oscillators."""
        whole = decimate(x)
        short = max(0, WINDOW - whole.shape[-1])
        frames = F.pad(whole, (0, short)).unfold(-1, WINDOW, WINDOW // OVERLAP)
        spectra = torch.fft.rfft(frames * self.window)[..., self.places // PADDING]
        power = spectra.real.square() + spectra.imag.square()
        return 0.5 * (power + DISTANCE_FLOOR**2).log10()

    # --- what recordings tell ---------------------------------------------------------------------

    def share_error(self, shares: Tensor, audio: Tensor) -> Tensor:
        """Squared error of `shares` `[B, T, J]`, summed over oscillators, for a source `[B, N]`."""
        with torch.no_grad():
            known, amplitudes = self.shares(audio)
            weight = amplitudes.clamp(min=QUIETEST) ** LOUDNESS_POWER
            # Each crop by itself, so that it counts alike in any batch.
            weight = weight / weight.mean((1, 2), keepdim=True)
        T = shares.shape[1]
        # A crop without an inner frame teaches by all it has.
        edge = EDGE_FRAMES if T > 2 * EDGE_FRAMES + EVERY else 0
        error = weight * (shares[:, ::EVERY] - known).square()
        inner = slice(-(-edge // EVERY), -(-(T - edge) // EVERY))
        return error[:, inner].sum(-1).mean()

    def shares(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Shares that steady tones explain, and the amplitudes that they are shares of.

        An oscillator is told a peak of the long spectrum among its neighbours. It counts as far as
        all such peaks together, taken for steady, explain the short spectrum: not in an attack.

        Args:
            audio: Source `[B, N]`.

        Returns:
            Shares and amplitudes of every `EVERY`th frame, both `[B, T / EVERY, J]`.
        """
        peaks = self._peaks(audio)
        spectra = stft(audio, self.n_fft, self.hop)[:, ::EVERY, : self.oscillators.bins]
        power = spectra.real.square() + spectra.imag.square()
        amplitudes = self.oscillators.amplitudes(power)
        sources = torch.cat((peaks.real, peaks.imag), -1)
        real, imaginary = (sources @ self.oscillators.waves).chunk(2, -1)
        rest = (spectra.real - real).square() + (spectra.imag - imaginary).square()
        total = _smooth(power).clamp(min=1e-12)
        explained = (1 - _smooth(rest) / total).clamp(0, 1)
        explained = explained[..., self.oscillators.places]
        shares = peaks.abs() / amplitudes.clamp(min=1e-9)
        return shares.clamp(max=1) * explained.sqrt(), amplitudes

    def _peaks(self, audio: Tensor) -> Tensor:
        """Complex amplitudes `[B, T / EVERY, J]` of partials in the middle of every `EVERY`th
        frame; 0 off the peaks."""
        hop = self.hop // DECIMATION
        side = (WINDOW - hop) // 2
        frames = F.pad(decimate(audio), (side, side)).unfold(-1, WINDOW, EVERY * hop)
        spectra = torch.fft.rfft(frames * self.window, PADDING * WINDOW)[..., self.places]
        # From the first sample of the window to its middle.
        cycle = 2 * PADDING
        turns = torch.exp(2j * math.pi / cycle * (self.places % cycle))
        amplitudes = spectra.abs()
        loudest = amplitudes[..., self.near].amax(-1)
        is_peak = (amplitudes >= loudest) & (amplitudes > FAINT)
        return spectra * turns * is_peak


def decimate(x: Tensor) -> Tensor:
    """Every `DECIMATION`th sample of sounds `[..., N]` below an eighth of their rate."""
    N = x.shape[-1] // DECIMATION
    return torch.fft.irfft(torch.fft.rfft(x)[..., : N // 2 + 1], N) / DECIMATION


def _neighbours(hz: np.ndarray, reach_hz: float) -> np.ndarray:
    """Indices `[J, W]` of the oscillators at `hz` within `reach_hz` of each, some of them twice."""
    is_near = np.abs(hz[:, None] - hz) < reach_hz
    width = int(is_near.sum(1).max())
    rows = [np.flatnonzero(row) for row in is_near]
    return np.stack([np.resize(row, width) for row in rows])


def _smooth(power: Tensor) -> Tensor:
    """Mean power over `SMOOTHED_BINS` neighbours, `[..., K]`."""
    flat = power.flatten(0, -2)[:, None]
    mean = F.avg_pool1d(flat, SMOOTHED_BINS, 1, SMOOTHED_BINS // 2, count_include_pad=False)
    return mean.view(power.shape)
