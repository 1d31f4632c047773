"""New sound from a prior: draw codes, decode them, bring them to the level of the corpus, see what they repeat."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distill.audio.finish import finish
from distill.audio.io import write_sound
from distill.audio.level import integrated_loudness
from distill.audio.spatial import mix_channels
from distill.errors import NoPriorError, UsageError
from distill.inference.copying import CopyMeter, CopyReport
from distill.inference.leadin import LeadIn, draw_lead_in
from distill.inference.recipe import Recipe
from distill.inference.sampling import Sampling, sample_frames
from distill.models.chunked import decode_codes, frames_of
from distill.models.persistence import LoadedVQModel
from distill.settings import LARGEST_SEED

MAX_DURATION_S = 3600.0
MOST_DRAWS = 8
"""How often a sound is drawn at most until it copies little enough."""


@dataclass(frozen=True)
class Generated:
    """A generated sound: `audio` `[C, N]` at `sample_rate` Hz, its `codes` `[T, Q]`, and how it was made.

    `copy` says how much of it repeats the corpus, None where the model cannot tell; `draws` is the number of sounds
    that were drawn for it. `recipe.seed` is the one that it came from in the end. `heard` names the recordings that the
    prior heard before it began.
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
        """Write the sound as the name ends: .wav or .flac (24 bit) or .ogg, with its recipe in the metadata."""
        copied = asdict(self.copy) if self.copy else None
        return write_sound(path, self.audio, self.sample_rate, tags=self.recipe.tags(copy=copied))


def generate(
    loaded: LoadedVQModel,
    duration: float = 10.0,
    seed: int = 0,
    sampling: Sampling | None = None,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    max_copy: float | None = None,
    gain: float | None = None,
) -> Iterator[Generated]:
    """`count` sounds of `duration` seconds, each as soon as it is ready; the i-th is drawn from `seed + i`.

    One that copies more than `max_copy` percent is drawn again from other seeds, which follow from its own, up to
    `MOST_DRAWS` times in all; of those that all copy more, the one that copies least is given. `gain` is that of an
    earlier sound which this one is to begin like.

    Raises `NoPriorError` when the model has no prior, `UsageError` for settings out of range.
    """
    _check(loaded, duration, seed, count, max_copy)
    maker = _Maker(loaded, duration, sampling or Sampling(), gain)

    def one(i: int) -> Generated:
        def report(done: int) -> None:
            progress(i * maker.drawn + done, count * maker.drawn)

        return maker.make_under(max_copy, seed + i, report)

    return (one(i) for i in range(count))


def _check(loaded: LoadedVQModel, duration: float, seed: int, count: int, max_copy: float | None) -> None:
    if loaded.prior is None or loaded.prior_metadata is None:
        raise NoPriorError(f"{loaded.path} has no prior yet: run `distill train-prior {loaded.path} SOUNDS` first.")
    if not 0 < duration <= MAX_DURATION_S:
        raise UsageError(f"--duration must be above 0 and at most {MAX_DURATION_S:.0f} seconds.")
    if round(duration * loaded.model.sample_rate) < 1:
        raise UsageError("--duration is shorter than one sample: ask for more.")
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed must lie between 0 and {LARGEST_SEED}.")
    if count < 1:
        raise UsageError("The number of sounds (-n) must be at least 1.")
    if max_copy is not None and not 0 <= max_copy <= 100:
        raise UsageError("--max-copy must lie between 0 and 100 percent.")
    if max_copy is not None and not loaded.prior_metadata.get("copy_index"):
        raise UsageError(
            f"{loaded.path} cannot tell what is copied: train its prior again (`distill train-prior`), or leave out "
            "--max-copy."
        )


class _Maker:
    """Makes sounds of one length with one model and one set of settings."""

    def __init__(self, loaded: LoadedVQModel, duration: float, sampling: Sampling, gain: float | None) -> None:
        self.loaded, self.duration, self.sampling, self.gain = loaded, duration, sampling, gain
        model = loaded.model
        self.n_samples = round(duration * model.sample_rate)
        self.frames = frames_of(self.n_samples, model.frame_hop)
        # What is decoded depends on the codes after it too: with those, a longer sound begins as a shorter one does.
        self.drawn = self.frames + model.receptive_field[1]
        index = (loaded.prior_metadata or {}).get("copy_index")
        self.meter = CopyMeter(model, index) if index else None
        self.recipe = Recipe.of(loaded, torch.get_num_threads(), seed=0, duration=duration, sampling=sampling, gain=1.0)

    def make_under(self, max_copy: float | None, seed: int, progress: Callable[[int], None]) -> Generated:
        """The first sound that copies at most `max_copy` percent, from `seed` or the seeds that follow from it."""
        least = self.make(seed, progress)
        for draw in range(1, MOST_DRAWS):
            if max_copy is None or least.copy is None or least.copy.percent <= max_copy:
                break
            another = self.make(derived_seed(seed, draw), progress)
            assert another.copy is not None
            least = another if another.copy.percent < least.copy.percent else least
            least = replace(least, draws=draw + 1)
        return least

    def make(self, seed: int, progress: Callable[[int], None]) -> Generated:
        """One sound."""
        model = self.loaded.model
        lead_in = lead_in_of(self.loaded, self.sampling, seed)
        codes = draw_codes(self.loaded, self.drawn, seed, self.sampling, progress, lead_in)
        audio = mix_channels(decode_codes(model, codes), self.loaded.output_channels)
        target = self.loaded.metadata.get("corpus_loudness", float("nan"))
        audio, gain = finish(audio, model.sample_rate, target, self.n_samples, self.gain)
        codes = codes[: self.frames]
        return Generated(
            audio=audio,
            sample_rate=model.sample_rate,
            codes=codes,
            recipe=replace(self.recipe, seed=seed, gain=gain),
            loudness=integrated_loudness(audio, model.sample_rate),
            copy=self.meter.measure(codes, audio) if self.meter else None,
            heard=lead_in.names if lead_in else (),
        )


def derived_seed(seed: int, draw: int) -> int:
    """The seed of the `draw`-th sound that is drawn in place of the one of `seed`."""
    return int(np.random.SeedSequence((seed, draw)).generate_state(1, np.uint64)[0] % LARGEST_SEED)


def lead_in_of(loaded: LoadedVQModel, sampling: Sampling, seed: int) -> LeadIn | None:
    """What the prior hears before it begins; None for nothing. `UsageError` where no recording is as asked."""
    recordings = (loaded.prior_metadata or {}).get("recordings")
    if sampling.like and not recordings:
        raise UsageError(
            f"{loaded.path} keeps no recordings to begin from: train its prior again, or leave out --like."
        )
    frames = round(sampling.lead_in * loaded.model.frame_rate)
    return draw_lead_in(recordings, frames, sampling.like, seed) if recordings and frames else None


def draw_codes(
    loaded: LoadedVQModel,
    frames: int,
    seed: int,
    sampling: Sampling,
    progress: Callable[[int], None],
    lead_in: LeadIn | None = None,
) -> Tensor:
    """Codes `[T, Q]` drawn from the prior."""
    assert loaded.prior is not None
    generator = torch.Generator().manual_seed(seed)
    stated = (loaded.prior_metadata or {}).get("longest_sound_frames")
    longest = stated if isinstance(stated, int) else None
    drawn = []
    for t, codes in enumerate(islice(sample_frames(loaded.prior, 1, sampling, generator, longest, lead_in), frames), 1):
        drawn.append(codes[0].cpu())
        progress(t)
    return torch.stack(drawn)
