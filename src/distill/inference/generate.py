"""New sound from a prior: made in one of the ways that there are, and looked through for what it
repeats."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distill.audio.io import write_sound
from distill.audio.level import integrated_loudness
from distill.errors import UsageError
from distill.inference.copies.meter import CopyMeter
from distill.inference.copies.report import CopyReport
from distill.inference.modes.base import GenerationJob, Mode, Progress, Rendered
from distill.inference.modes.continuation import Continuation
from distill.inference.modes.infill import Infill
from distill.inference.modes.loop import Loop
from distill.inference.modes.new import New
from distill.inference.modes.one_shot import OneShot
from distill.inference.modes.request import Playing
from distill.inference.modes.variation import Variation
from distill.inference.recipe import Recipe
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.steering import Steering
from distill.models.persistence import LoadedVQModel
from distill.settings import LARGEST_SEED, check_seed

MAX_DURATION_S = 3600.0
MOST_DRAWS = 8
"""How often a sound is drawn at most until it copies little enough."""

PLAYERS: dict[str, Callable[[GenerationJob], Mode]] = {
    "new": New,
    "continue": Continuation,
    "one-shot": OneShot,
    "loop": Loop,
    "variation": Variation,
    "infill": Infill,
}
"""What makes the sounds of each of the ways."""


@dataclass(frozen=True)
class Generated:
    """A generated sound: `audio` `[C, N]` at `sample_rate` Hz, its `codes` `[T, Q]`, and how it was
    made.

    `copy` says how much of it repeats the corpus, None where the model cannot tell; `draws` is the
    number of sounds that were drawn for it. `recipe.seed` is the one that it came from in the end.
    `heard` names the recordings that the prior heard before it began.
    """

    audio: np.ndarray
    sample_rate: int
    codes: Tensor
    recipe: Recipe
    loudness: float
    copy: CopyReport | None
    heard: tuple[str, ...] = ()
    draws: int = 1

    def save(self, path: str | Path) -> Path:
        """Write the sound as the name ends: .wav or .flac (24 bit) or .ogg, with its recipe in the
        metadata."""
        copied = asdict(self.copy) if self.copy else None
        return write_sound(path, self.audio, self.sample_rate, tags=self.recipe.tags(copy=copied))


def generate(
    loaded: LoadedVQModel,
    duration: float = 10.0,
    seed: int = 0,
    sampling: Sampling | None = None,
    count: int = 1,
    progress: Progress = lambda done, total: None,
    max_copy: float | None = None,
    gain: float | None = None,
    playing: Playing | None = None,
    steering: Steering | None = None,
) -> Iterator[Generated]:
    """`count` sounds of `duration` seconds, each as soon as it is ready; the i-th is drawn from
    `seed + i`.

    New ones are drawn eight at a time, each as it is by itself.

    One that copies more than `max_copy` percent is drawn again from other seeds, which follow from
    its own, up to `MOST_DRAWS` times in all; of those that all copy more, the one that copies least
    is given. `gain` is that of an earlier sound which this one is to begin like. `playing` is the
    way that they are made, and from which sound; `steering` is what they are to be like.

    Raises `NoPriorError` when the model has no prior, `UsageError` for settings out of range.
    """
    _check(loaded, duration, seed, count, max_copy)
    if playing and playing.source and sampling and sampling.like:
        raise UsageError(
            f"With {playing.way.option} the prior hears that sound first: leave out --like."
        )
    steering = steering or Steering()
    steering.targets(loaded, 1)
    job = GenerationJob(
        loaded, duration, sampling or Sampling(), (playing or Playing()).settled(), gain, steering
    )
    return _Maker(job, max_copy).make_all(range(seed, seed + count), progress)


def _check(
    loaded: LoadedVQModel, duration: float, seed: int, count: int, max_copy: float | None
) -> None:
    loaded.require_prior()
    if not 0 < duration <= MAX_DURATION_S:
        raise UsageError(f"--duration must be above 0 and at most {MAX_DURATION_S:.0f} seconds.")
    if round(duration * loaded.model.sample_rate) < 1:
        raise UsageError("--duration is shorter than one sample: ask for more.")
    check_seed(seed)
    if count < 1:
        raise UsageError("The number of sounds (-n) must be at least 1.")
    if max_copy is not None and not 0 <= max_copy <= 100:
        raise UsageError("--max-copy must lie between 0 and 100 percent.")
    if max_copy is not None and loaded.prior_facts.copy_index is None:
        raise UsageError(
            f"{loaded.path} cannot tell what is copied: train its prior again (`distill train-prior`), or leave out "
            "--max-copy."
        )


class _Maker:
    """Makes sounds for one job, and says what they copy."""

    def __init__(self, job: GenerationJob, max_copy: float | None) -> None:
        self.job, self.model, self.max_copy = job, job.loaded.model, max_copy
        self.player = PLAYERS[job.playing.way.kind](job)
        index = job.loaded.prior_facts.copy_index
        self.meter = CopyMeter(self.model, index) if index else None
        self.recipe = Recipe.of(
            job.loaded,
            torch.get_num_threads(),
            seed=0,
            duration=job.duration,
            sampling=job.sampling,
            gain=1.0,
            way=job.playing.way,
            steering=job.steering,
            max_copy=max_copy,
        )

    def make_all(self, seeds: Sequence[int], progress: Progress) -> Iterator[Generated]:
        """For each of the `seeds`, as many at once as the player makes."""
        size = self.player.together
        rounds = -(-len(seeds) // size)
        for i in range(rounds):

            def report(done: int, total: int, i: int = i) -> None:
                progress(i * total + done, rounds * total)

            some = seeds[i * size : (i + 1) * size]
            for seed, take in zip(some, self.player.takes(some, report), strict=True):
                yield self._under(self._generated(seed, take), report)

    def _under(self, first: Generated, progress: Progress) -> Generated:
        """The first sound that copies at most `max_copy` percent: `first`, or of the seeds that
        follow from its own."""
        least, seed, most = first, first.recipe.seed, self.max_copy
        for draw in range(1, MOST_DRAWS):
            if most is None or least.copy is None or least.copy.percent <= most:
                break
            another_seed = derived_seed(seed, draw)
            (take,) = self.player.takes([another_seed], progress)
            another = self._generated(another_seed, take)
            assert another.copy is not None
            least = another if another.copy.percent < least.copy.percent else least
            least = replace(least, draws=draw + 1)
        return least

    def _generated(self, seed: int, take: Rendered) -> Generated:
        return Generated(
            audio=take.audio,
            sample_rate=self.model.sample_rate,
            codes=take.codes,
            recipe=replace(self.recipe, seed=seed, gain=take.gain),
            loudness=integrated_loudness(take.audio, self.model.sample_rate),
            copy=self._copied(take),
            heard=take.heard,
        )

    def _copied(self, take: Rendered) -> CopyReport | None:
        """Of what is new alone; its times are those in the whole sound."""
        if self.meter is None:
            return None
        report = self.meter.measure(take.codes, take.audio[:, take.begins : take.ends], take.drawn)
        return _later(report, take.begins / self.model.sample_rate)


def _later(report: CopyReport, seconds: float) -> CopyReport:
    """`report` on what begins `seconds` into a sound."""
    runs = tuple(run and replace(run, output_s=run.output_s + seconds) for run in report.runs)
    near = report.passage
    return replace(
        report, runs=runs, passage=near and replace(near, output_s=near.output_s + seconds)
    )


def derived_seed(seed: int, draw: int) -> int:
    """The seed of the `draw`-th sound that is drawn in place of the one of `seed`."""
    return int(np.random.SeedSequence((seed, draw)).generate_state(1, np.uint64)[0] % LARGEST_SEED)
