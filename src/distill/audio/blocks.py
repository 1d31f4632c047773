"""Streams of audio blocks: overlapping windows, slices and pieces of a sound of any length.

A block is a float array `[C, n]`: `C` channels, `n` samples, any `n`. Whatever takes a stream of
blocks runs in memory that does not grow with the length of the sound. Between two blocks it can be
cancelled (`distill.cancellation`).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from distill.cancellation import check_each

PIECE_SAMPLES = 1 << 19
"""Samples per channel in one of the `pieces` of an array: 11 s at 48 kHz, 2 MiB of float32."""


class Window(NamedTuple):
    """A stretch of a stream with context on both sides.

    Attributes:
        sound: Samples `[C, n]`, context included.
        core: The samples of `sound` without context. The cores of all windows, one after the
            other, are the stream.
    """

    sound: np.ndarray
    core: slice


def windows(
    blocks: Iterable[np.ndarray],
    size: int,
    margin: int = 0,
) -> Iterator[Window]:
    """Cut a stream into windows with a core of `size` samples.

    Args:
        blocks: The stream, `[C, n]` each, of any lengths.
        size: Samples in the core of a window. The last core may be shorter, or up to `margin`
            samples longer.
        margin: Samples of context on either side of a core, as far as the stream reaches.

    Yields:
        Windows in order.
    """
    buffer = None
    # Samples at the start of the buffer that belong to the core of an earlier window.
    context = 0
    for block in check_each(blocks):
        buffer = block if buffer is None else np.concatenate((buffer, block), axis=1)
        while buffer.shape[1] >= context + size + margin:
            stop = context + size
            yield Window(buffer[:, : stop + margin], slice(context, stop))
            obsolete = max(0, stop - margin)
            buffer = buffer[:, obsolete:]
            context = stop - obsolete
    if buffer is not None and buffer.shape[1] > context:
        yield Window(buffer, slice(context, buffer.shape[1]))


def slice_blocks(
    blocks: Iterable[np.ndarray],
    start: int,
    stop: int,
) -> Iterator[np.ndarray]:
    """Yield the samples from `start` to `stop` of the stream of `blocks` `[C, n]`.

    No block is read after the one that holds the last of these samples.
    """
    position = 0
    for block in check_each(blocks):
        first = position
        position += block.shape[1]
        if position > start:
            yield block[:, max(0, start - first) : stop - first]
        if position >= stop:
            return


def pieces(audio: np.ndarray) -> Iterator[np.ndarray]:
    """Yield `audio` `[C, N]` as blocks `[C, n]` of `PIECE_SAMPLES`: views, not copies."""
    for start in check_each(range(0, audio.shape[1], PIECE_SAMPLES)):
        yield audio[:, start : start + PIECE_SAMPLES]
