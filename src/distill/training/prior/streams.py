"""Code sequences joined into one stream, so that a prior learns how sounds end and begin."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Stream(NamedTuple):
    """Sounds one after the other; a batch of streams has a dimension `B` in front.

    Attributes:
        codes: `[T, Q]`, of any type of whole numbers.
        starts: `[T]` (bool), the first frame of each sound.
        ends: `[T]` (bool), the last frame of each sound.
        metre: `[T, 2]`, positions in beat and bar (`models/metre.py`); NaN where there are none.
    """

    codes: Tensor
    starts: Tensor
    ends: Tensor
    metre: Tensor


def concatenate(
    sequences: Sequence[Tensor],
    order: Sequence[int],
    cut_off: Sequence[bool] = (),
    metres: Sequence[Tensor] = (),
) -> Stream:
    """Join code sequences into a stream.

    Args:
        sequences: Codes `[T, Q]` of each sound, to the end of its natural tail.
        order: Indices of the sequences, in the order of the stream.
        cut_off: For each sequence, whether it is only the first part of its sound; its last frame
            is no end then. Empty where all are whole.
        metres: Positions `[T, 2]` of each sequence in beat and bar. Empty where there are none.

    Returns:
        Codes `[T, Q]` with starts and ends `[T]`.
    """
    parts = [sequences[i] for i in order]
    is_whole = [not cut_off[i] if cut_off else True for i in order]
    stops = np.cumsum([len(codes) for codes in parts])
    frames = int(stops[-1])

    ends = torch.zeros(frames, dtype=torch.bool)
    ends[stops - 1] = torch.tensor(is_whole)
    starts = torch.zeros(frames, dtype=torch.bool)
    starts[0] = True
    starts[stops[:-1]] = True
    no_metre = torch.full((frames, 2), torch.nan)
    metre = torch.cat([metres[i] for i in order]) if metres else no_metre
    return Stream(codes=torch.cat(parts), starts=starts, ends=ends, metre=metre)


def cut_piece(stream: Stream, begin: int, length: int) -> Stream:
    """`length` frames of the stream from frame `begin`; after its end comes its beginning."""
    rows = torch.arange(begin, begin + length) % len(stream.codes)
    return Stream(
        codes=stream.codes[rows],
        starts=stream.starts[rows],
        ends=stream.ends[rows],
        metre=stream.metre[rows],
    )


def split_stream(stream: Stream, length: int) -> list[Stream]:
    """The stream in pieces of `length` frames; the last one may be shorter."""
    frames = len(stream.codes)
    return [
        Stream(*(part[begin : begin + length] for part in stream))
        for begin in range(0, frames, length)
    ]


def stack(pieces: Sequence[Stream], device: torch.device) -> Stream:
    """A batch on `device` of pieces of one length.

    Returns:
        Codes `[B, T, Q]` (int64) with starts and ends `[B, T]`.
    """
    batch = Stream(*(torch.stack(parts).to(device) for parts in zip(*pieces, strict=True)))
    # Torch takes small whole numbers for masks, not for indices.
    return batch._replace(codes=batch.codes.long())


def move_end_to_front(batch: Stream, frames: int) -> Stream:
    """The batch `[B, T, …]` with its last `frames` frames in front of the others.

    So it is with gap filling, where the prior reads the codes after the gap first.
    """
    return Stream(*(part.roll(frames, 1) for part in batch))
