"""New sound from a prior: draw codes, decode them, bring them to the level of the corpus."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distill.audio.finish import finish
from distill.audio.io import write_wav
from distill.audio.level import integrated_loudness
from distill.audio.spatial import mix_channels
from distill.errors import NoPriorError, UsageError
from distill.inference.novelty import SharedRun, longest_shared_run
from distill.inference.sampling import Sampling, sample_frames
from distill.models.chunked import decode_codes, frames_of
from distill.models.persistence import LoadedVQModel
from distill.settings import LARGEST_SEED

MAX_DURATION_S = 3600.0


@dataclass(frozen=True)
class Generated:
    """A generated sound: `audio` `[C, N]` at `sample_rate` Hz, its `codes` `[T, Q]`, and how it was drawn."""

    audio: np.ndarray
    sample_rate: int
    codes: Tensor
    seed: int
    sampling: Sampling
    loudness: float
    shared_run: SharedRun | None

    def save(self, path: str | Path) -> Path:
        """Write the sound as 24-bit WAV."""
        return write_wav(path, self.audio, self.sample_rate)


def generate(
    loaded: LoadedVQModel,
    duration: float = 10.0,
    seed: int = 0,
    sampling: Sampling | None = None,
    count: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Generated]:
    """`count` sounds of `duration` seconds, each as soon as it is ready; the i-th is drawn from `seed + i`.

    Raises `NoPriorError` when the model has no prior, `UsageError` for a duration or count out of range.
    """
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
    sampling = sampling or Sampling()
    total = frames_of(round(duration * loaded.model.sample_rate), loaded.model.frame_hop)

    def one(i: int) -> Generated:
        codes = draw_codes(loaded, total, seed + i, sampling, lambda t: progress(i * total + t, count * total))
        return _finish(loaded, codes, duration, seed + i, sampling)

    return (one(i) for i in range(count))


def draw_codes(
    loaded: LoadedVQModel, frames: int, seed: int, sampling: Sampling, progress: Callable[[int], None]
) -> Tensor:
    """Codes `[T, Q]` drawn from the prior."""
    assert loaded.prior is not None
    generator = torch.Generator().manual_seed(seed)
    stated = (loaded.prior_metadata or {}).get("longest_sound_frames")
    longest = stated if isinstance(stated, int) else None
    drawn = []
    for t, codes in enumerate(islice(sample_frames(loaded.prior, 1, sampling, generator, longest), frames), 1):
        drawn.append(codes[0].cpu())
        progress(t)
    return torch.stack(drawn)


def _finish(loaded: LoadedVQModel, codes: Tensor, duration: float, seed: int, sampling: Sampling) -> Generated:
    model, metadata = loaded.model, loaded.prior_metadata or {}
    audio = mix_channels(decode_codes(model, codes), loaded.output_channels)[:, : round(duration * model.sample_rate)]
    audio = finish(audio, model.sample_rate, loaded.metadata.get("corpus_loudness", float("nan")))
    shared = longest_shared_run(codes.numpy(), metadata.get("corpus_codes", ()), model.codebook_size, model.frame_rate)
    loudness = integrated_loudness(audio, model.sample_rate)
    return Generated(audio, model.sample_rate, codes, seed, sampling, loudness, shared)
