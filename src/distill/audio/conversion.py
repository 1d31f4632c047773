"""Sounds in the shape of a delivery: width, place, channels, sample rate and loudness.

`C` channels, `N` samples, `n` samples in a block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from distill.audio.binaural import render_binaural
from distill.audio.blocks import pieces
from distill.audio.delivery import Delivery
from distill.audio.finish import level_gain
from distill.audio.level import integrated_loudness
from distill.audio.limiter import CEILING_DB, FULL_SCALE_DB, limit_blocks, limit_peaks
from distill.audio.resampling import resample_blocks
from distill.audio.stereo import mix_channels, scale_side
from distill.audio.timing import Timing
from distill.audio.write import write_sound_blocks
from distill.errors import UsageError
from distill.files import FilePath

TOLERANCE_LU = 0.5
"""Distance from a loudness that is asked for, in LU, beyond which that is said."""


def deliver_blocks(
    path: FilePath,
    blocks: Iterable[np.ndarray],
    channels: int,
    sample_rate: int,
    delivery: Delivery,
    tags: dict[str, str] | None = None,
    timing: Timing | None = None,
) -> Path:
    """Write a stream of blocks as a delivery asks for.

    A target of loudness, and binaural sound, keep all of it in memory.

    Args:
        path: File to write; an earlier one is replaced.
        blocks: The sound, `[C, n]` each.
        channels: `C`.
        sample_rate: Of `blocks`, in Hz.
        delivery: The form of the file.
        tags: Texts to store with the sound.
        timing: Tempo and beats for other programs.

    Raises:
        UsageError: The sound has no width, the limiter cannot make it as loud, or the format does
            not have what is asked for.
        AudioError: The format cannot hold this sound.
        OutputError: The file cannot be written.
    """
    return write_sound_blocks(
        path,
        shape_blocks(blocks, sample_rate, delivery),
        delivery.channels(channels),
        delivery.rate or sample_rate,
        delivery.encoding,
        tags,
        timing,
    )


def shape_blocks(
    blocks: Iterable[np.ndarray], sample_rate: int, delivery: Delivery
) -> Iterator[np.ndarray]:
    """`shape_sound` of a stream of blocks `[C, n]`.

    In bounded memory, unless a loudness or a place is asked for.
    """
    if not delivery.has_shape:
        yield from blocks
    elif delivery.loudness_target is not None or delivery.binaural is not None:
        audio = np.concatenate(list(blocks), axis=1)
        yield from pieces(shape_sound(audio, sample_rate, delivery))
    else:
        rate = delivery.rate or sample_rate
        yield from limit_blocks(_convert(blocks, sample_rate, delivery), rate, FULL_SCALE_DB)


def shape_sound(
    audio: np.ndarray, sample_rate: int, delivery: Delivery, is_loop: bool = False
) -> np.ndarray:
    """Bring a sound to the shape that is asked for.

    Args:
        audio: Sound `[C, N]`.
        sample_rate: In Hz.
        delivery: The shape.
        is_loop: Whether its end flows into its start, and has to afterwards.

    Returns:
        The sound at the rate of the delivery, `round(N * rate / sample_rate)` samples long, with no
        peak above full scale. Binaural sound is as loud as it was.

    Raises:
        AudioError: The SOFA file cannot be used.
        UsageError: A sound of one channel has no width, the limiter cannot make it as loud, or the
            SOFA file has nothing near the place.
    """
    if not delivery.has_shape:
        return audio
    if delivery.binaural is not None:
        ears = _place(audio, sample_rate, delivery, is_loop)
        rest = replace(delivery.without_space, rate=delivery.rate or sample_rate)
        return shape_sound(ears, sample_rate, rest, is_loop)
    rate = delivery.rate or sample_rate
    # Resampler and limiter look around: a loop has its other end there. A second is a whole number
    # of samples at every rate.
    margin = 1 if is_loop else 0
    around = np.pad(audio, ((0, 0), (margin * sample_rate, margin * sample_rate)), "wrap")
    sound = np.concatenate(list(_convert(pieces(around), sample_rate, delivery)), axis=1)
    length = max(1, round(audio.shape[1] * rate / sample_rate))
    core = slice(margin * rate, margin * rate + length)
    target = delivery.loudness_target
    if target is None:
        return limit_peaks(sound, rate, FULL_SCALE_DB)[:, core]
    gain = level_gain(sound[:, core], rate, target, tolerance=0.0)
    limited = limit_peaks(sound * np.float32(gain), rate, CEILING_DB)[:, core]
    _check_loudness(limited, rate, target)
    return limited


def _place(audio: np.ndarray, sample_rate: int, delivery: Delivery, is_loop: bool) -> np.ndarray:
    """A sound `[C, N]` as two ears hear it, with its width, and as loud as it was."""
    loudness = integrated_loudness(audio, sample_rate)
    ears = render_binaural(_mix(audio, delivery), sample_rate, delivery, is_loop)
    change = loudness - integrated_loudness(ears, sample_rate)
    # Silence has no loudness.
    return ears * np.float32(10 ** (change / 20)) if np.isfinite(change) else ears


def _convert(
    blocks: Iterable[np.ndarray], sample_rate: int, delivery: Delivery
) -> Iterator[np.ndarray]:
    """Blocks `[C, n]` with the width, channels and rate of a delivery."""
    return resample_blocks(
        (_mix(block, delivery) for block in blocks), sample_rate, delivery.rate or sample_rate
    )


def _mix(block: np.ndarray, delivery: Delivery) -> np.ndarray:
    """A block `[C, n]` with the width and channels of a delivery."""
    if delivery.width is not None:
        check_width(delivery, len(block))
        return scale_side(block, delivery.width)
    return mix_channels(block, 1) if delivery.mono else block


def check_width(delivery: Delivery, channels: int) -> None:
    """`UsageError` for a width of a sound that was made in one channel."""
    if delivery.width is not None and channels != 2:
        raise UsageError("A mono sound has no width: leave out --width.")


def _check_loudness(audio: np.ndarray, sample_rate: int, target: float) -> None:
    """`UsageError` for a sound `[C, N]` that is not as loud as asked for."""
    loudness = integrated_loudness(audio, sample_rate)
    # Silence has none, and stays.
    if np.isfinite(loudness) and abs(loudness - target) > TOLERANCE_LU:
        raise UsageError(
            f"The limiter brings this sound to {loudness:.1f} LUFS at most: ask for that, or for "
            "less, with --loudness-target."
        )
