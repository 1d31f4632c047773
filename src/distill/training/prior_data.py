"""What prior training learns from: codes of the corpus in several encodings, cut into batches."""

import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.data.dataset import Region, Split
from distill.data.streams import Stream, cut
from distill.models.persistence import LoadedVQModel
from distill.models.prior import extract_code_sequences

AUDIBLE = 10 ** (-50 / 20)
KEPT_TAIL_S = 0.02
START_SHARE = 0.25
GAIN_DB = 6.0
"""Share of training pieces that begin where a sound begins, as generated audio does."""
SHORTEST_AHEAD_S, LONGEST_AHEAD_S = 0.25, 2.0
"""How much of what follows a gap is heard before it is filled."""


class PriorCodes(NamedTuple):
    """Codes `[T, Q]` of every training region in several encodings, and of every held-out region in one."""

    train: list[list[Tensor]]
    held_out: list[Tensor]


def without_inaudible_tail(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """`audio` `[C, N]` up to shortly after its last sample that is less than 50 dB under its peak.

    Seconds of a tail that nobody hears would teach the prior to stay silent.
    """
    # Without a copy of the whole, as `abs` would make: it may be an hour, mapped from disk.
    audible = AUDIBLE * max(float(audio.max(initial=0)), -float(audio.min(initial=0)))
    for stop in range(audio.shape[1], 0, -sample_rate):
        start = max(0, stop - sample_rate)
        loud = (np.abs(audio[:, start:stop]).max(axis=0) > audible).nonzero()[0]
        if len(loud):
            return audio[:, : start + int(loud[-1]) + 1 + round(KEPT_TAIL_S * sample_rate)]
    return audio


def draw_offsets(encodings: int, frame_hop: int, seed: int) -> list[int]:
    """By how many samples the frame grid moves in each encoding: not at all in the first."""
    return [0, *np.random.default_rng(seed).integers(1, frame_hop, size=encodings - 1).tolist()]


def draw_gains(encodings: int, seed: int) -> list[float]:
    """By how many dB the sounds of each encoding are lifted: not at all in the first."""
    return [0.0, *np.random.default_rng([seed, 1]).uniform(-GAIN_DB, GAIN_DB, size=encodings - 1).tolist()]


def encode_split(
    loaded: LoadedVQModel, split: Split, offsets: Sequence[int], gains: Sequence[float], cancel_event: threading.Event
) -> PriorCodes:
    """Codes of all regions; each training region once for every one of `offsets` (samples) with its gain (dB),
    held-out ones once.

    Stops after the current encoding when `cancel_event` is set.
    """

    def encoded(regions: Iterable[Region], offset: int = 0, gain: float = 0.0) -> list[Tensor]:
        sounds = (without_inaudible_tail(r.audio(), loaded.model.sample_rate) for r in regions)
        factor = np.float32(10 ** (gain / 20))
        return list(extract_code_sequences(loaded.model, (factor * sound for sound in sounds), offset))

    versions = [encoded(split.train)]
    for offset, gain in zip(offsets[1:], gains[1:], strict=True):
        if not cancel_event.is_set():
            versions.append(encoded(split.train, offset, gain))
    return PriorCodes([list(same) for same in zip(*versions, strict=True)], encoded(split.held_out))


def stack(pieces: Sequence[Stream], device: torch.device) -> Stream:
    """A batch: `codes` `[B, T, Q]`, `starts` and `ends` `[B, T]`."""
    return Stream(*(torch.stack(parts).to(device) for parts in zip(*pieces, strict=True)))


def draw_batch(stream: Stream, batch_size: int, length: int, rng: np.random.Generator) -> list[Stream]:
    """Random pieces of `length` frames; a share of them begins where a sound begins."""
    starts = stream.starts.nonzero()[:, 0].numpy()
    anywhere = rng.integers(len(stream.codes), size=batch_size)
    at_start = rng.choice(starts, size=batch_size)
    begins = np.where(rng.random(batch_size) < START_SHARE, at_start, anywhere)
    return [cut(stream, int(begin), length) for begin in begins]


def draw_ahead(share: float, length: int, frame_rate: float, rng: np.random.Generator) -> int:
    """How many of the `length` frames of a batch are to be heard before the others: none but in a `share` of cases."""
    if rng.random() >= share:
        return 0
    frames = round(rng.uniform(SHORTEST_AHEAD_S, LONGEST_AHEAD_S) * frame_rate)
    return max(1, min(frames, length // 2))


def rearranged(batch: Stream, ahead: int) -> Stream:
    """`batch` `[B, T, …]` with its last `ahead` frames in front of the others."""
    return Stream(*(part.roll(ahead, 1) for part in batch))
