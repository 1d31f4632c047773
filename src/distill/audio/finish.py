"""Mastering of a generated sound: DC removal, loudness, peak limiting, fades at the ends.

Sounds are float32 arrays `[C, N]`: `C` channels, `N` samples. Each step also runs on a stream of
blocks and then gives the same samples as on the whole sound.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.signal import butter, sosfilt

from distill.audio.blocks import pieces, slice_blocks
from distill.audio.fades import fade_ends_in_place
from distill.audio.level import integrated_loudness_of
from distill.audio.limiter import CEILING_DB, limit_blocks

LOUDNESS_TOLERANCE = 2.0
"""Distance from the target in LU within which a loudness stays: smaller differences are musical."""

HIGHPASS_HZ = 10.0
"""Corner frequency of the DC filter in Hz: well below hearing."""

LEVEL_ROUNDS = 20
"""Most rounds of raising the gain: limiting costs loudness, so that one round is not enough."""

NEAR_ENOUGH = 0.02
"""Distance in LU from the tolerated loudness at which the rounds end: inaudible."""

INAUDIBLE_DB = -60.0
"""Level of a tail in dB relative to the loudest window, below which the sound has died away."""

TAIL_WINDOW_S = 0.01
"""Windows in seconds in which the level of a tail is measured."""


def highpass(sample_rate: int) -> np.ndarray:
    """Second-order sections `[2, 6]` of the DC filter: a first-order high-pass, twice."""
    sections: np.ndarray = butter(1, HIGHPASS_HZ, "highpass", fs=sample_rate, output="sos")
    return np.concatenate((sections, sections))


def remove_dc(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return `audio` `[C, N]` without frequencies below 10 Hz.

    Offsets cost headroom and click at the ends.
    """
    return np.concatenate(list(remove_dc_blocks(pieces(audio), sample_rate)), axis=1)


def remove_dc_blocks(blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """`remove_dc` of a stream of blocks `[C, n]`: the same as of the whole sound, to the bit.

    The filter is causal, so that a longer sound begins as a shorter one does.
    """
    sections = highpass(sample_rate)
    state = None
    for block in blocks:
        if state is None:
            state = np.zeros((len(sections), len(block), 2))
        if block.shape[1]:
            output, state = sosfilt(sections, block, axis=1, zi=state)
            block = output.astype(np.float32)
        yield block


def level_gain(
    audio: np.ndarray,
    sample_rate: int,
    target: float,
    tolerance: float = LOUDNESS_TOLERANCE,
) -> float:
    """Find the gain that brings a sound, limited afterwards, near a loudness.

    Args:
        audio: Sound `[C, N]`.
        sample_rate: In Hz.
        target: Integrated loudness in LUFS; NaN or infinite for none.
        tolerance: Distance from it in LU within which a loudness stays.

    Returns:
        A linear factor. 1 where the sound has no loudness (silence) or there is no target.
    """
    # The gain beyond which the limiter changes the sound.
    highest = 10 ** (CEILING_DB / 20) / max(float(np.abs(audio).max(initial=0.0)), 1e-9)
    gain = 1.0
    for _ in range(LEVEL_ROUNDS):
        loudness = integrated_loudness_of(_amplify(audio, gain, sample_rate), sample_rate)
        if not np.isfinite(loudness) or not np.isfinite(target):
            break
        goal = np.clip(loudness, target - tolerance, target + tolerance)
        if abs(goal - loudness) < NEAR_ENOUGH:
            break
        was_limited = gain > highest
        gain *= float(10 ** ((goal - loudness) / 20))
        if not was_limited and gain <= highest:
            # Without limiting, the loudness changes just as the gain does.
            break
    return gain


def _amplify(
    audio: np.ndarray,
    gain: float,
    sample_rate: int,
) -> Iterator[np.ndarray]:
    """`audio` `[C, N]` times `gain`, limited, in blocks `[C, n]`."""
    factor = np.float32(gain)
    return limit_blocks((piece * factor for piece in pieces(audio)), sample_rate)


def sounding_samples(audio: np.ndarray, sample_rate: int) -> int:
    """Length in samples until `audio` `[C, N]` has died away.

    At least 10 ms, or the length of a shorter sound.
    """
    size = max(1, round(TAIL_WINDOW_S * sample_rate))
    energy = np.square(audio).sum(axis=0)
    starts = np.arange(0, len(energy), size)
    powers = np.add.reduceat(energy, starts)
    audible = powers > powers.max() * 10 ** (INAUDIBLE_DB / 10)
    # Of silence, the first window stays.
    last = int(audible.nonzero()[0][-1]) if audible.any() else 0
    return min(audio.shape[1], (last + 1) * size)


class FinishedSound(NamedTuple):
    """A sound `audio` `[C, N]` ready to be written, and the linear `gain` that was applied."""

    audio: np.ndarray
    gain: float


def finish(
    audio: np.ndarray,
    sample_rate: int,
    target_loudness: float,
    n_samples: int | None = None,
    gain: float | None = None,
) -> FinishedSound:
    """Master a sound: no DC, near a loudness, no peak over the ceiling, ends without clicks.

    With the `gain` of an earlier call, a longer version of the same sound begins as the shorter
    one did, to the bit. Only the last 10 ms and the reach of the limiter depend on the length.

    Args:
        audio: Sound `[C, N]`.
        sample_rate: In Hz.
        target_loudness: Integrated loudness in LUFS; NaN for the loudness as it is.
        n_samples: Samples of the result, at most `N`; None for all.
        gain: Linear gain to apply; None finds it by `level_gain`.
    """
    length = audio.shape[1] if n_samples is None else n_samples
    return finish_blocks(pieces(audio), len(audio), sample_rate, target_loudness, length, gain)


def finish_blocks(
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int,
    target_loudness: float,
    n_samples: int,
    gain: float | None = None,
) -> FinishedSound:
    """`finish` of a stream of blocks `[C, n]`, in hardly more memory than the result takes.

    Args:
        blocks: The sound, at least `n_samples` long in all.
        channels: `C`.
        sample_rate: In Hz.
        target_loudness: Integrated loudness in LUFS; NaN for the loudness as it is.
        n_samples: Samples of the result.
        gain: Linear gain to apply; None finds it by `level_gain`.
    """
    audio = np.empty((channels, n_samples), np.float32)
    _fill(audio, slice_blocks(remove_dc_blocks(blocks, sample_rate), 0, n_samples))
    fade_ends_in_place(audio, sample_rate)
    if gain is None:
        gain = level_gain(audio, sample_rate, target_loudness)
    # In place: the limiter reads ahead of the samples that are overwritten.
    _fill(audio, _amplify(audio, gain, sample_rate))
    return FinishedSound(audio, gain)


def _fill(audio: np.ndarray, blocks: Iterable[np.ndarray]) -> None:
    """Write `blocks` `[C, n]` one after the other into `audio` `[C, N]`."""
    position = 0
    for block in blocks:
        stop = position + block.shape[1]
        audio[:, position:stop] = block
        position = stop
