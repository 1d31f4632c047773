"""Audio fingerprint that survives re-encoding and gain: it finds the same sound saved twice.

A fingerprint is two grids of band energies around the sound's centre of energy, so that padding in
front does not matter. The coarse grid covers the whole sound. The fine one covers two thirds of a
second, without which two recordings of one steady noise would look alike. In sounds over a minute
the centre is estimated from frames with gaps between them.
"""

import base64
from collections.abc import Iterator

import numpy as np

from distill.settings import SAMPLE_RATE

# Samples of a spectrum: 43 ms.
_WINDOW = 2048

# Frequency bands of both grids.
_BANDS = 16

# Lower edge of the lowest band in Hz.
_LOWEST_HZ = 40.0

# Upper edge of the highest band in Hz: lossy formats change the sound above.
_HIGHEST_HZ = 8000.0

# Columns of the coarse grid, from 2 spreads of the energy before its centre to 4 after it.
_COARSE = 24

# Columns of the fine grid, 5 ms each.
_FINE = 128

# Shifts of the fine grid, in columns, that are tried in either direction.
_SHIFTS = 33

# Nearest sounds by the coarse grid whose fine grids are compared: the comparison is slow.
_CANDIDATES = 3

# Samples from one frame to the next: 5 ms.
_HOP = SAMPLE_RATE // 200

# Frames of the coarse grid of a long sound: one minute's worth.
_MOST_FRAMES = 12_000

# Range of levels in a grid, in dB below the loudest cell.
_RANGE_DB = 32.0

# Resolution of a level in dB: with the range, 128 steps of a byte.
_STEP_DB = 0.25

# Difference in length in seconds up to which two sounds are compared: padding by lossy formats.
_LENGTH_SLACK_S = 0.12

# Difference in length, as a share, up to which two sounds are compared.
_LENGTH_SLACK = 0.05

SAME_SOUND_DB = 1.35
"""Mean distance in dB below which two fingerprints are of one sound."""


