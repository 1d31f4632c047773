"""One sound after another in one way: what a `Player` does, and the plain one, which makes new sounds from nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from distill.audio.finish import finish_blocks
from distill.audio.spatial import mix_channels
from distill.errors import UsageError
from distill.inference.bridging import frame_levels
from distill.inference.leadin import LeadIn, LeadIns, draw_lead_in, draw_near
from distill.inference.sampling import Given, Lasting, Sampling, sample_sounds
from distill.inference.steering import Steering
from distill.inference.units import Units, units_of
from distill.inference.ways import Playing
from distill.models.chunked import decode_evenly, frames_of
from distill.models.persistence import LoadedVQModel
from distill.models.reader import Asked

SILENT_DB = -54.0
"""dBFS of a frame that is taken for silent: what is brought to the level of the corpus may lie under -60 then."""

TOGETHER = 8
"""So many new sounds are drawn in one batch, where each is then what it is by itself: see `models/rows.py`."""

Progress = Callable[[int, int], None]
"""Takes how many frames are drawn, and of how many at most."""


@dataclass(frozen=True)
class Job:
    """What all sounds of one call have in common; `gain` is that of an earlier sound which they are to begin like.

    Where loudness is asked for, they keep the level that comes out.
    """

    loaded: LoadedVQModel
    duration: float
    sampling: Sampling
    playing: Playing
    gain: float | None = None
    steering: Steering = field(default_factory=Steering)

    @cached_property
    def units(self) -> Units | None:
        """What `units_for` gives, once for all sounds: where a level is asked for, they neither end nor die away."""
        return units_for(self.loaded, self.sampling, self.steering.asks_for_level)

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


class Take(NamedTuple):
    """A sound `audio` `[C, N]`, the codes `[T, Q]` of what is new in it, the `gain` that brought that to its level.

    What is new are the samples from `begins` to `ends` (None: the last), and of their frames those that are `drawn`
    `[T]` (bool; None: all). `heard` are recordings of the corpus that the prior heard first.
    """

    audio: np.ndarray
    codes: Tensor
    gain: float
    heard: tuple[str, ...] = ()
    begins: int = 0
    ends: int | None = None
    drawn: Tensor | None = None


class Player(Protocol):
    """Made once for a `Job`, it makes a sound for every seed, the same whatever other seeds there are."""

    together: int
    """How many it makes at once: it is to be given as many seeds, where there are so many."""

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Take]:
        """The sounds of `seeds`."""


class OneByOne(ABC):
    """A player that makes one sound after another."""

    together = 1

    @abstractmethod
    def take(self, seed: int, progress: Progress) -> Take:
        """The sound of `seed`."""

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Take]:
        return (self.take(seed, progress) for seed in seeds)


class NewSounds:
    """Sounds of the given duration, at the level of the corpus: drawn together, then decoded one after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        # What is decoded depends on the codes after it too: with those, a longer sound begins as a shorter one does.
        self.drawn = job.frames + job.loaded.model.receptive_field[1]
        # What other devices make of other shapes is not known.
        self.together = TOGETHER if job.loaded.model.rvq.codebooks.device.type == "cpu" else 1

    def takes(self, seeds: Sequence[int], progress: Progress) -> Iterator[Take]:
        asked = self.job.steering.asked(self.job.loaded, self.drawn)
        heard = [lead_in_of(self.job.loaded, self.job.sampling, seed, asked=asked) for seed in seeds]
        each = draw_together(self.job, self.drawn, seeds, progress, _together(heard), asked=asked)
        return (self._finished(*pair) for pair in zip(each, heard, strict=True))

    def _finished(self, codes: Tensor, lead_in: LeadIn | None) -> Take:
        job, model, channels = self.job, self.job.loaded.model, self.job.loaded.output_channels
        blocks = (mix_channels(block, channels) for block in decode_evenly(model, codes))
        audio, gain = finish_blocks(
            blocks, channels, model.sample_rate, corpus_loudness(job.loaded), job.n_samples, job.known_gain
        )
        return Take(audio, codes[: job.frames], gain, lead_in.names if lead_in else ())


