"""Fades at the ends of a sound, and the crossfade from one sound to another.

Sounds are float32 arrays `[C, N]`: `C` channels, `N` samples.
"""

import numpy as np

FADE_IN_S = 0.001
"""Length of a fade in, in seconds: short enough to leave an attack as it is."""

FADE_OUT_S = 0.01
"""Length of a fade out, in seconds: long enough that a steady sound ends without a click."""

RELEASE_S = 0.08
"""Length of a release, in seconds: a sound that is let go before its end is not heard to be cut."""

RELEASE_SHARE = 0.25
"""Share of a sound that its release takes, at most."""

DIED_DB = -40.0
"""Level of the end of a sound below its loudest part, in dB, from which it needs no release."""


def crossfade(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """Join two sounds `[C, N]`, the end of one fading into the beginning of the other.

    Power stays even for any correlation of the two. The gains are those of equal power, divided by
    the power that the correlation adds (Fink, Holters & Zölzer 2016).

    Args:
        before: Sound `[C, N]` that comes first.
        after: Sound `[C, M]` that follows.
        overlap: Samples over which both sound.

    Returns:
        The joined sound, `[C, N + M - overlap]`.
    """
    angle = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)
    end = before.shape[1] - overlap
    fading = before[:, end:]
    rising = after[:, :overlap]
    product = float(np.linalg.norm(fading) * np.linalg.norm(rising))
    correlation = float((fading * rising).sum()) / max(product, 1e-12)
    # Opposite signals would need an endless gain: they are treated as unlike.
    power = 1 + max(0.0, correlation) * np.sin(2 * angle)
    mix = (fading * np.cos(angle) + rising * np.sin(angle)) / np.sqrt(power)
    parts = (before[:, :end], mix, after[:, overlap:])
    return np.concatenate(parts, axis=1)


def fade_in(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return `audio` `[C, N]` with a fade in of 1 ms, or over half of a shorter sound."""
    copy = audio.copy()
    fade_ends_in_place(copy, sample_rate, start=True, end=False)
    return copy


def fade_out(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return `audio` `[C, N]` with a fade out of 10 ms, or over half of a shorter sound."""
    copy = audio.copy()
    fade_ends_in_place(copy, sample_rate, start=False, end=True)
    return copy


def fade_ends(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return `audio` `[C, N]` with `fade_in` and `fade_out`."""
    copy = audio.copy()
    fade_ends_in_place(copy, sample_rate)
    return copy


def fade_ends_in_place(
    audio: np.ndarray, sample_rate: int, start: bool = True, end: bool = True
) -> None:
    """Fade the `start` and the `end` of `audio` `[C, N]` itself: no second array is needed."""
    n_samples = audio.shape[1]
    if start:
        length = min(n_samples // 2, round(FADE_IN_S * sample_rate))
        # Without its end: the sample after the fade is the first at full level.
        ramp = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
        audio[:, :length] *= ramp
    if end:
        length = min(n_samples // 2, round(FADE_OUT_S * sample_rate))
        ramp = np.linspace(1, 0, length, dtype=np.float32)
        audio[:, n_samples - length :] *= ramp


def release(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return `audio` `[C, N]` that dies away at its end, unless it has done so by itself."""
    window = max(1, round(FADE_OUT_S * sample_rate))
    energy = np.square(audio).sum(axis=0)
    powers = np.add.reduceat(energy, np.arange(0, len(energy), window))
    if energy[-window:].sum() <= powers.max(initial=0) * 10 ** (DIED_DB / 10):
        return audio
    n_samples = audio.shape[1]
    length = min(round(RELEASE_S * sample_rate), round(RELEASE_SHARE * n_samples))
    copy = audio.copy()
    # Half a wave of cosine: neither end of it is a corner.
    copy[:, n_samples - length :] *= (1 + np.cos(np.linspace(0, np.pi, length))) / 2
    return copy.astype(np.float32)
