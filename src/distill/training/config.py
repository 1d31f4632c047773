"""Settings of codec training. Free of torch, so that `--help` is quick."""

from dataclasses import dataclass
from typing import Any

from distill.bounds import check_bound
from distill.errors import UsageError
from distill.settings import check_seed

# Entries of a codebook by default, by the number of files and the seconds of sound at most: both
# make a corpus varied. Of an hour of music, mel7 is 0.035 lower with four times the entries.
CODEBOOK_TIERS = ((20, 300.0, 64), (100, 1500.0, 128))

# The same for more files, or more sound.
LARGE_CODEBOOK = 256

# Training time by default: minutes for the smallest corpora, more for longer ones, up to an hour
# for an hour of sound.
LEAST_MINUTES = 10.0
MORE_MINUTES = 50.0
LONG_CORPUS_S = 3600.0


@dataclass
class VQVAEConfig:
    """How the codec is built and trained.

    At most one of `minutes`, `epochs` and `steps` is set; by default, the corpus decides.

    Attributes:
        codebook_size: Entries of each codebook.
        num_quantizers: Quantiser levels.
        batch_size: Crops in a batch; None for as many as suit the device.
        crop_frames: Code frames in a crop: about 0.5 s. Twice that was worse at equal time.
        learning_rate: Highest learning rate of AdamW; Muon's follows from it.
        minutes: Training time.
        epochs: Passes over the corpus.
        steps: Optimiser steps.
        seed: Of all random draws.
        threads: CPU threads; None for the fastest number, or one for each idle core
            where a training is to be repeatable (`adapts_threads`).
        channels: 1 for mono, 2 for stereo, None for the corpus's own.
        hidden_size: Width of the decoder.
        early_stop: Whether to end before the time is over once more of it would not help.

    Raises:
        UsageError: A value makes no sense.
    """

    codebook_size: int = 128
    num_quantizers: int = 8
    batch_size: int | None = None
    crop_frames: int = 24
    learning_rate: float = 1e-3
    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None
    seed: int = 0
    threads: int | None = None
    channels: int | None = None
    hidden_size: int = 384
    early_stop: bool = True

    def __post_init__(self) -> None:
        numbers = {
            "--rvq-levels": self.num_quantizers,
            "--codebook-size": self.codebook_size,
            "--batch-size": self.batch_size,
            "--lr": self.learning_rate,
            "--threads": self.threads,
            "--minutes": self.minutes,
            "--epochs": self.epochs,
            "--steps": self.steps,
        }
        for option, value in numbers.items():
            check_bound(option, value)
        check_seed(self.seed)
        if self.channels not in (None, 1, 2):
            raise UsageError("--channels must be 1 (mono) or 2 (stereo).")
        lengths = (self.minutes, self.epochs, self.steps)
        if sum(value is not None for value in lengths) > 1:
            raise UsageError("Give only one of --minutes, --epochs and --steps.")

    @property
    def adapts_threads(self) -> bool:
        """Whether the number of threads may change: not where a training is to be repeatable."""
        return self.threads is None and self.steps is None and self.epochs is None

    def model_arguments(self, sample_rate: int) -> dict[str, Any]:
        """Constructor arguments of the codec; `sample_rate` in Hz."""
        return {
            "sample_rate": sample_rate,
            "channels": self.channels or 1,
            "codebook_size": self.codebook_size,
            "num_quantizers": self.num_quantizers,
            "hidden_size": self.hidden_size,
            "oscillators": True,
        }


def get_adaptive_vqvae_config(
    file_count: int, total_s: float = 0.0, **overrides: Any
) -> VQVAEConfig:
    """Return settings that suit a corpus of `file_count` files.

    Args:
        file_count: Number of sound files.
        total_s: Seconds of sound in them; 0 where that is not known.
        overrides: Fields of `VQVAEConfig`; those that are not None win.

    Example:
        >>> get_adaptive_vqvae_config(12, minutes=20).codebook_size
        64
    """
    sizes = [
        size
        for files, seconds, size in CODEBOOK_TIERS
        if file_count <= files and total_s <= seconds
    ]
    settings: dict[str, Any] = {"codebook_size": sizes[0] if sizes else LARGE_CODEBOOK}
    settings |= {name: value for name, value in overrides.items() if value is not None}
    return VQVAEConfig(**settings)


def default_minutes(total_s: float) -> float:
    """Training time for a corpus of `total_s` seconds, in whole minutes, from 10 to 60.

    It grows with the square root: twice the sound does not need twice the time.
    """
    share = min(1.0, total_s / LONG_CORPUS_S) ** 0.5
    longest = LEAST_MINUTES + MORE_MINUTES
    return float(round(min(longest, LEAST_MINUTES + MORE_MINUTES * share)))
