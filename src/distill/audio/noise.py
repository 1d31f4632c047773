"""Telling steady noise from everything else."""

import numpy as np
from scipy.ndimage import median_filter

_WINDOW = 1024
_FIRST_BIN, _BANDS, _BAND_BINS = 8, 20, 16
_FIRST_TONE, _NEIGHBOURS = 3, 13
_FEWEST_FRAMES = 20

_DEVIATION = 0.03
"""0.25 s of noise, white to brown, stay at or under 0.02; drones, cymbals and rolls of drums lie
above."""

_PEAK = 6.0
"""0.25 s of noise stay under 3; a tone half as loud as the noise lies above 30."""


def is_plain_noise(audio: np.ndarray) -> bool:
    """Whether `[C, N]` is steady noise, of whatever colour, from which no tone stands out; never
    below 0.25 s.

    The power of noise in the cells of its spectrogram, set against the mean of those near in
    frequency at all times, is distributed exponentially; hits, fading and dense tones make it
    otherwise (greatest difference of the two cumulative distributions, after Kolmogorov and
    Smirnov). A single tone shows in the mean spectrum.
    """
    if audio.shape[1] < (_FEWEST_FRAMES + 1) * _WINDOW // 2:
        return False
    frames = np.lib.stride_tricks.sliding_window_view(audio.mean(axis=0), _WINDOW)[:: _WINDOW // 2]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW))))
    return _deviation(power) < _DEVIATION and _peak(power) < _PEAK


def _deviation(power: np.ndarray) -> float:
    """How far powers `[T, F]` are from noise: 0 to 1."""
    bands = power[:, _FIRST_BIN : _FIRST_BIN + _BANDS * _BAND_BINS].reshape(
        len(power), _BANDS, _BAND_BINS
    )
    cells = np.sort((bands / np.maximum(bands.mean(axis=(0, 2), keepdims=True), 1e-30)).ravel())
    found = (np.arange(cells.size) + 0.5) / cells.size
    return float(np.abs(found - (1 - np.exp(-cells))).max())


def _peak(power: np.ndarray) -> float:
    """How far the mean spectrum of powers `[T, F]` rises above the median of the bins around, at
    most."""
    mean = power[:, _FIRST_TONE : _FIRST_BIN + _BANDS * _BAND_BINS].mean(axis=0)
    return float((mean / np.maximum(median_filter(mean, _NEIGHBOURS, mode="nearest"), 1e-30)).max())
