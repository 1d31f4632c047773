"""How loud a sound is: decibels, integrated loudness, level of its active parts.

Arrays are read in pieces, so that a memory-mapped hour costs no memory. Every channel counts alike,
since a file does not say which of its channels are surrounds.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from pyloudnorm import IIRfilter
from scipy.signal import lfilter

from distill.audio.blocks import windows

FLOOR_DB = -120.0
"""What `db` and `active_rms_db` return for silence."""

_PIECE_S = 10.0


def db(x: float) -> float:
    """Amplitude (1.0 is full scale) to decibels, -120 at the lowest."""
    return max(FLOOR_DB, 20.0 * math.log10(max(abs(x), 1e-9)))


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float:
    """Loudness of `[C, N]` in LUFS (ITU-R BS.1770-4, K-weighting and gates of pyloudnorm).

    Sounds shorter than one 400 ms block count as if silence followed; -inf when no block is above
    the gate at -70 LUFS.
    """
    return integrated_loudness_of((audio,), sample_rate)


def integrated_loudness_of(blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """`integrated_loudness` of a sound that comes in blocks `[C, n]` of any lengths, at least
    one."""
    step = round(0.1 * sample_rate)
    energies = _step_energies(_at_least(blocks, 4 * step), sample_rate, step)
    blocks = np.convolve(energies, np.ones(4), "valid") / (4 * step)
    heard = blocks[blocks >= _power(-70.0)]
    if not heard.size:
        return -math.inf
    gated = heard[heard > heard.mean() * _power(-10.0, offset=0.0)]
    return -0.691 + 10.0 * math.log10(gated.mean())


def active_rms_db(audio: np.ndarray, sample_rate: int) -> float:
    """RMS of `[C, N]` in dBFS over the 50 ms windows that lie within 40 dB of the loudest one."""
    return active_rms_db_of((audio,), sample_rate)


def active_rms_db_of(blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """`active_rms_db` of a sound that comes in blocks `[C, n]` of any lengths; -120 for none."""
    size = max(1, round(0.05 * sample_rate))
    powers, lengths = [np.zeros(1)], [np.ones(1)]
    for piece in windows(blocks, size * round(_PIECE_S / 0.05)):
        power = np.square(piece.sound[:, piece.core].astype(np.float64)).mean(axis=0)
        starts = np.arange(0, len(power), size)
        powers.append(np.add.reduceat(power, starts))
        lengths.append(np.diff(starts, append=len(power)))
    energy, length = np.concatenate(powers), np.concatenate(lengths)
    active = energy / length >= (energy / length).max() * 1e-4
    return db(math.sqrt(energy[active].sum() / length[active].sum()))


def _power(loudness: float, offset: float = 0.691) -> float:
    return 10.0 ** ((loudness + offset) / 10.0)


def _at_least(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """`blocks` `[C, n]`, and silence after them where all are shorter than `length` samples."""
    channels = 0
    for block in blocks:
        channels, length = len(block), length - block.shape[1]
        yield block
    if length > 0:
        yield np.zeros((channels, length), np.float32)


def _step_energies(blocks: Iterable[np.ndarray], sample_rate: int, step: int) -> np.ndarray:
    """K-weighted energy of each 100 ms step, summed over channels `[S]`, of four steps or more."""
    # The two stages of the K-weighting, with the parameters that pyloudnorm's own meter uses.
    stages = [
        IIRfilter(4.0, 1 / math.sqrt(2), 1500.0, sample_rate, "high_shelf"),
        IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass"),
    ]
    states: list[np.ndarray] = []
    sums: list[np.ndarray] = []
    length = 0
    for window in windows(blocks, step * round(_PIECE_S / 0.1)):
        piece = window.sound[:, window.core].astype(np.float64)
        length += piece.shape[1]
        states = states or [np.zeros((len(piece), 2)) for _ in stages]
        for index, stage in enumerate(stages):
            piece, states[index] = lfilter(stage.b, stage.a, piece, zi=states[index])
        power = np.square(piece).sum(axis=0)
        sums.append(np.add.reduceat(power, np.arange(0, len(power), step)))
    energies = np.concatenate(sums)
    # A remainder counts as a whole step when it fills half of one, as in pyloudnorm.
    if 0 < length % step < step / 2:
        return energies[:-1]
    return energies
