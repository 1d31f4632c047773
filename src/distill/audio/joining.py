"""Two sounds `[C, N]` made into one without a seam."""

import numpy as np


def crossfaded(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """`before` and then `after`: the last `overlap` samples of the one fade into the first of the other.

    At equal power: right for sounds whose phases have nothing to do with each other.
    """
    angle = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)
    end = before.shape[1] - overlap
    mixed = before[:, end:] * np.cos(angle) + after[:, :overlap] * np.sin(angle)
    return np.concatenate((before[:, :end], mixed, after[:, overlap:]), axis=1)
