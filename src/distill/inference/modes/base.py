"""One sound after another in one way: what a `Mode` does, and the plain one, which makes new
sounds from nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from distill.inference.modes.request import Playing
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import frame_bank_for, length_limits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering
from distill.inference.sampling.unit_selection import FrameBank
from distill.models.chunked import frames_of
from distill.models.persistence import LoadedVQModel

Progress = Callable[[int, int], None]
"""Takes how many frames are drawn, and of how many at most."""


@dataclass(frozen=True)
class GenerationJob:
    """What all sounds of one call have in common; `gain` is that of an earlier sound which they are
    to begin like.

    Where loudness is asked for, they keep the level that comes out.
    """

    loaded: LoadedVQModel
    duration: float
    sampling: Sampling
    playing: Playing
    gain: float | None = None
    steering: Steering = field(default_factory=Steering)

    @cached_property
    def units(self) -> FrameBank | None:
        """What `frame_bank_for` gives, once for all sounds: where a level is asked for, they neither end
        nor die away."""
        return frame_bank_for(self.loaded, self.sampling, self.steering.asks_for_level)

    @property
    def known_gain(self) -> float | None:
        """The factor to the level of the sound, where it does not depend on what is drawn."""
        return 1.0 if self.steering.asks_for_level else self.gain

    @property
    def n_samples(self) -> int:
        """Samples in `duration`."""
        return round(self.duration * self.loaded.model.sample_rate)

    @property
    def frames(self) -> int:
        """Code frames that hold `duration`."""
        return frames_of(self.n_samples, self.loaded.model.frame_hop)


class Rendered(NamedTuple):
    """A sound `audio` `[C, N]`, the codes `[T, Q]` of what is new in it, the `gain` that brought
    that to its level.

    What is new are the samples from `begins` to `ends` (None: the last), and of their frames those
    that are `drawn` `[T]` (bool; None: all). `heard` are recordings of the corpus that the prior
    heard first.
    """

    audio: np.ndarray
    codes: Tensor
    gain: float
    heard: tuple[str, ...] = ()
    begins: int = 0
    ends: int | None = None
    drawn: Tensor | None = None


class Mode(Protocol):
    """Made once for a `GenerationJob`, it makes a sound for every seed, the same whatever other seeds there
    are."""

    together: int
    """How many it makes at once: it is to be given as many seeds, where there are so many."""

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendered]:
        """The sounds of `seeds`."""


class SequentialMode(ABC):
    """A player that makes one sound after another."""

    together = 1

    @abstractmethod
    def take(self, seed: int, progress: Progress) -> Rendered:
        """The sound of `seed`."""

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendered]:
        return (self.take(seed, progress) for seed in seeds)


def draw_codes(
    job: GenerationJob,
    frames: int,
    seed: int,
    progress: Progress,
    conditions: Conditions,
) -> Tensor:
    """Codes `[T, Q]` of one sound; arguments as for `draw_together`."""
    return draw_together(job, frames, [seed], progress, conditions)[0]


def draw_together(
    job: GenerationJob,
    frames: int,
    seeds: Sequence[int],
    progress: Progress,
    conditions: Conditions,
) -> Tensor:
    """Draw sounds in one batch, each as it would be alone.

    Args:
        job: what all sounds have in common; it sets frame bank and length limits.
        frames: length `T` of each sound in frames.
        seeds: seed of each sound.
        progress: called after each frame.
        conditions: prompt, targets and fixed codes.

    Returns:
        Codes `[B, T, Q]`.
    """
    prior = job.loaded.require_prior()
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    conditions = replace(conditions, frame_bank=job.units, length_limits=length_limits(job.loaded))
    stream = draw_frames(prior, len(seeds), job.sampling, generators, conditions)
    codes = torch.empty(len(seeds), frames, prior.num_quantizers, dtype=torch.long)
    for t, frame in enumerate(islice(stream, frames)):
        codes[:, t] = frame.codes.cpu()
        progress(t + 1, frames)
    return codes
