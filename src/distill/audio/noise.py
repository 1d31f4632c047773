"""Detection of steady noise, as apart from every other sound.

The power of noise in the cells of a spectrogram is distributed exponentially around the mean of its
band. Hits, fades and dense tones are distributed otherwise: the greatest difference between the two
cumulative distributions tells (the statistic of Kolmogorov and Smirnov). A single tone shows in the
mean spectrum.
"""

import numpy as np
from scipy.ndimage import median_filter

# Samples of a spectrum: 21 ms at 48 kHz.
_WINDOW = 1024

# First bin (375 Hz) of the first band: below, noise of steep colour is uneven within a band.
_FIRST_BIN = 8

# Bands whose cells are compared: up to 15.4 kHz, below the cut-off of lossy formats.
_BANDS = 20

# Bins of a band (750 Hz): narrow enough for coloured noise to be even within it.
_BAND_BINS = 16

# First bin (141 Hz) in which a tone is looked for.
_FIRST_TONE = 3

# Bins whose median a tone is compared with.
_NEIGHBOURS = 13

# Spectra below which nothing can be said: about 0.25 s.
_FEWEST_FRAMES = 20

# Largest distance of the distributions for noise. 0.25 s of noise, white to brown, stay at or below
# 0.02; drones, cymbals and drum rolls lie above.
_DEVIATION = 0.03

# Largest ratio of a bin of the mean spectrum to the median around it, for noise. 0.25 s of noise
# stay below 3; a tone half as loud as the noise lies above 30.
_PEAK = 6.0


def is_plain_noise(audio: np.ndarray) -> bool:
    """Tell whether `audio` `[C, N]` is steady noise, of whatever colour, without a tone.

    Never for less than about 0.25 s.
    """
    hop = _WINDOW // 2
    if audio.shape[1] < (_FEWEST_FRAMES + 1) * hop:
        return False
    mono = audio.mean(axis=0)
    frames = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[::hop]
    spectra = np.fft.rfft(frames * np.hanning(_WINDOW))
    power = np.square(np.abs(spectra))
    return _deviation(power) < _DEVIATION and _peak(power) < _PEAK


def _deviation(power: np.ndarray) -> float:
    """Distance of powers `[T, F]` from an exponential distribution: 0 to 1."""
    last_bin = _FIRST_BIN + _BANDS * _BAND_BINS
    bands = power[:, _FIRST_BIN:last_bin].reshape(len(power), _BANDS, _BAND_BINS)
    means = bands.mean(axis=(0, 2), keepdims=True)
    relative = bands / np.maximum(means, 1e-30)
    cells = np.sort(relative.ravel())
    ranks = (np.arange(cells.size) + 0.5) / cells.size
    exponential = 1 - np.exp(-cells)
    return float(np.abs(ranks - exponential).max())


def _peak(power: np.ndarray) -> float:
    """Highest ratio in the mean spectrum of powers `[T, F]` of a bin to the median around it."""
    last_bin = _FIRST_BIN + _BANDS * _BAND_BINS
    mean = power[:, _FIRST_TONE:last_bin].mean(axis=0)
    around = median_filter(mean, _NEIGHBOURS, mode="nearest")
    return float((mean / np.maximum(around, 1e-30)).max())
