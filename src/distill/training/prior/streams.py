"""Code sequences strung into one stream, so that a prior learns how sounds end and the next
begins."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Stream(NamedTuple):
    """`codes` `[T, Q]`; `starts` and `ends` `[T]` (bool): frames that begin and end a sound."""

    codes: Tensor
    starts: Tensor
    ends: Tensor


def string_together(
    sequences: Sequence[Tensor], order: Sequence[int], cut_off: Sequence[bool] = ()
) -> Stream:
    """The `sequences` `[T, Q]` one after the other in `order`, each with its natural tail.

    A sequence whose `cut_off` is true is a part of a sound only: its last frame is no ending.
    """
    chosen = [sequences[i] for i in order]
    codes = torch.cat(chosen)
    starts = torch.zeros(len(codes), dtype=torch.bool)
    ends = torch.zeros(len(codes), dtype=torch.bool)
    stops = np.cumsum([len(c) for c in chosen])
    ends[stops - 1] = torch.tensor([not cut_off[i] if cut_off else True for i in order])
    starts[0] = True
    starts[stops[:-1]] = True
    return Stream(codes, starts, ends)


def cut(stream: Stream, begin: int, length: int) -> Stream:
    """`length` frames of the stream from `begin` on, going round at its end."""
    rows = torch.arange(begin, begin + length) % len(stream.codes)
    return Stream(stream.codes[rows], stream.starts[rows], stream.ends[rows])


def windows(stream: Stream, length: int) -> list[Stream]:
    """The stream in pieces of `length` frames, the last one shorter."""
    return [
        Stream(*(part[i : i + length] for part in stream))
        for i in range(0, len(stream.codes), length)
    ]
