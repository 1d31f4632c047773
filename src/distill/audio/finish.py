"""Last steps before a generated sound is written: DC, level, peaks, ends. Sounds are `[C, N]`
float32."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.signal import butter, sosfilt

from distill.audio.blocks import pieces, slice_blocks
from distill.audio.fades import fade_in_in_place, fade_out_in_place
from distill.audio.level import integrated_loudness_of
from distill.audio.limiter import limit_blocks

LOUDNESS_TOLERANCE = 2.0
HIGHPASS_HZ = 10.0
LEVEL_ROUNDS = 20
NEAR_ENOUGH = 0.02
INAUDIBLE_DB = -60.0
"""Under the loudest part of a sound its tail is no longer heard."""
TAIL_WINDOW_S = 0.01


def highpass(sample_rate: int) -> np.ndarray:
    """Second-order sections of a filter that takes away what lies under 10 Hz."""
    sos: np.ndarray = butter(1, HIGHPASS_HZ, "highpass", fs=sample_rate, output="sos")
    return np.concatenate((sos, sos))


def remove_dc(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Without what lies under 10 Hz: offsets cost headroom and click at ends."""
    return np.concatenate(list(remove_dc_blocks((audio,), sample_rate)), axis=1)


def remove_dc_blocks(blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """`remove_dc` of a sound that comes in blocks `[C, n]`: the same as of the whole, to the bit.

    It hears what has been only, so that a longer sound begins as a shorter one does.
    """
    sos, state = highpass(sample_rate), None
    for block in blocks:
        state = np.zeros((len(sos), len(block), 2)) if state is None else state
        if block.shape[1]:
            filtered, state = sosfilt(sos, block, axis=1, zi=state)
            block = filtered.astype(np.float32)
        yield block


def level_gain(audio: np.ndarray, sample_rate: int, target: float) -> float:
    """The factor that brings the integrated loudness, after limiting, within 2 dB of `target`
    (LUFS).

    Differences smaller than that are music. 1 where there is nothing to hear, or no target.
    """
    gain = 1.0
    # Limiting costs loudness, so it takes more than one round where peaks are high.
    for _ in range(LEVEL_ROUNDS):
        loudness = integrated_loudness_of(_amplified(audio, gain, sample_rate), sample_rate)
        if not np.isfinite(loudness) or not np.isfinite(target):
            break
        wanted = np.clip(loudness, target - LOUDNESS_TOLERANCE, target + LOUDNESS_TOLERANCE)
        if abs(wanted - loudness) < NEAR_ENOUGH:
            break
        gain *= float(10 ** ((wanted - loudness) / 20))
    return gain


def _amplified(audio: np.ndarray, gain: float, sample_rate: int) -> Iterator[np.ndarray]:
    """`audio` `[C, N]` with a gain and no peak over the ceiling, in blocks."""
    return limit_blocks((piece * np.float32(gain) for piece in pieces(audio)), sample_rate)


def sounding_samples(audio: np.ndarray, sample_rate: int) -> int:
    """How many samples of `[C, N]` go by until it has died away: at least 10 ms, or all of what is
    shorter."""
    size = max(1, round(TAIL_WINDOW_S * sample_rate))
    energy = np.square(audio).sum(axis=0)
    powers = np.add.reduceat(energy, np.arange(0, len(energy), size))
    audible = powers > powers.max() * 10 ** (INAUDIBLE_DB / 10)
    last = int(audible.nonzero()[0][-1]) if audible.any() else 0
    return min(audio.shape[1], (last + 1) * size)


class Finished(NamedTuple):
    """A sound `audio` `[C, N]` ready to be written, and the `gain` that brought it to its level."""

    audio: np.ndarray
    gain: float


def finish(
    audio: np.ndarray,
    sample_rate: int,
    target_loudness: float,
    n_samples: int | None = None,
    gain: float | None = None,
) -> Finished:
    """All of it: no DC, near `target_loudness` (LUFS), no peak over the ceiling, ends that do not
    click.

    Keeps the first `n_samples`. With the `gain` of an earlier call, a longer version of the same
    sound begins as the shorter one did, to the bit: nothing else depends on length, but for a fade
    of 10 ms and the reach of the limiter.
    """
    length = audio.shape[1] if n_samples is None else n_samples
    return finish_blocks((audio,), len(audio), sample_rate, target_loudness, length, gain)


def finish_blocks(
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int,
    target_loudness: float,
    n_samples: int,
    gain: float | None = None,
) -> Finished:
    """`finish` of a sound that comes in blocks `[C, n]`, in hardly more memory than what is
    returned."""
    audio = np.empty((channels, n_samples), np.float32)
    _fill(audio, slice_blocks(remove_dc_blocks(blocks, sample_rate), 0, n_samples))
    fade_in_in_place(audio, sample_rate)
    fade_out_in_place(audio, sample_rate)
    if gain is None:
        gain = level_gain(audio, sample_rate, target_loudness)
    # What is read is ahead of what is written.
    _fill(audio, _amplified(audio, gain, sample_rate))
    return Finished(audio, gain)


def _fill(audio: np.ndarray, blocks: Iterable[np.ndarray]) -> None:
    """Write `blocks` `[C, n]`, as many samples as there is room for, into `audio`."""
    at = 0
    for block in blocks:
        audio[:, at : at + block.shape[1]] = block
        at += block.shape[1]
