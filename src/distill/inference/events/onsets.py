"""Onsets in codes: where the spectra that the latents stand for rise suddenly.

Latents hold eight spectra a code frame, so that an onset is known to about 3 ms without decoding.
Onset envelope: positive differences of log-mels (spectral flux, Dixon 2006, "Onset detection
revisited"), peaks against the local mean.
"""

import math

import numpy as np
import torch
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from torch import Tensor

from distill.models.vqvae import VQVAE

RANGE_DB = 60.0
"""Bands count as at most this far below the loudest one: what is quieter is inaudible beside it."""

RISE_S = 0.0107
"""Seconds over which a rise is measured: the attack of a drum."""

LEAST_DB = 4.0
"""Mean rise of all bands, in dB, from which on a peak may be an onset."""

ABOVE_MEAN = 2.5
"""Times the local mean that a peak must reach: noise rises all the time."""

LOCAL_S = 0.8
"""Seconds over which that mean is taken."""

APART_S = 0.05
"""Seconds between two onsets, at least: the ear hears closer ones as one."""

CHUNK = 4096
"""Frames whose spectra are computed at a time: bounds the memory for an hour of sound."""


@torch.inference_mode()
def onset_envelope(codec: VQVAE, latents: Tensor) -> np.ndarray:
    """Mean rise `[S * T]` in dB of all bands, `S` values a code frame.

    Args:
        codec: Its analysis made the latents.
        latents: `[T, D]`, on the device of the codec; `T` above 0.
    """
    floor = max(float(_decibels(codec, part).max()) for part in latents.split(CHUNK)) - RANGE_DB
    parts = []
    earlier: np.ndarray | None = None
    for chunk in latents.split(CHUNK):
        decibels = np.maximum(_decibels(codec, chunk), floor)
        lag = _values(RISE_S, codec, len(decibels) // len(chunk))
        if earlier is None:
            # Before its first frame a sound is as loud as in it: a beginning is known without a
            # rise.
            earlier = np.repeat(decibels[:1], lag, 0)
        before = np.concatenate([earlier, decibels])[: len(decibels)]
        parts.append(np.clip(decibels - before, 0, None).mean(1))
        earlier = decibels[-lag:]
    return np.concatenate(parts)


def _decibels(codec: VQVAE, latents: Tensor) -> np.ndarray:
    """Levels `[S * T, M]` of the bands in dB, of `latents` `[T, D]`."""
    spectra = codec.analysis.log_mels(latents).cpu().flatten(0, 1)
    decibels: np.ndarray = (20 / math.log(10) * spectra).numpy()
    return decibels


def find_onsets(codec: VQVAE, latents: Tensor) -> np.ndarray:
    """Onsets `[n]` in `latents` `[T, D]`, in code frames (float64), increasing.

    The beginning of a sound is no onset by itself.
    """
    if not len(latents):
        return np.zeros(0)
    envelope = onset_envelope(codec, latents)
    values = len(envelope) // len(latents)
    apart = _values(APART_S, codec, values)
    is_highest = envelope == maximum_filter1d(envelope, 2 * apart + 1)
    local_mean = uniform_filter1d(envelope, _values(LOCAL_S, codec, values))
    is_onset = is_highest & (envelope >= LEAST_DB) & (envelope >= ABOVE_MEAN * local_mean)
    peaks = is_onset.nonzero()[0]
    # Equal neighbours are all highest: the first one counts.
    is_first = np.diff(peaks, prepend=-apart - 1) > apart
    onsets: np.ndarray = peaks[is_first] / values
    return onsets


def _values(seconds: float, codec: VQVAE, values: int) -> int:
    """Values of the envelope in `seconds`, where a frame has `values`; at least one."""
    return max(1, round(seconds * codec.frame_rate * values))
