"""Variations of a sound: some stretches of it stay, the prior redraws the others."""

from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from distill.inference.codes.decode import decode_sound
from distill.inference.codes.grid import CodeGrid
from distill.inference.modes.base import (
    Progress,
    RenderedSound,
    SequentialMode,
    draw_codes,
)
from distill.inference.modes.request import DEFAULT_AMOUNT, Request
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.conditions import FixedCodes

EVENT_S = 0.25
"""Mean length in seconds of a stretch that stays or is redrawn: about one audible event."""

FEWEST_EVENTS = 4
"""Stretches that even a short sound is divided into, on average."""


class Variation(SequentialMode):
    """The source with a share `amount` of its frames redrawn, at its length, level and width.

    Whole stretches stay or go, since one hears events and not single codes. The prior hears all
    that precedes each stretch. The beginning always stays: amount 0 gives the source back as the
    codec decodes it, amount 1 continues from its beginning. For one seed, a larger amount redraws
    all that a smaller one does, and more.
    """

    traits = TRAITS["variation"]

    @classmethod
    def complete(cls, request: Request) -> Request:
        """`request` with its defaults, the amount included."""
        request = super().complete(request)
        if request.mode.amount is not None:
            return request
        return replace(request, mode=replace(request.mode, amount=DEFAULT_AMOUNT))

    @cached_property
    def grid(self) -> CodeGrid:
        """Codes of the source, encoded once for all sounds."""
        source = self.job.request.source
        assert source is not None
        return self.encode_source(source.audio)

    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """The source with its free stretches redrawn."""
        job = self.job
        source_codes = torch.tensor(self.grid.codes).long()
        T = len(source_codes)
        event = round(EVENT_S * job.loaded.model.frame_rate)
        is_fixed = fixed_frames(T, job.request.mode.amount or 0.0, event, seed)
        # All levels of a frame stay or go together.
        fixed_codes = FixedCodes(source_codes, is_fixed[:, None].expand_as(source_codes))
        conditions = job.conditions(
            targets=job.targets(T), fixed_codes=fixed_codes, tempos=[job.request.sampling.tempo]
        )
        codes = draw_codes(job, T, seed, progress, conditions)
        grid = replace(self.grid, codes=codes.numpy())
        return RenderedSound(
            audio=decode_sound(job.loaded, grid),
            codes=codes,
            gain=grid.gain,
            grid=grid,
            new_frames=~is_fixed,
        )


def fixed_frames(frames: int, amount: float, event: int, seed: int) -> Tensor:
    """Frames that stay, `[T]` (bool): all but a share `amount`, in stretches.

    Args:
        frames: `T`.
        amount: Share to redraw, 0 to 1.
        event: Mean length of a stretch, in frames.
        seed: Decides which; the same for every amount.
    """
    # Apart from the generator of the codes: the same stretches for every amount.
    rng = np.random.default_rng((seed, 2))
    mean = max(1, min(event, frames // FEWEST_EVENTS))
    is_fixed = np.ones(frames, bool)
    # The beginning stays: the prior needs something to continue.
    start = mean
    while start < frames:
        stop = start + int(rng.geometric(1 / mean))
        # The same number for every amount: what a small one redraws, a larger one does too.
        is_fixed[start:stop] = rng.random() >= amount
        start = stop
    return torch.from_numpy(is_fixed)
