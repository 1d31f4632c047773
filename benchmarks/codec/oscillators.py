"""Library: the codec's bank of oscillators, told the amplitudes of partials and nothing of phases.

Each oscillator has a fixed frequency, and runs from the beginning of a sound to its end. So what a
frame sounds like depends on that frame and its place alone, and yet tones hold from frame to frame.
"""

import numpy as np
import scipy.signal

from distill.models.oscillators import PHASE_SEED, frequencies
from distill.models.vqvae import HOP_LENGTH as HOP
from distill.settings import SAMPLE_RATE
from distill.training.codec.partial_loss import FAINT

WINDOW = 8192
"""Samples of the window in which amplitudes are measured: partials 12 Hz apart are told apart."""

LOBE_HZ = 12.0
"""Half the width of the main lobe of a Hann window of `WINDOW` samples, in Hz."""


def partial_amplitudes(sound: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Amplitudes `[T, J]` of the partials of a sound `[N]`; 0 where an oscillator lies on none.

    An oscillator lies on a partial where none within the main lobe is louder.
    """
    window = scipy.signal.windows.hann(WINDOW, sym=False)
    whole = np.pad(sound, (WINDOW - HOP) // 2)
    frames = np.lib.stride_tricks.sliding_window_view(whole, WINDOW)[::HOP]
    # Zeros after the window: bins 3 Hz apart, so that one lies near each oscillator.
    size = 2 * WINDOW
    bins = np.round(hz * size / SAMPLE_RATE).astype(int)
    spectra = np.fft.rfft(frames * window, size)[:, bins]
    amplitudes = 2 * np.abs(spectra) / window.sum()
    loudest = np.stack(
        [amplitudes[:, np.abs(hz - centre) < LOBE_HZ].max(axis=1) for centre in hz], axis=1
    )
    is_partial = (amplitudes >= loudest) & (amplitudes > FAINT)
    result: np.ndarray = np.where(is_partial, amplitudes, 0.0)
    return result


def play(amplitudes: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Sound `[T * HOP]` of oscillators with amplitudes `[T, J]`, which move from frame to frame."""
    phases = np.random.default_rng(PHASE_SEED).uniform(0, 2 * np.pi, len(hz))
    # Two ramps that add up to 1 on each stretch from the middle of one frame to that of the next.
    rise = np.linspace(0, 1, HOP, endpoint=False)
    padded = np.concatenate([amplitudes[:1], amplitudes, amplitudes[-1:]])
    stretches = []
    for frame in range(len(padded) - 1):
        times = np.arange(HOP) + (frame - 0.5) * HOP
        waves = np.cos(2 * np.pi * hz[:, None] * times / SAMPLE_RATE + phases[:, None])
        stretches.append(padded[frame] @ waves * (1 - rise) + padded[frame + 1] @ waves * rise)
    sound: np.ndarray = np.concatenate(stretches)[HOP // 2 : -HOP // 2]
    return sound


def play_partials(sound: np.ndarray) -> np.ndarray:
    """The partials of a sound `[N]`, played by the bank: as many samples, the last frame silent."""
    hz = frequencies(SAMPLE_RATE)
    played = play(partial_amplitudes(sound, hz), hz)
    return np.pad(played, (0, max(0, len(sound) - len(played))))[: len(sound)]
