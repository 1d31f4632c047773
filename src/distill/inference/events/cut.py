"""The cut of a recording into events, from its codes alone.

An event is an onset and what follows from it until the next. A steady sound without onsets is cut
into parts of about `STEADY_S`. A model file keeps the cuts of its recordings, so that nothing is
computed anew for each sound: hours of recordings take a minute.
"""

import numpy as np
import torch
from torch import Tensor

from distill.inference.events.onsets import find_onsets
from distill.models.prior_metadata import EventCut
from distill.models.vqvae import VQVAE

SHORTEST_S = 0.085
"""Seconds of an event, at least: a sixteenth at 176 BPM. Rolls and flams are one event."""

BEGINNING_S = 0.06
"""An onset this soon after the beginning of a recording is its beginning, in seconds."""

STEADY_S = 0.6
"""Seconds of a part of a steady sound: about a note."""

STEADY_FALL_DB = 8.0
"""A sound that falls by less than this from its first half to its second is steady, in dB. Tails of
hits fall by more."""

LEVEL_FRAMES = 12
"""Frames (0.26 s) in which the loudest one tells the level of an event."""


@torch.inference_mode()
def cut_into_events(codec: VQVAE, codes: Tensor) -> EventCut:
    """Cut a recording with `codes` `[T, Q]` into events; `T` above 0."""
    latents = codec.rvq.lookup(codes.to(codec.rvq.codebooks.device))
    levels = codec.frame_levels(latents).cpu().numpy()
    edges, steady = _edges(find_onsets(codec, latents), levels, codec.frame_rate)
    loudest = [levels[span][:LEVEL_FRAMES].max() for span in event_spans(edges)]
    return EventCut(
        edges=torch.from_numpy(edges),
        steady=torch.from_numpy(steady),
        levels=torch.tensor(np.array(loudest)),
    )


def event_spans(edges: np.ndarray) -> list[slice]:
    """Whole frames of each event between `edges` `[n + 1]`, at least one of each."""
    first = edges[:-1].astype(int)
    return [slice(a, max(a + 1, int(b))) for a, b in zip(first, edges[1:], strict=True)]


def _edges(
    onsets: np.ndarray, levels: np.ndarray, frame_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Begins of events and the end of the last one `[n + 1]` in frames; which are steady `[n]`.

    Args:
        onsets: Onsets in frames.
        levels: Levels `[T]` of the frames in dBFS.
        frame_rate: Frames per second.
    """
    shortest = SHORTEST_S * frame_rate
    begins = [0.0]
    for onset in onsets:
        gap = BEGINNING_S * frame_rate if len(begins) == 1 else shortest
        if onset - begins[-1] >= gap and len(levels) - onset >= shortest:
            begins.append(float(onset))
    edges = [0.0]
    steady = []
    for begin, end in zip(begins, [*begins[1:], float(len(levels))], strict=True):
        parts = _parts(begin, end, levels, frame_rate)
        edges += [begin + (end - begin) * i / parts for i in range(1, parts)]
        edges.append(end)
        steady += [parts > 1] * parts
    return np.array(edges), np.array(steady)


def _parts(begin: float, end: float, levels: np.ndarray, frame_rate: float) -> int:
    """Parts into which the stretch from `begin` to `end` (frames) is cut: 1 unless it is steady."""
    parts = round((end - begin) / (STEADY_S * frame_rate))
    own = levels[int(begin) : max(int(begin) + 2, int(end))]
    half = len(own) // 2
    fall = own[:half].mean() - own[half:].mean() if half else 0.0
    return parts if parts > 1 and fall < STEADY_FALL_DB else 1
