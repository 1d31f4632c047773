"""Two sounds `[C, N]` made into one without a seam."""

import numpy as np


def crossfaded(before: np.ndarray, after: np.ndarray, overlap: int) -> np.ndarray:
    """`before` and then `after`: the last `overlap` samples of the one fade into the first of the other.

    At equal power, as alike as the two may be there (Fink, Holters, Zölzer 2016).
    """
    angle = np.linspace(0, np.pi / 2, overlap, dtype=np.float32)
    end = before.shape[1] - overlap
    old, new = before[:, end:], after[:, :overlap]
    alike = float((old * new).sum()) / max(float(np.linalg.norm(old) * np.linalg.norm(new)), 1e-12)
    power = 1 + max(0.0, alike) * np.sin(2 * angle)
    mixed = (old * np.cos(angle) + new * np.sin(angle)) / np.sqrt(power)
    return np.concatenate((before[:, :end], mixed, after[:, overlap:]), axis=1)