def fingerprint(audio: np.ndarray) -> str:
    """Fingerprint of `audio` `[C, N]` at `SAMPLE_RATE`, as text.

    Empty if there is no energy between 40 Hz and 8 kHz.
    """
    N = audio.shape[1]
    hop = max(_HOP, N // _MOST_FRAMES)
    half = _WINDOW // 2
    positions = np.arange(-half, N + half + hop, hop)
    energies = _band_energies(audio, positions)
    total = energies.sum()
    if total <= 0.0:
        return ""
    share = energies.sum(axis=1) / total
    centre = float(share @ positions)
    deviation = float(np.sqrt(share @ np.square(positions - centre)))
    # Not below the length of a window, or the grid would show where the frames happen to lie.
    spread = max(_WINDOW, hop, deviation)
    edges = centre + spread * np.linspace(-2.0, 4.0, _COARSE + 1)
    coarse = _resample_energy(energies, positions, hop, edges)
    columns = np.arange(-_FINE // 2, _FINE // 2)
    fine = _band_energies(audio, round(centre) + _HOP * columns)
    content = _quantise(coarse) + _quantise(fine)
    return base64.b64encode(content).decode("ascii")


def same_sounds(fingerprints: list[str], lengths: list[int]) -> list[int | None]:
    """Find the sounds that are the same as an earlier one.

    Args:
        fingerprints: One of each sound.
        lengths: Samples of each sound. Only sounds within 5 % or 0.12 s of each other are compared.

    Returns:
        For each sound, the index of the nearest earlier one that is the same, or None.
    """
    size = (_COARSE + _FINE) * _BANDS
    levels = np.zeros((len(fingerprints), size), np.float32)
    for index, text in enumerate(fingerprints):
        if text:
            levels[index] = np.frombuffer(base64.b64decode(text), np.uint8)
    has_fingerprint = np.array([bool(text) for text in fingerprints], bool)
    samples = np.array(lengths, np.float64)
    matches: list[int | None] = []
    for index, text in enumerate(fingerprints):
        slack = np.maximum(_LENGTH_SLACK_S * SAMPLE_RATE, _LENGTH_SLACK * samples[index])
        is_alike = np.abs(samples[:index] - samples[index]) <= slack
        candidates = np.flatnonzero(is_alike & has_fingerprint[:index])
        has_match = text and candidates.size
        matches.append(_nearest(levels, index, candidates) if has_match else None)
    return matches


def _nearest(levels: np.ndarray, index: int, candidates: np.ndarray) -> int | None:
    """The nearest of `candidates` (indices) that is the same sound as sound `index`, or None.

    `levels` `[sounds, (_COARSE + _FINE) * _BANDS]` holds both grids of each sound.
    """
    border = _COARSE * _BANDS
    coarse = levels[:, :border]
    fine = levels[:, border:].reshape(-1, _FINE, _BANDS)
    distances = _mean_distance(coarse[candidates], coarse[index])
    # A few will do: among hundreds of recordings of one noise the fine grids would take minutes.
    for nearest in np.argsort(distances, kind="stable")[:_CANDIDATES]:
        candidate = int(candidates[nearest])
        if distances[nearest] >= SAME_SOUND_DB:
            continue
        if _shifted_distance(fine[candidate], fine[index]) < SAME_SOUND_DB:
            return candidate
    return None


def _shifted_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Smallest distance in dB of two fine grids `[_FINE, _BANDS]` over small shifts in time.

    Lossy formats change levels a little here and there, which moves the centre of a long sound.
    """
    distances = []
    for shift in range(_SHIFTS):
        overlap = _FINE - shift
        distances.append(_mean_distance(first[shift:].ravel(), second[:overlap].ravel()))
        distances.append(_mean_distance(first[:overlap].ravel(), second[shift:].ravel()))
    return float(min(distances))


def _mean_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distance in dB over the last axis of quantised levels `[..., n]` and `[n]`.

    Loud cells weigh more.
    """
    weights = np.maximum(first, second)
    difference = np.abs(first - second) * _STEP_DB * weights
    return difference.sum(axis=-1) / np.maximum(weights.sum(axis=-1), 1.0)


def _quantise(energies: np.ndarray) -> bytes:
    """Levels of a grid of energies, one byte each."""
    # Relative to the loudest cell, so that gain drops out.
    relative = energies / max(energies.max(), 1e-30)
    levels = 10.0 * np.log10(np.maximum(relative, 1e-30))
    steps = np.maximum(levels + _RANGE_DB, 0.0) / _STEP_DB
    return np.rint(steps).astype(np.uint8).tobytes()


def _band_energies(audio: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Energies of bands of windows.

    Args:
        audio: Sound `[C, N]`.
        positions: Samples `[T]` on which the windows are centred.

    Returns:
        Energies `[T, _BANDS]`.
    """
    hz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)[:, None]
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _BANDS + 1)
    is_inside = (hz >= edges[:-1]) & (hz < edges[1:])
    bands = is_inside.astype(np.float64)
    window = np.hanning(_WINDOW).astype(np.float32)
    parts = []
    for frames in _frames(audio, positions - _WINDOW // 2):
        power = np.square(np.abs(np.fft.rfft(frames * window)))
        parts.append(power @ bands)
    return np.concatenate(parts)


def _frames(audio: np.ndarray, starts: np.ndarray, batch: int = 128) -> Iterator[np.ndarray]:
    """Yield mono windows `[batch, _WINDOW]` that begin at `starts`; beyond the ends is silence."""
    N = audio.shape[1]
    for index in range(0, len(starts), batch):
        batch_starts = starts[index : index + batch]
        first = int(batch_starts[0])
        end = int(batch_starts[-1]) + _WINDOW
        piece = np.zeros(end - first, np.float32)
        # The part of the piece that lies inside the sound.
        start = max(first, 0)
        stop = min(end, N)
        if stop > start:
            piece[start - first : stop - first] = audio[:, start:stop].mean(axis=0)
        offsets = batch_starts - first
        yield piece[offsets[:, None] + np.arange(_WINDOW)]


def _resample_energy(
    energies: np.ndarray, positions: np.ndarray, hop: int, edges: np.ndarray
) -> np.ndarray:
    """Energies in cells that may cut through frames.

    Args:
        energies: Energies `[T, _BANDS]` of frames.
        positions: Their centres `[T]` in samples.
        hop: Samples from one frame to the next.
        edges: Borders of the cells in samples, `[cells + 1]`.

    Returns:
        Energies `[cells, _BANDS]`.
    """
    borders = np.append(positions, positions[-1] + hop) - hop / 2
    # Energy before each border; between borders it grows evenly.
    total = np.vstack([np.zeros(_BANDS), np.cumsum(energies, axis=0)])
    at_edges = [np.interp(edges, borders, band) for band in total.T]
    return np.diff(np.stack(at_edges, axis=1), axis=0)
