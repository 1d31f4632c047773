"""Training data of the prior: codes of the corpus, cut into random batches."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from distill.audio.pulse import Pulse
from distill.training.prior.streams import Stream, concatenate, cut_piece, split_stream
from distill.training.prior_config import PriorConfig

# Share of training pieces that begin where a sound begins, as generated audio does.
START_SHARE = 0.25

# Seconds of sound after a gap that the prior reads before it fills the gap.
SHORTEST_AHEAD_S = 0.25
LONGEST_AHEAD_S = 2.0

# Seconds of held-out sounds in a validation, at most: it comes after every epoch.
MOST_HELD_OUT_S = 600.0

# Seconds of own sounds in a validation: at least, where there are as many, and at most.
LEAST_OWN_S = 20.0
MOST_OWN_S = 120.0

# Share of training pieces without positions in beat and bar: sounds of others have none.
NO_METRE_SHARE = 0.2

# Frames of a piece at least, whatever the settings: the prior has to see some past.
_FEWEST_FRAMES = 8


class PriorCodes(NamedTuple):
    """Codes of the corpus.

    Attributes:
        train: For each training region, its codes `[T, Q]` in every encoding, of `code_dtype`.
        held_out: The same of each held-out region, in one encoding.
        train_metre: For each of `train`, positions `[T, 2]` in beat and bar; empty without any.
        held_out_metre: The same for `held_out`.
    """

    train: list[list[Tensor]]
    held_out: list[Tensor]
    train_metre: Sequence[Sequence[Tensor]] = ()
    held_out_metre: Sequence[Tensor] = ()


class Shape(NamedTuple):
    """Size of a batch: `pieces` (`B`) of `frames` (`T`) each."""

    pieces: int
    frames: int


def context_frames(config: PriorConfig, frame_rate: float) -> int:
    """Frames that each frame can look back on."""
    return max(_FEWEST_FRAMES, round(config.context_s * frame_rate))


def batch_shapes(config: PriorConfig, frame_rate: float) -> list[Shape]:
    """Shapes of batches, which repeat: short pieces first, then fewer as long as the context.

    All hold about the same number of frames.
    """
    context = context_frames(config, frame_rate)
    piece_frames = max(_FEWEST_FRAMES, round(config.piece_s * frame_rate))
    short = Shape(pieces=config.batch_size, frames=min(context, piece_frames))
    if not config.long_every:
        return [short]
    long_pieces = round(short.pieces * short.frames / context)
    long = Shape(pieces=max(1, long_pieces), frames=context)
    return [short] * (config.long_every - 1) + [long]


# --- positions in time ----------------------------------------------------------------------------


def metre_of(pulse: Pulse | None, frames: int, lead_s: float, frame_rate: float) -> Tensor:
    """Positions `[frames, 2]` of the frames of an encoding in beat and bar; NaN without a pulse.

    Args:
        pulse: Pulse of the sound.
        frames: Frames of the encoding.
        lead_s: Seconds of silence before the sound in it.
        frame_rate: Code frames per second.
    """
    if pulse is None:
        return torch.full((frames, 2), torch.nan)
    seconds = np.arange(frames) / frame_rate - lead_s
    return torch.from_numpy(pulse.metre_at(seconds)).float()


# --- validation -----------------------------------------------------------------------------------


def sample_sequences(sequences: Sequence[Tensor], frames: int, seed: int) -> list[Tensor]:
    """Up to `frames` frames of the sequences `[T, Q]`, in random order; the last one is cut."""
    sample: list[Tensor] = []
    remaining = frames
    for i in np.random.default_rng(seed).permutation(len(sequences)):
        sample.append(sequences[i][:remaining])
        remaining -= len(sample[-1])
        if not remaining:
            break
    return sample


def validation_pieces(
    codes: PriorCodes, context: int, frame_rate: float, seed: int
) -> tuple[list[Stream], list[Stream]]:
    """Held-out sounds, and about as much of the own sounds, in pieces.

    Of many held-out sounds, evenly spread pieces are taken.

    Pieces are twice as long as the context: frames at the beginning of a piece have no past, and
    cost more.

    Args:
        codes: Codes of the corpus.
        context: Frames that each frame can look back on.
        frame_rate: Code frames per second.
        seed: Of the choice of own sounds.

    Returns:
        Pieces of held-out sounds, and pieces of own sounds.
    """
    own = [versions[0] for versions in codes.train]
    # A corpus of one tiny sound has nothing to hold out: the sound itself stands in.
    held_out = codes.held_out or own

    held_out_frames = sum(len(sequence) for sequence in held_out)
    least = round(LEAST_OWN_S * frame_rate)
    upper_limit = round(MOST_OWN_S * frame_rate)
    own_frames = min(max(held_out_frames, least), upper_limit)
    own_sample = sample_sequences(own, own_frames, seed)
    own_metre = [versions[0] for versions in codes.train_metre]
    own_metre_sample = sample_sequences(own_metre, own_frames, seed) if own_metre else []
    held_out_metre = codes.held_out_metre if codes.held_out else own_metre

    def split(sequences: Sequence[Tensor], metres: Sequence[Tensor]) -> list[Stream]:
        order = range(len(sequences))
        return split_stream(concatenate(sequences, order, metres=metres), 2 * context)

    most = int(MOST_HELD_OUT_S * frame_rate / (2 * context))
    held_out_pieces = spread_evenly(split(held_out, held_out_metre), max(1, most))
    return held_out_pieces, split(own_sample, own_metre_sample)


def spread_evenly(pieces: Sequence[Stream], most: int) -> list[Stream]:
    """All of `pieces`, or `most` of them from all places."""
    count = min(most, len(pieces))
    return [pieces[i * len(pieces) // count] for i in range(count)]


# --- training -------------------------------------------------------------------------------------


def draw_batches(
    codes: PriorCodes,
    cut_off: Sequence[bool],
    shapes: Sequence[Shape],
    steps: int,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
) -> Iterator[list[Stream]]:
    """Random batches of an epoch, from one encoding of each sound, in random order.

    Args:
        codes: Codes of the corpus.
        cut_off: For each training region, whether it is only the first part of its sound.
        shapes: Shapes of the batches, which repeat.
        steps: Number of batches.
        rng: Source of all randomness.
        weights: How often each training region comes in an epoch, on average, `[regions]`; None
            where each comes once.

    Yields:
        The pieces `[T, Q]` of a batch.
    """
    regions = _draw_regions(len(codes.train), weights, rng)
    encodings = [int(rng.integers(len(codes.train[i]))) for i in regions]
    order = rng.permutation(len(encodings)).tolist()
    stream = concatenate(
        _versions(codes.train, regions, encodings),
        order,
        [cut_off[i] for i in regions],
        _versions(codes.train_metre, regions, encodings),
    )
    for step in range(steps):
        shape = shapes[step % len(shapes)]
        yield draw_batch(stream, shape.pieces, shape.frames, rng)


def _versions(
    versions: Sequence[Sequence[Tensor]], regions: Sequence[int], encodings: Sequence[int]
) -> list[Tensor]:
    """The version of each of the `regions` in its encoding; none where there are no versions."""
    if not versions:
        return []
    return [versions[i][encoding] for i, encoding in zip(regions, encodings, strict=True)]


def _draw_regions(count: int, weights: np.ndarray | None, rng: np.random.Generator) -> list[int]:
    """Numbers of the training regions of an epoch, each as often as its weight says."""
    if weights is None:
        return list(range(count))
    # A weight of 1.3 is once in most epochs, twice in three of ten. The largest is at least 1, so
    # that no epoch is empty.
    times = np.floor(weights + rng.random(count)).astype(int)
    return np.repeat(np.arange(count), times).tolist()


def draw_batch(
    stream: Stream, batch_size: int, length: int, rng: np.random.Generator
) -> list[Stream]:
    """Random pieces of `length` frames; a share of them begins where a sound begins."""
    starts = stream.starts.nonzero()[:, 0].numpy()
    anywhere = rng.integers(len(stream.codes), size=batch_size)
    at_start = rng.choice(starts, size=batch_size)
    is_at_start = rng.random(batch_size) < START_SHARE
    begins = np.where(is_at_start, at_start, anywhere)
    pieces = [cut_piece(stream, int(begin), length) for begin in begins]
    if stream.metre.isnan().all():
        return pieces
    has_metre = rng.random(batch_size) >= NO_METRE_SHARE
    return [
        piece if has else piece._replace(metre=torch.full_like(piece.metre, torch.nan))
        for piece, has in zip(pieces, has_metre, strict=True)
    ]


def draw_ahead(share: float, length: int, frame_rate: float, rng: np.random.Generator) -> int:
    """Frames at the end of a batch that the prior reads before the others; 0 for most batches.

    Args:
        share: Share of batches that have such frames.
        length: Frames of the pieces; at most half of them come first.
        frame_rate: Code frames per second.
        rng: Source of the draw.
    """
    if rng.random() >= share:
        return 0
    frames = round(rng.uniform(SHORTEST_AHEAD_S, LONGEST_AHEAD_S) * frame_rate)
    return max(1, min(frames, length // 2))
