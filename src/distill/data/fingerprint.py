"""A small picture of a sound that survives re-encoding and gain, to find the same sound saved twice.

Two grids of band energies, both placed around the sound's centre of energy, so that padding in front
does not matter: a coarse one over the whole sound, and a fine one over two thirds of a second, without
which two takes of one steady noise would look alike. Beyond a minute the centre is estimated from
frames with gaps between them.
"""

import base64
from collections.abc import Iterator

import numpy as np

from distill.settings import SAMPLE_RATE

_WINDOW = 2048
_BANDS = 16
_COARSE, _FINE = 24, 64
_HOP, _FINE_HOP = SAMPLE_RATE // 200, SAMPLE_RATE // 100
_MOST_FRAMES = 12_000
_RANGE_DB, _STEP_DB = 32.0, 0.25

SAME_SOUND_DB = 1.5
"""Mean distance in dB below which two fingerprints are of one sound."""


def fingerprint(audio: np.ndarray) -> str:
    """Picture of `[C, N]` at SAMPLE_RATE as a short string; empty when nothing lies in 40 Hz to 8 kHz."""
    n = audio.shape[1]
    hop = max(_HOP, n // _MOST_FRAMES)
    energies = _band_energies(audio, np.arange(0, n + hop, hop))
    total = energies.sum()
    if total <= 0.0:
        return ""
    per_frame = energies.sum(axis=1) / total
    positions = np.arange(len(energies)) * hop
    centre = float(per_frame @ positions)
    spread = float(np.sqrt(per_frame @ np.square(positions - centre))) + hop
    edges = centre + spread * np.linspace(-2.0, 4.0, _COARSE + 1)
    fine_at = round(centre) + _FINE_HOP * np.arange(-_FINE // 2, _FINE // 2)
    grids = [_resample_energy(energies, positions, hop, edges), _band_energies(audio, fine_at)]
    return base64.b64encode(b"".join(_quantise(grid) for grid in grids)).decode("ascii")


def same_sounds(fingerprints: list[str], lengths: list[int]) -> list[int | None]:
    """For each sound the index of the nearest earlier one that is the same sound, or None.

    `lengths` in samples: only sounds within 10 % or 0.15 s of each other are compared.
    """
    size = (_COARSE + _FINE) * _BANDS
    pictures = np.zeros((len(fingerprints), size), np.float32)
    for index, text in enumerate(fingerprints):
        if text:
            pictures[index] = np.frombuffer(base64.b64decode(text), np.uint8)
    samples = np.array(lengths, np.float64)
    matches: list[int | None] = []
    for index, text in enumerate(fingerprints):
        slack = np.maximum(0.15 * SAMPLE_RATE, 0.1 * samples[index])
        alike = np.abs(samples[:index] - samples[index]) <= slack
        near = [other for other in np.flatnonzero(alike) if fingerprints[other]] if text else []
        distances = _distances(pictures[index], pictures[near])
        best = int(distances.argmin()) if len(near) else -1
        matches.append(int(near[best]) if len(near) and distances[best] < SAME_SOUND_DB else None)
    return matches


def _distances(picture: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The larger of the mean distances of the two grids in dB `[K]`, over cells above the floor in either."""
    difference = np.abs(others - picture) * _STEP_DB
    heard = (others > 0) | (picture > 0)
    cut = _COARSE * _BANDS
    means = [
        difference[:, part].sum(axis=1) / np.maximum(heard[:, part].sum(axis=1), 1)
        for part in (slice(cut), slice(cut, None))
    ]
    return np.maximum(*means)


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
    """Mono windows `[k, _WINDOW]` that begin at `starts`, silence beyond the ends, a batch at a time."""
    n = audio.shape[1]
    for first in range(0, len(starts), batch):
        some = starts[first : first + batch]
        low, high = int(some[0]), int(some[-1]) + _WINDOW
        piece = np.zeros(high - low, np.float32)
        if min(high, n) > max(low, 0):
            piece[max(0, -low) : min(high, n) - low] = audio[:, max(low, 0) : min(high, n)].mean(axis=0)
        yield piece[(some - low)[:, None] + np.arange(_WINDOW)]


def _resample_energy(energies: np.ndarray, positions: np.ndarray, hop: int, edges: np.ndarray) -> np.ndarray:
    """Energy between `edges` (samples) `[len(edges) - 1, _BANDS]`, cells may cut through frames."""
    borders = np.append(positions, positions[-1] + hop) - hop / 2
    summed = np.vstack([np.zeros(_BANDS), np.cumsum(energies, axis=0)])
    return np.diff(np.stack([np.interp(edges, borders, band) for band in summed.T], axis=1), axis=0)
