"""Settings of codec training. Free of torch, so that `--help` is quick."""

import math
from dataclasses import dataclass
from typing import Any

from distill.errors import UsageError
from distill.settings import LARGEST_SEED


@dataclass
class VQVAEConfig:
    """How the codec is built and trained. Exactly one of `minutes`, `epochs` and `steps` is set."""

    codebook_size: int = 128
    num_quantizers: int = 8
    batch_size: int | None = None
    """Pieces heard at each step; None: as many as suit the device."""
    crop_frames: int = 24
    """Code frames (of 1024 samples) in a crop: about 0.5 s. Twice that was worse at equal time."""
    learning_rate: float = 1e-3
    minutes: float | None = None
    epochs: int | None = None
    steps: int | None = None
    seed: int = 0
    threads: int | None = None
    channels: int | None = None
    """1 mono, 2 stereo; None: as the corpus is."""
    hidden_size: int = 384
    early_stop: bool = True
    """Whether to end before the time is over once more of it would not help."""

    def __post_init__(self) -> None:
        checks = [
            (2 <= self.num_quantizers <= 8, "--rvq-levels must lie between 2 and 8."),
            (2 <= self.codebook_size <= 4096, "--codebook-size must lie between 2 and 4096."),
            (self.batch_size is None or self.batch_size >= 1, "--batch-size must be at least 1."),
            (self.learning_rate > 0 and math.isfinite(self.learning_rate), "--lr must be above 0."),
            (self.channels in (None, 1, 2), "--channels must be 1 (mono) or 2 (stereo)."),
            (self.threads is None or self.threads >= 1, "--threads must be at least 1."),
            (0 <= self.seed <= LARGEST_SEED, f"--seed must lie between 0 and {LARGEST_SEED}."),
        ]
        for name, value in (
            ("minutes", self.minutes),
            ("epochs", self.epochs),
            ("steps", self.steps),
        ):
            positive = value is None or (value > 0 and math.isfinite(value))
            checks.append((positive, f"--{name} must be above 0."))
        given = [v for v in (self.minutes, self.epochs, self.steps) if v is not None]
        checks.append((len(given) <= 1, "Give only one of --minutes, --epochs and --steps."))
        for fine, message in checks:
            if not fine:
                raise UsageError(message)

    def model_arguments(self, sample_rate: int) -> dict[str, Any]:
        """Constructor arguments of the codec."""
        return {
            "sample_rate": sample_rate,
            "channels": self.channels or 1,
            "codebook_size": self.codebook_size,
            "num_quantizers": self.num_quantizers,
            "hidden_size": self.hidden_size,
        }


def get_adaptive_vqvae_config(file_count: int, **overrides: Any) -> VQVAEConfig:
    """Settings that suit a corpus of `file_count` files; keyword arguments that are not None
    win."""
    codebook_size = 64 if file_count <= 20 else 128 if file_count <= 100 else 256
    chosen = {"codebook_size": codebook_size} | {
        k: v for k, v in overrides.items() if v is not None
    }
    return VQVAEConfig(**chosen)


def default_minutes(total_s: float) -> float:
    """Training time for a corpus of `total_s` seconds: 10 minutes for the smallest, up to 60 for an
    hour of sound."""
    return float(round(min(60.0, 10.0 + 50.0 * min(1.0, total_s / 3600) ** 0.5)))
