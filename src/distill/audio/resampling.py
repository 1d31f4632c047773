"""Resampling of streams of blocks `[C, n]`, by soxr."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from distill.settings import SAMPLE_RATE


def resample_blocks(
    blocks: Iterable[np.ndarray], source_rate: float, sample_rate: float = SAMPLE_RATE
) -> Iterator[np.ndarray]:
    """Resample a stream of blocks (soxr, very high quality), without delay.

    Args:
        blocks: The stream, `[C, n]` each.
        source_rate: Sample rate of `blocks` in Hz.
        sample_rate: Sample rate of the result in Hz.

    Yields:
        Blocks `[C, n]`: `round(N * sample_rate / source_rate)` samples in all for `N` that came
        in, but never less than one.
    """
    if source_rate == sample_rate:
        yield from blocks
        return
    stream = None
    channels = 0
    n_in = 0
    n_out = 0
    for block in blocks:
        if stream is None:
            channels = len(block)
            stream = soxr.ResampleStream(source_rate, sample_rate, channels, "float32", "VHQ")
        n_in += block.shape[1]
        output = stream.resample_chunk(np.ascontiguousarray(block.T)).T
        n_out += output.shape[1]
        if output.size:
            yield output
    if stream is None:
        return
    # Silence after the end, since soxr rounds down: one sample at a high rate would become none.
    n_silent = 2 + math.ceil(2 * source_rate / sample_rate)
    silence = np.zeros((n_silent, channels), np.float32)
    length = max(1, round(n_in * sample_rate / source_rate))
    yield stream.resample_chunk(silence, last=True).T[:, : length - n_out]
