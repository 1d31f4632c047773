"""What prior training learns from: codes of the corpus in several encodings, cut into batches."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.data.dataset import Region, Split
from distill.models.persistence import LoadedVQModel
from distill.models.prior import extract_code_sequences
from distill.training.prior.streams import Stream, cut, string_together, windows
from distill.training.prior_config import PriorConfig

AUDIBLE = 10 ** (-50 / 20)
KEPT_TAIL_S = 0.02
GAIN_DB = 6.0
START_SHARE = 0.25
"""Share of training pieces that begin where a sound begins, as generated audio does."""
SHORTEST_AHEAD_S, LONGEST_AHEAD_S = 0.25, 2.0
"""How much of what follows a gap is heard before it is filled."""
LEAST_OWN_S, MOST_OWN_S = 20.0, 120.0
"""So much of one's own sound is needed to judge by, where there is as much, and so much is
enough."""


class PriorCodes(NamedTuple):
    """Codes `[T, Q]` of every training region in several encodings, and of every held-out region in
    one."""

    train: list[list[Tensor]]
    held_out: list[Tensor]


class Shape(NamedTuple):
    """A batch of `pieces`, each of so many `frames`."""

    pieces: int
    frames: int


def context_frames(config: PriorConfig, frame_rate: float) -> int:
    """How many frames each frame can look back on."""
    return max(8, round(config.context_s * frame_rate))


def batch_shapes(config: PriorConfig, frame_rate: float) -> list[Shape]:
    """What batches are like, over and over: short pieces, and at last fewer that are as long as the
    context."""
    context = context_frames(config, frame_rate)
    short = Shape(config.batch_size, min(context, max(8, round(config.piece_s * frame_rate))))
    long = Shape(max(1, round(short.pieces * short.frames / context)), context)
    return [short] * (config.long_every - 1) + [long] if config.long_every else [short]


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
    return [
        0.0,
        *np.random.default_rng([seed, 1]).uniform(-GAIN_DB, GAIN_DB, size=encodings - 1).tolist(),
    ]


def encode_split(
    loaded: LoadedVQModel,
    split: Split,
    offsets: Sequence[int],
    gains: Sequence[float],
    cancel_event: threading.Event,
) -> PriorCodes:
    """Codes of all regions; each training region once for every one of `offsets` (samples) with its
    gain (dB), held-out ones once.

    Stops after the current encoding when `cancel_event` is set.
    """

    def encoded(regions: Iterable[Region], offset: int = 0, gain: float = 0.0) -> list[Tensor]:
        sounds = (without_inaudible_tail(r.audio(), loaded.model.sample_rate) for r in regions)
        factor = np.float32(10 ** (gain / 20))
        return list(
            extract_code_sequences(loaded.model, (factor * sound for sound in sounds), offset)
        )

    versions = [encoded(split.train)]
    for offset, gain in zip(offsets[1:], gains[1:], strict=True):
        if not cancel_event.is_set():
            versions.append(encoded(split.train, offset, gain))
    return PriorCodes([list(same) for same in zip(*versions, strict=True)], encoded(split.held_out))


def some_of(sequences: Sequence[Tensor], frames: int, seed: int) -> list[Tensor]:
    """`frames` of `sequences` `[T, Q]`, or all there are: whole ones in random order, the last of
    them cut."""
    chosen, left = [], frames
    for i in np.random.default_rng(seed).permutation(len(sequences)):
        chosen.append(sequences[i][:left])
        left -= len(chosen[-1])
        if not left:
            break
    return chosen


def judged_pieces(
    codes: PriorCodes, context: int, frame_rate: float, seed: int
) -> tuple[list[Stream], list[Stream]]:
    """What is held out and about as much of one's own, in pieces that are twice as long as the
    `context`: what begins a piece has no past, and is dear."""
    own = [versions[0] for versions in codes.train]
    # A corpus of one tiny sound has nothing to hold out: then the sound itself is all there is to
    # judge by.
    held_out = codes.held_out or own
    frames = min(
        max(sum(map(len, held_out)), round(LEAST_OWN_S * frame_rate)),
        round(MOST_OWN_S * frame_rate),
    )
    both = (held_out, some_of(own, frames, seed))
    held, known = (windows(string_together(some, range(len(some))), 2 * context) for some in both)
    return held, known


def stack(pieces: Sequence[Stream], device: torch.device) -> Stream:
    """A batch: `codes` `[B, T, Q]`, `starts` and `ends` `[B, T]`."""
    return Stream(*(torch.stack(parts).to(device) for parts in zip(*pieces, strict=True)))


def draw_batches(
    codes: PriorCodes,
    cut_off: Sequence[bool],
    shapes: Sequence[Shape],
    steps: int,
    rng: np.random.Generator,
) -> Iterator[list[Stream]]:
    """Batches of an epoch, of the `shapes` in turn, from one encoding of each sound, in random
    order.

    A sound whose `cut_off` is true does not end with its last frame.
    """
    sequences = [versions[int(rng.integers(len(versions)))] for versions in codes.train]
    stream = string_together(sequences, rng.permutation(len(sequences)).tolist(), cut_off)
    for step in range(steps):
        yield draw_batch(stream, *shapes[step % len(shapes)], rng)


def draw_batch(
    stream: Stream, batch_size: int, length: int, rng: np.random.Generator
) -> list[Stream]:
    """Random pieces of `length` frames; a share of them begins where a sound begins."""
    starts = stream.starts.nonzero()[:, 0].numpy()
    anywhere = rng.integers(len(stream.codes), size=batch_size)
    at_start = rng.choice(starts, size=batch_size)
    begins = np.where(rng.random(batch_size) < START_SHARE, at_start, anywhere)
    return [cut(stream, int(begin), length) for begin in begins]


def draw_ahead(share: float, length: int, frame_rate: float, rng: np.random.Generator) -> int:
    """How many of the `length` frames of a batch are to be heard before the others: none but in a
    `share` of cases."""
    if rng.random() >= share:
        return 0
    frames = round(rng.uniform(SHORTEST_AHEAD_S, LONGEST_AHEAD_S) * frame_rate)
    return max(1, min(frames, length // 2))


def rearranged(batch: Stream, ahead: int) -> Stream:
    """`batch` `[B, T, …]` with its last `ahead` frames in front of the others."""
    return Stream(*(part.roll(ahead, 1) for part in batch))
