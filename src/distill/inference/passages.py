"""The passage of the corpus that a sound is nearest to by ear: windows of coarse log-mel spectra, level left out.

The corpus is kept as pictures, 960 bytes a second: 48 bands, 20 frames a second, half a decibel a step.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from distill.audio.blocks import windows
from distill.audio.features import mel_filterbank, stft
from distill.audio.spatial import pieces

FRAMES_PER_S = 20
PARTS = 4
"""Positions within a frame at which a sound is compared: what is copied does not begin on our frames."""
BANDS = 48
N_FFT = 4096
WINDOW_S = 2.0
RANGE_DB = 50.0
"""What lies farther below the loudest cell of a window is not heard."""
LOWEST_DB = -110.0
STEP_DB = 0.5
SHORTEST = 3
"""Frames: of less there is too little to tell one hit from another."""
MOST_POSITIONS = 400
BLOCK = 4096


class Hits(NamedTuple):
    """What is nearest to windows of a sound, each `[n]`: where they begin and how long they are in seconds, the
    distance in dB, the picture of the corpus and the frame of it where the nearest window begins."""

    start_s: np.ndarray
    seconds: np.ndarray
    distance_db: np.ndarray
    picture: np.ndarray
    frame: np.ndarray


def powers(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power in bands `[PARTS * n, BANDS]` of `audio` `[C, N]`, `PARTS` rows a frame, the mean over channels."""
    hop = round(sample_rate / (FRAMES_PER_S * PARTS))
    bank = mel_filterbank(BANDS, N_FFT, sample_rate)
    rows = []
    for window in windows(pieces(audio), PARTS * hop * 200, hop * -(-N_FFT // hop)):
        sound = torch.from_numpy(np.array(window.sound, np.float32))
        spectrum = stft(F.pad(sound, (0, -sound.shape[1] % hop)), N_FFT, hop)
        power = (spectrum.real.square() + spectrum.imag.square()).mean(0) @ bank
        rows.append(power[window.kept.start // hop : -(-window.kept.stop // hop)].numpy() / (N_FFT / 2) ** 2)
    rows.append(np.zeros((-sum(map(len, rows)) % PARTS, BANDS), np.float32))
    return np.concatenate(rows)


def picture(power: np.ndarray, part: int = 0) -> np.ndarray:
    """Levels `[n, BANDS]` (uint8) of `powers`, frames beginning `part` rows later."""
    count = (len(power) - part) // PARTS
    frames = power[part : part + count * PARTS].reshape(count, PARTS, BANDS).mean(1)
    level = 10 * np.log10(np.maximum(frames, 1e-20)) - LOWEST_DB
    return np.rint((level / STEP_DB).clip(0, 255)).astype(np.uint8)


def nearest(power: np.ndarray, corpus: Sequence[np.ndarray]) -> Hits:
    """The nearest of all windows of the pictures `corpus` `[n, BANDS]` to each of the windows of `powers`.

    Windows are of 2 s, or of the sound's or the picture's length where that is less.
    """
    # Less one, so that the sound can be moved by parts of a frame.
    longest = min(round(WINDOW_S * FRAMES_PER_S), max(1, len(power) // PARTS - 1))
    sizes = [min(longest, len(p)) for p in corpus]
    found = []
    for size in sorted({size for size in sizes if size >= min(SHORTEST, longest)}):
        group = [i for i, s in enumerate(sizes) if s == size]
        found.append(_nearest_of_size(power, corpus, group, size))
    if not found:
        return Hits(*(np.zeros(0) for _ in Hits._fields))
    return Hits(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _nearest_of_size(power: np.ndarray, corpus: Sequence[np.ndarray], group: list[int], size: int) -> Hits:
    starts, asked = _query(power, size)
    best, where = np.full(len(asked), np.inf), np.zeros((2, len(asked)), int)
    for index, first, block in _corpus_windows(corpus, group, size):
        distance = _distances(asked, block)
        here = distance.argmin(1)
        least = distance[np.arange(len(asked)), here]
        nearer = least < best
        best[nearer] = least[nearer]
        where[0, nearer], where[1, nearer] = index, first + here[nearer]
    step = PARTS * FRAMES_PER_S
    return Hits(starts / step, np.full(len(best), size / FRAMES_PER_S), best, where[0], where[1])


def _query(power: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `powers` at which windows begin, and the windows."""
    count = len(power) // PARTS - size
    step = max(1, size // 8, PARTS * count // MOST_POSITIONS)
    rows = [_windows(picture(power, part), size)[::step] for part in range(PARTS)]
    starts = [part + PARTS * step * np.arange(len(some)) for part, some in enumerate(rows)]
    return np.concatenate(starts), _without_level(np.concatenate(rows))


def _corpus_windows(
    corpus: Sequence[np.ndarray], group: Sequence[int], size: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    for index in group:
        levels = corpus[index]
        for first in range(0, len(levels) - size + 1, BLOCK):
            yield index, first, _without_level(_windows(levels[first : first + BLOCK + size - 1], size))


def _windows(levels: np.ndarray, size: int) -> np.ndarray:
    """`[n - size + 1, size * BANDS]` of `[n, BANDS]`; none where `n < size`."""
    if len(levels) < size:
        return np.zeros((0, size * BANDS), levels.dtype)
    views = np.lib.stride_tricks.sliding_window_view(levels, size, axis=0)
    return views.reshape(len(views), -1)


def _without_level(rows: np.ndarray) -> np.ndarray:
    """Levels in dB, floored `RANGE_DB` under the loudest cell of the window, less their mean."""
    level = rows.astype(np.float32) * STEP_DB
    level = np.maximum(level, level.max(1, keepdims=True) - RANGE_DB)
    return level - level.mean(1, keepdims=True)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """RMS difference in dB between all rows of `[n, d]` and `[m, d]`: `[n, m]`."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])
