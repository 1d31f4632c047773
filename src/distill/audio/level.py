"""Level of a sound: decibels, integrated loudness, RMS of the active parts.

Sounds are arrays `[C, N]` or streams of blocks `[C, n]`, read in pieces, so that a memory-mapped
hour costs no memory. Every channel counts alike, since a file does not say which of its channels
are surrounds.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from pyloudnorm import IIRfilter
from scipy.signal import sosfilt

from distill.audio.blocks import windows

FLOOR_DB = -120.0
"""Level in dB that `db` and `active_rms_db` return for silence."""

# Length in seconds of the pieces that a stream is read in.
_PIECE_S = 10.0

# Step in seconds from one gating block to the next (ITU-R BS.1770-4, section 5.1).
_STEP_S = 0.1

# Steps in a gating block of 400 ms: they overlap by three quarters.
_STEPS_PER_BLOCK = 4

# LU by which K-weighted power in dB exceeds loudness, so that a 997 Hz sine reads its level.
_LOUDNESS_OFFSET = 0.691

# LUFS below which a block counts as silence.
_ABSOLUTE_GATE = -70.0

# Level of the second gate, relative to the mean over the first.
_RELATIVE_GATE_DB = -10.0

# Windows in seconds for `active_rms_db`: one period of 20 Hz, the lowest tone.
_ACTIVE_WINDOW_S = 0.05

# Power of a window relative to the loudest one, from which it is active: -40 dB.
_ACTIVE_SHARE = 1e-4


def db(amplitude: float) -> float:
    """Convert a linear amplitude (full scale at 1.0) to dBFS, `FLOOR_DB` at the lowest."""
    return max(FLOOR_DB, 20.0 * math.log10(max(abs(amplitude), 1e-9)))


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float:
    """Measure the loudness of `audio` `[C, N]` in LUFS (ITU-R BS.1770-4).

    A sound shorter than one block of 400 ms counts as if silence followed. -inf when no block is
    above the gate at -70 LUFS. K-weighting as in pyloudnorm.
    """
    return integrated_loudness_of((audio,), sample_rate)


def integrated_loudness_of(blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """`integrated_loudness` of a stream of blocks `[C, n]`, at least one of them."""
    step = round(_STEP_S * sample_rate)
    size = _STEPS_PER_BLOCK * step
    energies = _step_energies(_at_least(blocks, size), sample_rate, step)
    powers = np.convolve(energies, np.ones(_STEPS_PER_BLOCK), "valid") / size
    loud = powers[powers >= 10.0 ** ((_ABSOLUTE_GATE + _LOUDNESS_OFFSET) / 10.0)]
    if not loud.size:
        return -math.inf
    above = loud[loud > loud.mean() * 10.0 ** (_RELATIVE_GATE_DB / 10.0)]
    return -_LOUDNESS_OFFSET + 10.0 * math.log10(above.mean())


def heard_loudness_of(blocks: Iterable[np.ndarray], sample_rate: int) -> float | None:
    """`integrated_loudness_of` as heard: mono comes from both loudspeakers. None for silence."""
    stereo = (np.repeat(block, 2, axis=0) if len(block) == 1 else block for block in blocks)
    loudness = integrated_loudness_of(stereo, sample_rate)
    return loudness if math.isfinite(loudness) else None


def active_rms_db(audio: np.ndarray, sample_rate: int) -> float:
    """Measure the RMS of the active parts of `audio` `[C, N]` in dBFS.

    Active are the windows of 50 ms within 40 dB of the loudest one.
    """
    return active_rms_db_of((audio,), sample_rate)


def active_rms_db_of(blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """`active_rms_db` of a stream of blocks `[C, n]`; `FLOOR_DB` for an empty stream."""
    size = max(1, round(_ACTIVE_WINDOW_S * sample_rate))
    # One silent window stands for an empty stream.
    energies = [np.zeros(1)]
    lengths = [np.ones(1)]
    for window in windows(blocks, size * round(_PIECE_S / _ACTIVE_WINDOW_S)):
        samples = window.sound[:, window.core].astype(np.float64)
        power = np.square(samples).mean(axis=0)
        starts = np.arange(0, len(power), size)
        energies.append(np.add.reduceat(power, starts))
        lengths.append(np.diff(starts, append=len(power)))
    energy = np.concatenate(energies)
    length = np.concatenate(lengths)
    mean_power = energy / length
    active = mean_power >= mean_power.max() * _ACTIVE_SHARE
    mean_square = energy[active].sum() / length[active].sum()
    return db(math.sqrt(mean_square))


def _at_least(blocks: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """`blocks` `[C, n]`, then silence where they hold fewer than `length` samples in all."""
    channels = 0
    missing = length
    for block in blocks:
        channels = len(block)
        missing -= block.shape[1]
        yield block
    if missing > 0:
        yield np.zeros((channels, missing), np.float32)


def _step_energies(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    step: int,
) -> np.ndarray:
    """K-weighted energy of each step of `step` samples, summed over channels: `[steps]`.

    The stream holds `_STEPS_PER_BLOCK` steps or more.
    """
    # The two stages of the K-weighting, with the parameters that pyloudnorm's own meter uses.
    stages = [
        IIRfilter(4.0, 1 / math.sqrt(2), 1500.0, sample_rate, "high_shelf"),
        IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass"),
    ]
    sections = np.array([np.concatenate((stage.b, stage.a)) for stage in stages])
    state: np.ndarray | None = None
    sums: list[np.ndarray] = []
    n_samples = 0
    for window in windows(blocks, step * round(_PIECE_S / _STEP_S)):
        sound = window.sound[:, window.core].astype(np.float64)
        n_samples += sound.shape[1]
        if state is None:
            state = np.zeros((len(sections), len(sound), 2))
        # Each stage goes on where it stood at the end of the last window.
        sound, state = sosfilt(sections, sound, axis=1, zi=state)
        power = np.square(sound).sum(axis=0)
        starts = np.arange(0, len(power), step)
        sums.append(np.add.reduceat(power, starts))
    energies = np.concatenate(sums)
    # A remainder counts as a whole step when it fills half of one, as in pyloudnorm.
    if 0 < n_samples % step < step / 2:
        return energies[:-1]
    return energies
