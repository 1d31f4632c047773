"""Modes of generation: the contract, and the helpers that all of them share.

A new mode takes code in these places and no others:

1. `traits.py`: its kind, its option, its settings, and whether it takes a source, in `TRAITS`;
2. a file of its own with a subclass of `Mode`; `registry.py`: the import, and the class in `MODES`;
3. `cli/generate.py`: the type of its option, the parameter of `generate_cmd`, and its way into
   `make_request`;
4. `workflows/generate.py`: the argument of the same name, last in `distill.generate`, with a line
   in the docstring, and its way into `make_request`.

A number that no other mode has is a field of `ModeSettings` (`request.py`), with its option and a
line in the docstring, and passes through 3 and 4 as well. `make_request`, `--again`,
`generate_again` and the recipe take mode, source and number from the traits and the field.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from distill.audio.blocks import pieces
from distill.errors import UsageError
from distill.inference.codes.compatible import make_grid
from distill.inference.codes.encode import encode_with_remark
from distill.inference.codes.grid import CodeGrid, bound_gain
from distill.inference.events.bank import EventBank
from distill.inference.modes.request import Request
from distill.inference.modes.traits import ModeTraits
from distill.inference.sampling.conditions import Conditions, FixedCodes
from distill.inference.sampling.context import (
    event_bank_for,
    lead_in_for,
    length_limits,
    tempo_for,
)
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch, draw_lead_in
from distill.inference.sampling.steering import steering_targets
from distill.models.attribute_classifier import Targets
from distill.models.chunked import frames_of
from distill.models.persistence import LoadedVQModel
from distill.models.prior_blend import BlendedPrior, Prior

Progress = Callable[[int, int], None]
"""Takes the number of frames drawn so far and the number of all frames."""


@dataclass(frozen=True)
class GenerationJob:
    """A request with the model that fulfils it, and all that its sounds share.

    Attributes:
        loaded: The model.
        request: The request.
        blended_prior: The prior of two versions of a model; None where the model's own draws.
    """

    loaded: LoadedVQModel
    request: Request
    blended_prior: BlendedPrior | None = None

    @property
    def prior(self) -> Prior:
        """The network to draw from."""
        return self.blended_prior or self.loaded.require_prior()

    @property
    def steering(self) -> Steering:
        """Targets of the request; free where it has none."""
        return self.request.steering or Steering()

    @cached_property
    def event_bank(self) -> EventBank | None:
        """Events of the corpus that sounds are made of, found once for all sounds."""
        share = self.blended_prior.share if self.blended_prior else 0.0
        return event_bank_for(self.loaded, share)

    @property
    def fixed_gain(self) -> float | None:
        """The level factor, where it does not depend on the sound; None where it is measured.

        Steered loudness stays as the codec decodes it.
        """
        # Bringing it to the level of the corpus would undo what was steered.
        return 1.0 if self.steering.sets_loudness else self.request.gain

    @property
    def n_samples(self) -> int:
        """Samples in the duration."""
        return round(self.request.duration * self.loaded.model.sample_rate)

    @property
    def frames(self) -> int:
        """Code frames that hold the duration."""
        return frames_of(self.n_samples, self.loaded.model.frame_hop)

    def targets(self, frames: int, start: float = 0.0) -> Targets | None:
        """Steering targets for at least `frames` code frames from `start` seconds on; None if all
        is free.

        `UsageError` if the prior cannot be steered so.
        """
        # To the end of all curves: an event is chosen by what it will last through.
        whole = 1 + math.ceil(self.steering.last_change_s * self.loaded.model.frame_rate)
        return steering_targets(self.steering, self.loaded, max(frames, whole), start)

    def prompt(
        self, seed: int, targets: Targets | None, draw: Callable[..., LeadIn] = draw_lead_in
    ) -> LeadIn | None:
        """The prompt of the sound of `seed`, near to the first of the `targets`; None for none."""
        return lead_in_for(self.loaded, self.request.sampling, seed, draw, targets)

    def tempo(self, seed: int, prompt: LeadIn | None) -> float | None:
        """The tempo of the sound of `seed` in BPM; None where it keeps no beat."""
        return tempo_for(self.loaded, self.request.sampling, prompt, seed)

    def conditions(
        self,
        prompt: LeadIn | LeadInBatch | None = None,
        targets: Targets | None = None,
        fixed_codes: FixedCodes | None = None,
        goes_on: bool = False,
        tempos: Sequence[float | None] = (),
    ) -> Conditions:
        """Conditions of a draw, with the event bank and the length limits of this job."""
        return Conditions(
            prompt=prompt,
            fixed_codes=fixed_codes,
            targets=targets,
            event_bank=self.event_bank,
            goes_on=goes_on,
            tempos=tempos,
            keeps_level=self.steering.sets_loudness,
            length_limits=length_limits(self.loaded),
        )


@dataclass(frozen=True)
class RenderedSound:
    """One rendered sound.

    Args:
        audio: All of it, `[C, N]`.
        codes: Codes of its new part, `[T, Q]`.
        gain: Factor that brought the new part to its level.
        grid: Codes of the sound with what decoding needs: of its new part, and of the source
            around it as far as that was encoded.
        grid_start: Sample of the sound at which `grid` begins; below 0 where its first frame
            begins before the sound does.
        prompt_names: Recordings of the corpus that the prior was prompted with.
        new_start: First sample of the new part.
        new_stop: The sample after its last one; None for the end.
        new_frames: Frames of `codes` that were drawn, `[T]` (bool); None for all.
        tempo: Of the sound in BPM; None where it keeps no beat, or its source does not tell.
        is_loop: Whether its end flows into its start.
    """

    audio: np.ndarray
    codes: Tensor
    gain: float
    grid: CodeGrid
    grid_start: int = 0
    prompt_names: tuple[str, ...] = ()
    new_start: int = 0
    new_stop: int | None = None
    new_frames: Tensor | None = None
    tempo: float | None = None
    is_loop: bool = False


Rendering = Callable[[], RenderedSound]
"""The rest of the work on a sound that is drawn, which any thread may do."""


class Mode(ABC):
    """One way to generate, made once for a job. A seed gives the same sound whatever is beside it.

    Attributes:
        traits: What it takes and gives.
        batch_size: The number of sounds that `draw` makes most efficiently together.
        remarks: Sentences on what was changed or lost of the source.
    """

    traits: ClassVar[ModeTraits]

    batch_size: int = 1
    remarks: tuple[str, ...] = ()

    def __init__(self, job: GenerationJob) -> None:
        self.job = job
        if job.request.source:
            self.remarks = job.request.source.remarks

    def encode_source(self, audio: np.ndarray) -> CodeGrid:
        """Codes of `audio` `[C, N]`, all or part of the source; adds to the `remarks`."""
        source = self.job.request.source
        assert source is not None
        encoding = encode_with_remark(self.job.loaded, lambda: pieces(audio), source.name)
        if encoding.remark:
            self.remarks = (*self.remarks, encoding.remark)
        return encoding.grid

    def make_grid(self, codes: Tensor, n_samples: int, gain: float, width: float = 1.0) -> CodeGrid:
        """Codes of a rendered sound, with what decoding needs.

        Args:
            codes: `[T, Q]`.
            n_samples: Length of their sound.
            gain: Linear factor that decoding applies.
            width: Linear factor on the side in stereo.
        """
        return make_grid(
            self.job.loaded, codes.numpy(), n_samples=n_samples, gain=bound_gain(gain), width=width
        )

    @classmethod
    def complete(cls, request: Request) -> Request:
        """`request` with all defaults of this mode, its source recorded in the settings.

        A complete request stays as it is. `UsageError` for what does not go with this mode.
        """
        if not cls.traits.takes_source:
            return request
        source = request.source
        # The command line always has one here; Python code may forget it.
        if source is None:
            raise UsageError(f"{cls.traits.option} needs a sound file to start from.")
        # The source is the prompt: a recording of the corpus has no place before it.
        if request.sampling.like:
            raise UsageError(
                f"With {cls.traits.option} the prior hears that sound: leave out --like."
            )
        # The file names its source, so that it can be asked for when it is regenerated.
        return replace(
            request,
            mode=replace(request.mode, source=source.name, source_hash=source.digest),
            duration=source.seconds if cls.traits.lasts_as_source else request.duration,
        )

    @abstractmethod
    def draw(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendering]:
        """Draw the sound of each of the `seeds`, in their order, when it is asked for."""


class SequentialMode(Mode):
    """A mode that renders one sound after another."""

    @abstractmethod
    def render_one(self, seed: int, progress: Progress) -> RenderedSound:
        """The sound of `seed`."""

    def draw(self, seeds: Sequence[int], progress: Progress) -> Iterator[Rendering]:
        """The sounds of the `seeds`, each rendered whole when it is asked for."""
        for seed in seeds:
            yield partial(_as_it_is, self.render_one(seed, progress))


def _as_it_is(sound: RenderedSound) -> RenderedSound:
    return sound


def draw_codes(
    job: GenerationJob, frames: int, seed: int, progress: Progress, conditions: Conditions
) -> Tensor:
    """Codes `[T, Q]` of one sound; arguments as for `draw_batch`."""
    return draw_batch(job, frames, [seed], progress, conditions)[0]


def draw_batch(
    job: GenerationJob,
    frames: int,
    seeds: Sequence[int],
    progress: Progress,
    conditions: Conditions,
) -> Tensor:
    """Draw sounds in one batch, each with the codes that it has alone.

    Args:
        job: Its prior and sampling.
        frames: Length `T` of each sound, in code frames.
        seeds: The seed of each sound.
        progress: Called after each frame.
        conditions: As `job.conditions` makes them.

    Returns:
        Codes `[B, T, Q]`.
    """
    B = len(seeds)
    # One generator a stream: a sound does not depend on others in its batch.
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    stream = draw_frames(job.prior, B, job.request.sampling, generators, conditions)
    codes = torch.empty(B, frames, job.prior.num_quantizers, dtype=torch.long)
    for t, frame in enumerate(islice(stream, frames)):
        codes[:, t] = frame.codes.cpu()
        progress(t + 1, frames)
    return codes