def _together(lead_ins: Sequence[LeadIn | None]) -> LeadIns | None:
    """None where there are none."""
    there = [lead_in for lead_in in lead_ins if lead_in]
    return LeadIns.of(there) if there else None


def corpus_loudness(loaded: LoadedVQModel) -> float:
    """LUFS; NaN where the model does not say."""
    return float(loaded.metadata.get("corpus_loudness", float("nan")))


def lead_in_of(
    loaded: LoadedVQModel,
    sampling: Sampling,
    seed: int,
    draw: Callable[..., LeadIn] = draw_lead_in,
    asked: Asked | None = None,
) -> LeadIn | None:
    """What the prior hears before it begins, near to what is `asked` at first; None for nothing. `UsageError` where no
    recording is like `sampling` says.

    `draw` is `draw_lead_in`, or what has its arguments.
    """
    recordings = (loaded.prior_metadata or {}).get("recordings")
    if sampling.like and not recordings:
        raise UsageError(
            f"{loaded.path} keeps no recordings to begin from: train its prior again, or leave out --like."
        )
    frames = round(sampling.lead_in * loaded.model.frame_rate)
    if not recordings or not frames:
        return None
    if asked is None:
        return draw(recordings, frames, sampling.like, seed)
    return draw_near(draw, recordings, frames, sampling.like, seed, asked.at(0)[0])


def lasting(loaded: LoadedVQModel) -> Lasting:
    """As long as the sounds that the prior learned to their ends."""
    metadata = loaded.prior_metadata or {}
    whole = [len(recording["codes"]) for recording in metadata.get("recordings") or () if recording["whole"]]
    longest = metadata.get("longest_sound_frames")
    return Lasting(min(whole, default=1), longest if isinstance(longest, int) else None)


def units_for(loaded: LoadedVQModel, sampling: Sampling, may_last: bool = False) -> Units | None:
    """The frames of the corpus that finer codes are taken from; None where all are drawn.

    Unless things `may_last`, silence ends when it has lasted for as long as the longest of the corpus, and sounds grow
    old as those of the corpus do.
    """
    assert loaded.prior is not None

    def hearing(codes: Tensor) -> Tensor:
        return frame_levels(loaded.model, loaded.model.rvq.lookup(codes)) < SILENT_DB

    recordings = (loaded.prior_metadata or {}).get("recordings")
    return units_of(loaded.prior, recordings, sampling.free_levels, None if may_last else hearing, not may_last)


def draw_codes(
    job: Job,
    frames: int,
    seed: int,
    progress: Progress,
    lead_in: LeadIn | None = None,
    given: Given | None = None,
    asked: Asked | None = None,
) -> Tensor:
    """Codes `[T, Q]` drawn from the prior as `asked`, but for those that are `given`."""
    return draw_together(job, frames, [seed], progress, lead_in, given, asked)[0]


def draw_together(
    job: Job,
    frames: int,
    seeds: Sequence[int],
    progress: Progress,
    lead_in: LeadIn | LeadIns | None = None,
    given: Given | None = None,
    asked: Asked | None = None,
) -> Tensor:
    """Codes `[B, T, Q]`, for each of the `seeds` what `draw_codes` gives."""
    loaded, generators = job.loaded, [torch.Generator().manual_seed(seed) for seed in seeds]
    assert loaded.prior is not None
    stream = sample_sounds(
        loaded.prior, len(seeds), job.sampling, generators, lasting(loaded), lead_in, given, asked=asked,
        units=job.units,
    )  # fmt: skip
    drawn = torch.empty(len(seeds), frames, loaded.prior.num_quantizers, dtype=torch.long)
    for t, frame in enumerate(islice(stream, frames)):
        drawn[:, t] = frame.codes.cpu()
        progress(t + 1, frames)
    return drawn
