"""Settings of prior training. Free of torch, so that `--help` is quick."""

import math
from dataclasses import dataclass

from distill.errors import UsageError


@dataclass
class PriorConfig:
    """How the prior is built and trained."""

    max_epochs: int = 100
    hidden_size: int = 256
    num_layers: int = 4
    num_heads: int = 4
    learning_rate: float = 1e-3
    dropout: float = 0.2
    batch_size: int = 4
    context_s: float = 8.0
    """Seconds of sound that each frame can look back on."""
    piece_s: float = 4.0
    """Seconds in a piece of most batches: more, and shorter, steps learn faster than pieces of the
    whole context."""
    long_every: int = 4
    """Every so many-th batch has fewer pieces, as long as the context, so that all of that is
    learned; 0: none."""
    weight_decay: float = 0.1
    mask_rate: float = 0.2
    """Share of past frames that are hidden in training, so that small corpora are not learned by
    heart."""
    ahead_share: float = 0.3
    """Share of batches in which the prior hears what follows before the rest, so that it learns to
    fill gaps."""
    encodings: int = 16
    """Encodings of every sound, each with the frame grid at another offset, and louder or
    quieter."""
    minutes: float | None = None
    """Training time; None: as long as `max_epochs` take."""
    min_steps_per_epoch: int = 40
    patience: int = 6
    """Epochs without a better held-out perplexity after which training ends."""
    seed: int = 0
    threads: int | None = None

    def check(self) -> None:
        """`UsageError` for values that make no sense."""
        checks = [
            (self.max_epochs >= 1, "--epochs must be at least 1."),
            (self.num_layers >= 1, "--layers must be at least 1."),
            (self.num_heads >= 1, "--heads must be at least 1."),
            (self.learning_rate > 0 and math.isfinite(self.learning_rate), "--lr must be above 0."),
            (
                self.minutes is None or (self.minutes > 0 and math.isfinite(self.minutes)),
                "--minutes must be above 0.",
            ),
            (self.threads is None or self.threads >= 1, "--threads must be at least 1."),
            (0 <= self.dropout < 1, "The dropout must lie between 0 and 1."),
            (self.long_every >= 0, "How often a batch has long pieces must be 0 (never) or more."),
            (
                0 <= self.ahead_share <= 1,
                "The share of batches heard ahead must lie between 0 and 1.",
            ),
            (
                self.num_heads >= 1
                and self.hidden_size >= 1
                and self.hidden_size % (2 * self.num_heads) == 0,
                f"--hidden-size ({self.hidden_size}) must be a multiple of twice --heads ({self.num_heads}).",
            ),
        ]
        for fine, message in checks:
            if not fine:
                raise UsageError(message)


def get_adaptive_prior_config(file_count: int) -> PriorConfig:
    """Settings that suit a corpus of `file_count` files: the fewer, the smaller and the more
    regularised."""
    if file_count <= 20:
        return PriorConfig(50, 128, 2, 4, 3e-4, 0.3, weight_decay=0.3)
    if file_count <= 100:
        return PriorConfig(100, 128, 2, 4, 1e-3, 0.2, weight_decay=0.1)
    return PriorConfig(150, 256, 4, 8, 1e-3, 0.1, weight_decay=0.03)
