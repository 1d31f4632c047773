"""Library: mel bands of a sound at 200 frames a second, the envelope of its onsets, its onsets.

All of it is independent of the descriptors of `distill.audio`, which steer what is generated.
"""

import numpy as np
from scipy.signal import find_peaks, stft

from distill.settings import SAMPLE_RATE

HOP = 240
"""Samples of a frame: 5 ms."""

FRAME_RATE = SAMPLE_RATE / HOP
"""Frames a second (Hz)."""

N_FFT = 1024
"""Samples of the window, 21 ms: short enough to place an attack."""

BANDS = 40
"""Mel bands."""

LOWEST_HZ = 40.0
"""Lower end of the lowest band."""

HIGHEST_HZ = 18_000.0
"""Upper end of the highest band."""

RANGE_DB = 60.0
"""Range in dB below the loudest band of a sound; all that is fainter counts as equal."""

FAINTEST = 1e-12
"""Power of the faintest level, so that silence has a logarithm."""

SMOOTHED_FRAMES = 9
"""Length of the Hann window that smooths the envelope: 45 ms."""

LEAST_RISE_DB = 1.0
"""Prominence in dB a frame of the peak that counts as an onset.

The highest in 60 s of white noise is 0.64; a hit that raises all bands by 10 dB reaches 2.5.
"""

LEAST_BETWEEN_S = 0.05
"""Seconds between two onsets at least."""


def _mel(hz: float) -> float:
    """Mel scale of O'Shaughnessy (1987)."""
    return 2595 * np.log10(1 + hz / 700)


def _mel_matrix() -> np.ndarray:
    """Triangular bands over the bins of the spectrum, `[BANDS, N_FFT // 2 + 1]`."""
    hz = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    edges = 700 * (10 ** (edges / 2595) - 1)
    rows = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        rising = (hz - low) / (middle - low)
        falling = (high - hz) / (high - middle)
        rows.append(np.clip(np.minimum(rising, falling), 0, None))
    return np.stack(rows)


MEL_MATRIX = _mel_matrix()


def mel_levels(sound: np.ndarray) -> np.ndarray:
    """Levels of the mel bands of `sound` `[N]`, in dB `[T, BANDS]`.

    They end 60 dB below the loudest band of the sound.
    """
    overlap = N_FFT - HOP
    spectrum = stft(sound, SAMPLE_RATE, nperseg=N_FFT, noverlap=overlap, boundary="zeros")[2]
    power = np.abs(spectrum) ** 2
    levels = 10 * np.log10(MEL_MATRIX @ power + FAINTEST).T
    return np.maximum(levels, levels.max() - RANGE_DB)


def onset_envelope(levels: np.ndarray) -> np.ndarray:
    """Rise of the bands in dB a frame, averaged over bands and smoothed over 45 ms.

    Args:
        levels: Mel levels `[T, BANDS]` in dB.

    Returns:
        `[T - 1]`.
    """
    rise = np.clip(np.diff(levels, axis=0), 0, None).mean(1)
    return np.convolve(rise, np.hanning(SMOOTHED_FRAMES) / 4, "same")


def onset_times(sound: np.ndarray) -> np.ndarray:
    """Seconds at which onsets of `sound` `[N]` lie, ascending: the peaks of its onset envelope.

    A hit out of silence is found up to half a window, 11 ms, before it begins.
    """
    # Silence before the sound, so that a first hit rises too.
    envelope = onset_envelope(mel_levels(np.pad(sound, (N_FFT, 0))))
    peaks, _ = find_peaks(
        envelope, prominence=LEAST_RISE_DB, distance=round(LEAST_BETWEEN_S * FRAME_RATE)
    )
    times = peaks / FRAME_RATE - N_FFT / SAMPLE_RATE
    # A sound that is cut off clicks at its end: no onset of its own.
    return np.maximum(times[times < (len(sound) - N_FFT) / SAMPLE_RATE], 0.0)
