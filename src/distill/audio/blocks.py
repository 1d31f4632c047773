"""Streams of sound in blocks `[C, n]`: cut anew, so that pieces can be worked on as if they were
the whole."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np


class Window(NamedTuple):
    """A stretch `[C, n]` of a stream; every sample of the stream is `kept` in exactly one of
    them."""

    sound: np.ndarray
    core: slice


def windows(blocks: Iterable[np.ndarray], size: int, margin: int = 0) -> Iterator[Window]:
    """The stream of `blocks` `[C, n]`, of any lengths, in windows that keep `size` samples each.

    Around those a window also holds up to `margin` samples on either side, as far as there are any.
    The last one may keep less, or up to `margin` more.
    """
    held, before = None, 0
    for block in blocks:
        held = block if held is None else np.concatenate((held, block), axis=1)
        while held.shape[1] >= before + size + margin:
            stop = before + size
            yield Window(held[:, : stop + margin], slice(before, stop))
            passed = max(0, stop - margin)
            held, before = held[:, passed:], stop - passed
    if held is not None and held.shape[1] > before:
        yield Window(held, slice(before, held.shape[1]))


def slice_blocks(blocks: Iterable[np.ndarray], start: int, stop: int) -> Iterator[np.ndarray]:
    """What of the stream of `blocks` `[C, n]` lies between two samples; what comes after is not
    asked for."""
    here = 0
    for block in blocks:
        first, here = here, here + block.shape[1]
        if here > start:
            yield block[:, max(0, start - first) : stop - first]
        if here >= stop:
            return


_PIECE = 1 << 19


def pieces(audio: np.ndarray) -> Iterator[np.ndarray]:
    """`audio` `[C, N]` in short pieces `[C, n]`."""
    return (audio[:, start : start + _PIECE] for start in range(0, audio.shape[1], _PIECE))
