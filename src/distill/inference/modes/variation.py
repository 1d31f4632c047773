"""Variations of a sound: some of its moments stay, the prior makes the others anew."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from distill.inference.codes.decode import decode_sound
from distill.inference.codes.encode import encode_sound
from distill.inference.modes.base import (
    GenerationJob,
    Progress,
    Rendered,
    SequentialMode,
    draw_codes,
)
from distill.inference.sampling.conditions import Conditions, FixedCodes

EVENT_S = 0.25
"""How long a stretch that stays, or is made anew, lasts on average."""
SHORTEST = 4
"""Stretches that even a short sound has."""


class Variation(SequentialMode):
    """As long as the source, at its level and width; `amount` is the share of it that is made anew.

    Whole stretches are kept or drawn, not single codes: what one hears are events. The prior hears
    all before each of them. The beginning always stays: 0 gives all of the source back as the codec
    has it, at 1 the prior goes on from that beginning. For one seed a larger amount changes what a
    smaller one does, and more.
    """

    def __init__(self, job: GenerationJob) -> None:
        assert job.playing.source is not None
        self.job, self.grid = (
            job,
            encode_sound(job.loaded, job.playing.source.audio, job.playing.source.name),
        )

    def take(self, seed: int, progress: Progress) -> Rendered:
        job = self.job
        codes = torch.tensor(self.grid.codes).long()
        event = round(EVENT_S * job.loaded.model.frame_rate)
        kept = kept_frames(len(codes), job.playing.way.amount or 0.0, event, seed)
        given = FixedCodes(codes, kept[:, None].expand_as(codes))
        targets = job.steering.targets(job.loaded, len(codes))
        conditions = Conditions(fixed_codes=given, targets=targets)
        drawn = draw_codes(job, len(codes), seed, progress, conditions)
        audio = decode_sound(job.loaded, replace(self.grid, codes=drawn.numpy()))
        return Rendered(audio, drawn, self.grid.gain, drawn=~kept)


def kept_frames(frames: int, amount: float, event: int, seed: int) -> Tensor:
    """Which frames stay `[T]` (bool): stretches of about `event` frames each, all but `amount` of
    them."""
    rng = np.random.default_rng((seed, 2))
    mean = max(1, min(event, frames // SHORTEST))
    kept = np.ones(frames, bool)
    start = mean
    while start < frames:
        stop = start + int(rng.geometric(1 / mean))
        kept[start:stop] = rng.random() >= amount
        start = stop
    return torch.from_numpy(kept)
