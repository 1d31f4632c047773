"""Last steps before a generated sound is written: DC, level, peaks, ends. Sounds are `[C, N]` float32."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from distill.audio.blocks import windows
from distill.audio.level import integrated_loudness

CEILING_DB, FULL_SCALE_DB = -0.5, 0.0
LOUDNESS_TOLERANCE = 2.0
HIGHPASS_HZ = 10.0
LOOKAHEAD_S = 0.004
LEVEL_ROUNDS = 6
NEAR_ENOUGH = 0.02
FADE_IN_S = 0.001
FADE_OUT_S = 0.01
INAUDIBLE_DB = -60.0
"""Under the loudest part of a sound its tail is no longer heard."""
TAIL_WINDOW_S = 0.01


def highpass(sample_rate: int) -> np.ndarray:
    """Second-order sections of a filter that takes away what lies under 10 Hz."""
    sos: np.ndarray = butter(1, HIGHPASS_HZ, "highpass", fs=sample_rate, output="sos")
    return sos


def remove_dc(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Without what lies under 10 Hz (no phase shift): offsets cost headroom and click at ends."""
    filtered: np.ndarray = sosfiltfilt(highpass(sample_rate), audio, axis=1, padtype=None).astype(np.float32)
    return filtered


def level_gain(audio: np.ndarray, sample_rate: int, target: float) -> float:
    """The factor that brings the integrated loudness, after limiting, within 2 dB of `target` (LUFS).

    Differences smaller than that are music. 1 where there is nothing to hear, or no target.
    """
    gain = 1.0
    # Limiting costs loudness, so it takes more than one round where peaks are high.
    for _ in range(LEVEL_ROUNDS):
        loudness = integrated_loudness(limit_peaks(audio * np.float32(gain), sample_rate), sample_rate)
        if not np.isfinite(loudness) or not np.isfinite(target):
            break
        wanted = np.clip(loudness, target - LOUDNESS_TOLERANCE, target + LOUDNESS_TOLERANCE)
        if abs(wanted - loudness) < NEAR_ENOUGH:
            break
        gain *= float(10 ** ((wanted - loudness) / 20))
    return gain


def limit_peaks(audio: np.ndarray, sample_rate: int, ceiling_db: float = CEILING_DB) -> np.ndarray:
    """Peaks under `ceiling_db` dBFS by a look-ahead limiter, one gain for all channels.

    The smoothing window is no longer than the one that the minimum is taken over, so nothing overshoots.
    """
    ceiling = 10 ** (ceiling_db / 20)
    peaks = np.abs(audio).max(axis=0, initial=0.0)
    if peaks.max(initial=0.0) <= ceiling:
        return audio
    window = 2 * round(LOOKAHEAD_S * sample_rate) + 1
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9)).astype(np.float64)
    gain = uniform_filter1d(minimum_filter1d(needed, window, mode="nearest"), window, mode="nearest")
    return (audio * np.minimum(gain, needed)).astype(np.float32)


def limiter_reach(sample_rate: int) -> int:
    """By how many samples a peak can lie away from a sample whose level `limit_peaks` changes for it."""
    return 2 * round(LOOKAHEAD_S * sample_rate)


def limit_blocks(
    blocks: Iterable[np.ndarray], sample_rate: int, ceiling_db: float = CEILING_DB, size: int | None = None
) -> Iterator[np.ndarray]:
    """`limit_peaks` of a sound that comes in blocks `[C, n]`: the same as of the whole, `size` samples at a time (by
    default a second)."""
    reach = limiter_reach(sample_rate)
    for window in windows(blocks, size or sample_rate, reach):
        yield limit_peaks(window.sound, sample_rate, ceiling_db)[:, window.kept]


def fade_in(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A fade of 1 ms in, or over half the sound if that is shorter."""
    faded, length = audio.copy(), min(audio.shape[1] // 2, round(FADE_IN_S * sample_rate))
    faded[:, :length] *= np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    return faded


def fade_out(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A fade of 10 ms out, or over half the sound if that is shorter."""
    faded, length = audio.copy(), min(audio.shape[1] // 2, round(FADE_OUT_S * sample_rate))
    faded[:, audio.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return faded


def fade_ends(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Both."""
    return fade_out(fade_in(audio, sample_rate), sample_rate)


def sounding_samples(audio: np.ndarray, sample_rate: int) -> int:
    """How many samples of `[C, N]` go by until it has died away: at least 10 ms, or all of what is shorter."""
    size = max(1, round(TAIL_WINDOW_S * sample_rate))
    energy = np.square(audio).sum(axis=0)
    powers = np.add.reduceat(energy, np.arange(0, len(energy), size))
    audible = powers > powers.max() * 10 ** (INAUDIBLE_DB / 10)
    last = int(audible.nonzero()[0][-1]) if audible.any() else 0
    return min(audio.shape[1], (last + 1) * size)


class Finished(NamedTuple):
    """A sound `audio` `[C, N]` ready to be written, and the `gain` that brought it to its level."""

    audio: np.ndarray
    gain: float


def finish(
    audio: np.ndarray, sample_rate: int, target_loudness: float, n_samples: int | None = None, gain: float | None = None
) -> Finished:
    """All of it: no DC, near `target_loudness` (LUFS), no peak over the ceiling, ends that do not click.

    Keeps the first `n_samples`; what follows them in `audio` is heard by the filter only. With the `gain` of an
    earlier call, a longer version of the same sound begins as the shorter one did: nothing else depends on length.
    """
    audio = fade_ends(remove_dc(audio, sample_rate)[:, :n_samples], sample_rate)
    if gain is None:
        gain = level_gain(audio, sample_rate, target_loudness)
    return Finished(limit_peaks(audio * np.float32(gain), sample_rate), gain)
