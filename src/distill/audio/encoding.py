"""Encoding of samples for libsndfile: dither, and the compression level of a bitrate.

`C` channels, `n` samples in a block. libsndfile takes no bitrate, but a level from 0 (best) to 1.
The mappings below are those of libsndfile 1.2.2 (`mpeg_l3_encode.c`, `ogg_opus.c`), and hold for
what it writes. Vorbis has a quality alone, so that its level is found by trials.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from distill.audio.formats import FORMATS, OPUS_BITRATES, USUAL, Encoding, SoundFormat
from distill.errors import AudioError, UsageError
from distill.files import FilePath

DITHER_SEED = 0
"""Seed of the dither: the same sound gives the same file."""

# Range of kb/s that levels of 0 to 1 span in MP3, where the lowest sample rate is this (Hz).
_MP3_SPANS = ((32_000, 320, 32), (16_000, 160, 8), (0, 64, 8))

# kb/s a channel that levels of 1 and 0 stand for in Opus.
_OPUS_SPAN = (6, 256)

# Factor by which LAME lowers a sound at a constant bitrate, up to some kb/s each, as headroom for
# what coding adds (3.100, `presets.c`; measured). Finished sounds have that.
_LAME_SCALES = ((160, 0.95), (192, 0.97), (224, 0.98), (320, 1.0))

# Trials for the quality of Vorbis, and the distance (share of the bitrate) at which they end.
_TRIALS = 10
_NEAR_ENOUGH = 0.02

# Share of a bitrate by which Vorbis may miss it before that is said.
_TOLERANCE = 0.1


def subtype_of(format_: SoundFormat, encoding: Encoding) -> str:
    """The encoding of the samples, as soundfile names it; 24 bits, if none are asked for."""
    return format_.depths[encoding.bits] if encoding.bits else format_.subtype


def check_writable(path: FilePath, encoding: Encoding = USUAL) -> None:
    """Check that the libsndfile of this machine writes such a file.

    Args:
        path: Its name, with an ending of `FORMATS`.
        encoding: Its bits.

    Raises:
        AudioError: It does not: versions before 1.1 have no MP3.
    """
    format_ = FORMATS[Path(path).suffix.lower()]
    if not sf.check_format(format_.container, subtype_of(format_, encoding)):
        raise AudioError(
            f"libsndfile {sf.__libsndfile_version__} writes no {format_.name}: update it with "
            "`pip install --upgrade soundfile`, or write .wav or .flac."
        )


def encoder_gain(format_: SoundFormat, bitrate: int | None) -> float:
    """Linear gain with which a sound comes back from its file as loud as it was."""
    if format_.name != "MP3" or bitrate is None:
        return 1.0
    return 1 / next(scale for most, scale in _LAME_SCALES if bitrate <= most)


def quantise_blocks(
    blocks: Iterable[np.ndarray], subtype: str, gain: float = 1.0
) -> Iterator[np.ndarray]:
    """Samples as a sound file takes them.

    16 bits are dithered: noise with a triangular density of two steps at most makes the error of
    rounding independent of the sound (Lipshitz, Wannamaker & Vanderkooy 1992).

    Args:
        blocks: The sound, `[C, n]` each.
        subtype: Encoding of the samples.
        gain: Linear gain once they are clipped.

    Yields:
        Blocks `[n, C]`: floats, or whole numbers for 16 bits. They are clipped at full scale where
        the format holds nothing above it.
    """
    generator = np.random.default_rng(DITHER_SEED)
    for block in blocks:
        samples = block.T
        if subtype == "PCM_16":
            yield _dithered(samples, generator)
        elif subtype == "FLOAT":
            yield samples
        else:
            # Integer formats would wrap around instead of clipping.
            yield np.clip(samples, -1.0, 1.0) * np.float32(gain)


def _dithered(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Samples `[n, C]` as whole numbers of 16 bits."""
    # In the order of time, so that the size of blocks changes nothing.
    noise = generator.random((*samples.shape, 2)).sum(axis=2) - 1.0
    steps = np.rint(samples.astype(np.float64) * 32_768 + noise)
    return np.clip(steps, -32_768, 32_767).astype(np.int16)


def compression(
    format_: SoundFormat, bitrate: int | None, sample_rate: int, channels: int
) -> dict[str, Any]:
    """Arguments of `soundfile.SoundFile` for a bitrate; none where none is asked for.

    Args:
        format_: MP3 or Opus.
        bitrate: In kb/s for all channels.
        sample_rate: In Hz.
        channels: `C`.

    Raises:
        UsageError: The format does not have that bitrate.
    """
    if bitrate is None:
        return {}
    if format_.name == "MP3":
        span = next(span for span in _MP3_SPANS if sample_rate >= span[0])
        _, highest, lowest = span
        level = (highest - bitrate) / (highest - lowest)
        return {"compression_level": level, "bitrate_mode": "CONSTANT"}
    lowest, highest = (channels * share for share in OPUS_BITRATES)
    if not lowest <= bitrate <= highest:
        raise UsageError(
            f"Opus has {lowest} to {highest} kb/s for this sound: --bitrate {bitrate} is outside."
        )
    lowest, highest = (channels * share for share in _OPUS_SPAN)
    return {"compression_level": (highest - bitrate) / (highest - lowest)}


def vorbis_compression(measure: Callable[[float], float], bitrate: int) -> dict[str, Any]:
    """Arguments of `soundfile.SoundFile` with which Vorbis takes a bitrate for a sound.

    Args:
        measure: The bitrate in kb/s that a level gives the sound; lower for a higher level.
        bitrate: In kb/s for all channels, on the average. A simple sound may take less at the best
            quality, which it then has.

    Raises:
        UsageError: The worst quality takes more.
    """
    # The best and the worst, with the bitrates that they give.
    best, worst = 0.0, 1.0
    most = measure(best)
    least = measure(worst)
    if bitrate < least * (1 - _TOLERANCE):
        raise UsageError(
            f"Ogg Vorbis takes {least:.0f} kb/s for this sound at least: --bitrate {bitrate} is "
            "below."
        )
    level = best if bitrate >= most else worst
    for _ in range(_TRIALS):
        if not least < bitrate < most:
            break
        # Bitrates fall about as powers of the level.
        share = math.log(most / bitrate) / math.log(most / least)
        # Not too near to either end: the rest must become smaller from both sides.
        level = best + (worst - best) * min(max(share, 0.1), 0.9)
        found = measure(level)
        if abs(found - bitrate) <= _NEAR_ENOUGH * bitrate:
            break
        if found > bitrate:
            best, most = level, found
        else:
            worst, least = level, found
    return {"compression_level": level}
