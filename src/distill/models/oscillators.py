"""A bank of oscillators: tones that hold from frame to frame.

A held tone has the same codes in each frame, so that the decoder's heads give each frame the same
phases. Such a sound repeats with the frame rate: its lines lie at multiples of 47 Hz, wherever the
tone lies. Each oscillator has a frequency of its own instead, and runs through all of a sound. Its
phase follows from the number of a frame alone, as the phase noise does: sounds decoded in pieces
fit together, and an edit changes no frame but its own.

Decoders of sines and noise go back to Serra & Smith 1990 ("Spectral modeling synthesis"); a bank of
fixed frequencies needs no tracking of partials.

`J` is the number of oscillators, `K` that of the bins which they reach.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOWEST_HZ = 40.0
"""Frequency of the first oscillator, in Hz."""

HIGHEST_HZ = 5000.0
"""Frequency that no oscillator but the last exceeds, in Hz: higher partials are little of a tone,
and lie so close that they pass for noise."""

HIGHEST_SHARE = 0.11
"""The same for low sample rates, as a share of them: training looks at an eighth alone."""

STEP_CENTS = 12.5
"""Distance of oscillators: at most 6 cents out of tune, about as much as is heard."""

LEAST_STEP_HZ = 2.0
"""Least distance of oscillators in Hz: half a second cannot tell nearer ones apart."""

TURN = 1 << 24
"""Steps of a turn of phase, a power of two. Whole numbers stay exact for days of sound, on every
machine."""

PHASE_SEED = 5
"""Seed of the phases at which oscillators begin: all alike would click."""

LOBE_BINS = 2
"""Half the main lobe of a Hann window, in bins."""

FAINT = 1e-12
"""Squared amplitude up to which no oscillator sounds: -120 dBFS."""

LEAST_REST = 0.003
"""Least share of a bin's magnitude that stays noise: -50 dB, so that its gradient stays finite."""


