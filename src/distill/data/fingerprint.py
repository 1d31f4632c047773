"""A small picture of a sound that survives re-encoding and gain, to find the same sound saved
twice.

Two grids of band energies, both placed around the sound's centre of energy, so that padding in
front does not matter: a coarse one over the whole sound, and a fine one over two thirds of a
second, without which two takes of one steady noise would look alike. Beyond a minute the centre is
estimated from frames with gaps between them.
"""

import base64
from collections.abc import Iterator

import numpy as np

from distill.settings import SAMPLE_RATE

_WINDOW = 2048
_BANDS = 16
_COARSE, _FINE, _MOST_SHIFT = 24, 128, 33
_CANDIDATES = 3
_HOP = SAMPLE_RATE // 200
_MOST_FRAMES = 12_000
_RANGE_DB, _STEP_DB = 32.0, 0.25

SAME_SOUND_DB = 1.35
"""Mean distance in dB below which two fingerprints are of one sound."""


def fingerprint(audio: np.ndarray) -> str:
    """Picture of `[C, N]` at SAMPLE_RATE as a short string; empty when nothing lies in 40 Hz to 8
    kHz."""
    n = audio.shape[1]
    hop = max(_HOP, n // _MOST_FRAMES)
    positions = np.arange(-_WINDOW // 2, n + _WINDOW // 2 + hop, hop)
    energies = _band_energies(audio, positions)
    total = energies.sum()
    if total <= 0.0:
        return ""
    per_frame = energies.sum(axis=1) / total
    centre = float(per_frame @ positions)
    # Not below the length of a window, or the grid would show where the frames happen to lie.
    spread = max(_WINDOW, hop, float(np.sqrt(per_frame @ np.square(positions - centre))))
    edges = centre + spread * np.linspace(-2.0, 4.0, _COARSE + 1)
    fine_at = round(centre) + _HOP * np.arange(-_FINE // 2, _FINE // 2)
    grids = [_resample_energy(energies, positions, hop, edges), _band_energies(audio, fine_at)]
    return base64.b64encode(b"".join(_quantise(grid) for grid in grids)).decode("ascii")


def same_sounds(fingerprints: list[str], lengths: list[int]) -> list[int | None]:
    """For each sound the index of the nearest earlier one that is the same sound, or None.

    `lengths` in samples: only sounds within 5 % or 0.12 s of each other are compared.
    """
    size = (_COARSE + _FINE) * _BANDS
    pictures = np.zeros((len(fingerprints), size), np.float32)
    for index, text in enumerate(fingerprints):
        if text:
            pictures[index] = np.frombuffer(base64.b64decode(text), np.uint8)
    samples = np.array(lengths, np.float64)
    matches: list[int | None] = []
    for index, text in enumerate(fingerprints):
        slack = np.maximum(0.12 * SAMPLE_RATE, 0.05 * samples[index])
        alike = np.abs(samples[:index] - samples[index]) <= slack
        near = np.array([other for other in np.flatnonzero(alike) if fingerprints[other]], np.intp)
        matches.append(_nearest(pictures, index, near) if text and near.size else None)
    return matches


def _nearest(pictures: np.ndarray, index: int, others: np.ndarray) -> int | None:
    """The one of `others` that is the same sound as `index`, the nearest by the coarse grid."""
    cut = _COARSE * _BANDS
    coarse = _mean_distance(pictures[others, :cut], pictures[index, :cut])
    fine = pictures[:, cut:].reshape(-1, _FINE, _BANDS)
    # A few will do: among hundreds of takes of one noise the fine grids would take minutes.
    for candidate in np.argsort(coarse, kind="stable")[:_CANDIDATES]:
        other = int(others[candidate])
        if (
            coarse[candidate] < SAME_SOUND_DB
            and _shifted_distance(fine[other], fine[index]) < SAME_SOUND_DB
        ):
            return other
    return None


def _shifted_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Smallest distance of two fine grids `[_FINE, _BANDS]` over small shifts in time.

    Lossy formats change levels a little here and there, which moves the centre of a long sound.
    """
    pairs = [(first[shift:], second[: _FINE - shift]) for shift in range(_MOST_SHIFT)]
    pairs += [(first[: _FINE - shift], second[shift:]) for shift in range(1, _MOST_SHIFT)]
    return min(float(_mean_distance(one.ravel(), other.ravel())) for one, other in pairs)


def _mean_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distance in dB over the last axis; loud cells weigh more."""
    weights = np.maximum(first, second)
    difference = np.abs(first - second) * _STEP_DB * weights
    return difference.sum(axis=-1) / np.maximum(weights.sum(axis=-1), 1.0)


def _quantise(energies: np.ndarray) -> bytes:
    # Relative to the loudest cell, so that gain drops out.
    levels = 10.0 * np.log10(np.maximum(energies / max(energies.max(), 1e-30), 1e-30))
    return np.rint(np.maximum(levels + _RANGE_DB, 0.0) / _STEP_DB).astype(np.uint8).tobytes()


def _band_energies(audio: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Energy in bands `[K, _BANDS]` of windows centred on sample `positions` `[K]`."""
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)
    edges = np.geomspace(40.0, 8000.0, _BANDS + 1)
    bands = (frequencies[:, None] >= edges[:-1]) & (frequencies[:, None] < edges[1:])
    window = np.hanning(_WINDOW).astype(np.float32)
    parts = [
        np.square(np.abs(np.fft.rfft(frames * window))) @ bands.astype(np.float64)
        for frames in _frames(audio, positions - _WINDOW // 2)
    ]
    return np.concatenate(parts)


def _frames(audio: np.ndarray, starts: np.ndarray, batch: int = 128) -> Iterator[np.ndarray]:
    """Mono windows `[k, _WINDOW]` that begin at `starts`, silence beyond the ends, a batch at a
    time."""
    n = audio.shape[1]
    for first in range(0, len(starts), batch):
        some = starts[first : first + batch]
        low, high = int(some[0]), int(some[-1]) + _WINDOW
        piece = np.zeros(high - low, np.float32)
        if min(high, n) > max(low, 0):
            piece[max(0, -low) : min(high, n) - low] = audio[:, max(low, 0) : min(high, n)].mean(
                axis=0
            )
        yield piece[(some - low)[:, None] + np.arange(_WINDOW)]


def _resample_energy(
    energies: np.ndarray, positions: np.ndarray, hop: int, edges: np.ndarray
) -> np.ndarray:
    """Energy between `edges` (samples) `[len(edges) - 1, _BANDS]`, cells may cut through frames."""
    borders = np.append(positions, positions[-1] + hop) - hop / 2
    summed = np.vstack([np.zeros(_BANDS), np.cumsum(energies, axis=0)])
    return np.diff(np.stack([np.interp(edges, borders, band) for band in summed.T], axis=1), axis=0)
