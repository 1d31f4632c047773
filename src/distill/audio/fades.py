"""Two sounds `[C, N]` made into one without a seam."""

import numpy as np


def crossfade(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """`before` and then `after`: the last `overlap` samples of the one fade into the first of the
    other.

    At equal power, as alike as the two may be there (Fink, Holters, Zölzer 2016).
    """
    angle = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)
    end = before.shape[1] - overlap
    old, new = before[:, end:], after[:, :overlap]
    alike = float((old * new).sum()) / max(float(np.linalg.norm(old) * np.linalg.norm(new)), 1e-12)
    power = 1 + max(0.0, alike) * np.sin(2 * angle)
    mixed = (old * np.cos(angle) + new * np.sin(angle)) / np.sqrt(power)
    return np.concatenate((before[:, :end], mixed, after[:, overlap:]), axis=1)


FADE_IN_S = 0.001


FADE_OUT_S = 0.01


def fade_in(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A fade of 1 ms in, or over half the sound if that is shorter."""
    faded = audio.copy()
    fade_in_in_place(faded, sample_rate)
    return faded


def fade_in_in_place(audio: np.ndarray, sample_rate: int) -> None:
    length = min(audio.shape[1] // 2, round(FADE_IN_S * sample_rate))
    audio[:, :length] *= np.linspace(0, 1, length, endpoint=False, dtype=np.float32)


def fade_out(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """A fade of 10 ms out, or over half the sound if that is shorter."""
    faded = audio.copy()
    fade_out_in_place(faded, sample_rate)
    return faded


def fade_out_in_place(audio: np.ndarray, sample_rate: int) -> None:
    length = min(audio.shape[1] // 2, round(FADE_OUT_S * sample_rate))
    audio[:, audio.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)


def fade_ends(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Both."""
    return fade_out(fade_in(audio, sample_rate), sample_rate)