class Oscillators(nn.Module):
    """Oscillators at fixed frequencies, whose amplitudes are shares of a spectrum.

    All its tables follow from the arguments: model files hold none of them.

    Args:
        sample_rate: In Hz.
        n_fft: Samples of a window of the spectra.
        hop: Samples from one frame to the next.
        channels: `C`. The second has phases relative to the first.
    """

    steps: Tensor
    starts: Tensor
    places: Tensor
    lobes: Tensor
    waves: Tensor

    def __init__(self, sample_rate: int, n_fft: int, hop: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        hz = frequencies(sample_rate)
        self.count = len(hz)
        self.bins = reached_bins(sample_rate, n_fft)
        self.others = n_fft // 2 + 1 - self.bins
        self.turn = TURN
        self.faint = FAINT
        # Squared magnitude of a full-scale tone under a Hann window.
        self.full_scale = (n_fft / 4) ** 2
        self.least = LEAST_REST
        starts = np.random.RandomState(PHASE_SEED).randint(0, TURN, self.count)
        waves = _windowed_waves(sample_rate, n_fft)
        tables = {
            "steps": np.round(hz * hop / sample_rate % 1 * TURN).astype(np.int64),
            "starts": starts.astype(np.int64),
            "places": np.round(hz * n_fft / sample_rate).astype(np.int64),
            "lobes": _from_bins(sample_rate, n_fft, waves),
            # Of an amplitude times the cosine of its phase, and times the sine.
            "waves": np.concatenate((_parts(waves.cosine), -_parts(waves.sine))),
        }
        for name, table in tables.items():
            tensor = torch.from_numpy(table)
            tensor = tensor.float() if tensor.is_floating_point() else tensor
            self.register_buffer(name, tensor, persistent=False)

    def amplitudes(self, power: Tensor) -> Tensor:
        """Amplitudes `[..., J]` that tones would have if all the power round them were theirs.

        Args:
            power: Squared magnitudes of the bins that are reached, `[..., K]`.
        """
        squares = (power / self.full_scale) @ self.lobes
        return squares.clamp(min=self.faint).sqrt() * (squares > self.faint)

    def angles(self, frames: Tensor) -> Tensor:
        """Phases `[..., J]` in radians in the middle of frames with these numbers `[...]`."""
        # The remainder of a power of two, below 0 as well, in a fraction of the time.
        turns = (frames[..., None] * self.steps + self.starts) & (self.turn - 1)
        return turns.to(self.waves.dtype) * (2 * math.pi / self.turn)

    def forward(
        self, shares: Tensor, log_magnitude: Tensor, phase: Tensor, frames: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sound the oscillators.

        Args:
            shares: Share `[B, T, J]`, 0 to 1, in the amplitude round each oscillator.
            log_magnitude: Natural-log magnitudes `[B, C, T, F]`.
            phase: Phases `[B, C, T, F]`, of a second channel relative to the first, in radians.
            frames: Numbers `[B, T]` or `[1, T]` of the frames in the whole sound.

        Returns:
            Real and imaginary parts of their spectra, and the natural log of the share of each
            bin's magnitude that they leave to noise: each `[B, C, T, F]`.
        """
        power = (2 * log_magnitude[..., : self.bins]).exp()
        amplitude = shares[:, None] * self.amplitudes(power)
        angle = self.angles(frames)[:, None]
        if self.channels == 2:
            turned = angle + phase[:, 1:].index_select(-1, self.places)
            angle = torch.cat((angle.expand_as(turned), turned), 1)
        sources = torch.cat((amplitude * angle.cos(), amplitude * angle.sin()), -1)
        real, imaginary = (sources @ self.waves).chunk(2, -1)
        tonal = real.square() + imaginary.square()
        # Magnitudes, not powers, by this share: what is left of a pure tone is well below it.
        rest = 1 - tonal / power.clamp(min=self.faint)
        log_rest = rest.clamp(min=self.least).log()
        return self._whole(real), self._whole(imaginary), self._whole(log_rest)

    def _whole(self, x: Tensor) -> Tensor:
        """`[..., K]` with zeros in the bins that no oscillator reaches, `[..., F]`."""
        return F.pad(x, (0, self.others))


@cache
def frequencies(sample_rate: int) -> np.ndarray:
    """Frequencies `[J]` of the oscillators in Hz."""
    highest = min(HIGHEST_HZ, HIGHEST_SHARE * sample_rate)
    lines = [LOWEST_HZ]
    while lines[-1] < highest:
        step = lines[-1] * (2 ** (STEP_CENTS / 1200) - 1)
        lines.append(lines[-1] + max(LEAST_STEP_HZ, step))
    return np.array(lines)


def reached_bins(sample_rate: int, n_fft: int) -> int:
    """Bins `K` of a spectrum that oscillators reach, from 0."""
    highest = frequencies(sample_rate)[-1] * n_fft / sample_rate
    return min(n_fft // 2 + 1, math.ceil(highest) + LOBE_BINS + 1)


class _Waves(NamedTuple):
    """Spectra `[J, K]` of waves of amplitude 1 under the window, at phase 0 in its middle."""

    cosine: np.ndarray
    sine: np.ndarray


@cache
def _windowed_waves(sample_rate: int, n_fft: int) -> _Waves:
    samples = np.arange(n_fft) - n_fft / 2
    angle = 2 * np.pi * frequencies(sample_rate)[:, None] / sample_rate * samples
    # Periodic, as the window of the spectra.
    window = 0.5 + 0.5 * np.cos(2 * np.pi * samples / n_fft)
    bins = reached_bins(sample_rate, n_fft)
    cosine = np.fft.rfft(np.cos(angle) * window)[:, :bins]
    sine = np.fft.rfft(np.sin(angle) * window)[:, :bins]
    return _Waves(cosine=cosine, sine=sine)


def _parts(spectra: np.ndarray) -> np.ndarray:
    """Real, then imaginary parts `[J, 2 * K]` of spectra `[J, K]`."""
    return np.concatenate((spectra.real, spectra.imag), 1)


def _from_bins(sample_rate: int, n_fft: int, waves: _Waves) -> np.ndarray:
    """Weights `[K, J]` from powers of bins to the squared amplitude of a tone among them.

    Powers are in units of that of a full-scale tone in its middle bin.
    """
    bins = np.arange(waves.cosine.shape[1]) * sample_rate / n_fft
    distance = np.abs(bins - frequencies(sample_rate)[:, None])
    is_near = distance < LOBE_BINS * sample_rate / n_fft
    power = np.square(np.abs(waves.cosine) / (n_fft / 4)) * is_near
    weights = is_near / power.sum(1, keepdims=True)
    return np.ascontiguousarray(weights.T)
