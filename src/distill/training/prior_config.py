"""Settings of prior training. Free of torch, so that `--help` is quick."""

from dataclasses import dataclass

from distill.bounds import check_bound
from distill.errors import UsageError

# Files of a corpus up to which it counts as small, and as middling.
SMALL_CORPUS = 20
MIDDLING_CORPUS = 100


@dataclass
class PriorConfig:
    """How the prior is built and trained.

    Attributes:
        max_epochs: Epochs at most.
        hidden_size: Width of the network.
        num_layers: Layers of the network.
        num_heads: Attention heads.
        learning_rate: Highest learning rate.
        dropout: Share of activations that are dropped in training.
        batch_size: Pieces in most batches.
        context_s: Seconds of sound that each frame can look back on.
        piece_s: Seconds in a piece of most batches. Many short steps learn faster than pieces of
            the whole context.
        long_every: One batch in this many has fewer pieces, as long as the context, so that all of
            it is learned; 0 for none.
        weight_decay: Of network and heads.
        mask_rate: Share of past frames that are hidden in training, so that small corpora are not
            memorised.
        ahead_share: Share of batches in which the prior reads the last frames before the others,
            so that it learns to fill gaps.
        encodings: Encodings of every sound, each with a shifted frame grid and another level.
        minutes: Training time; None for as long as `max_epochs` take.
        min_steps_per_epoch: Steps in an epoch at least, however small the corpus.
        patience: Epochs without a better held-out perplexity after which training ends.
        seed: Of all random draws.
        threads: CPU threads; None for the fastest number, or one for each idle core
            where a run is to be repeatable.
    """

    max_epochs: int = 100
    hidden_size: int = 256
    num_layers: int = 4
    num_heads: int = 4
    learning_rate: float = 1e-3
    dropout: float = 0.2
    batch_size: int = 4
    context_s: float = 8.0
    piece_s: float = 4.0
    long_every: int = 4
    weight_decay: float = 0.1
    mask_rate: float = 0.2
    ahead_share: float = 0.3
    encodings: int = 16
    minutes: float | None = None
    min_steps_per_epoch: int = 40
    patience: int = 6
    seed: int = 0
    threads: int | None = None

    def check(self) -> None:
        """Refuse values that make no sense.

        Raises:
            UsageError: Always with the flag and the bound in its sentence.
        """
        numbers = {
            "--epochs": self.max_epochs,
            "--minutes": self.minutes,
            "--hidden-size": self.hidden_size,
            "--layers": self.num_layers,
            "--heads": self.num_heads,
            "--lr": self.learning_rate,
            "--batch-size": self.batch_size,
            "--threads": self.threads,
        }
        for option, value in numbers.items():
            check_bound(option, value)
        checks = [
            (0 <= self.dropout < 1, "The dropout must lie between 0 and 1."),
            (self.long_every >= 0, "How often a batch has long pieces must be 0 (never) or more."),
            (
                0 <= self.ahead_share <= 1,
                "The share of batches heard ahead must lie between 0 and 1.",
            ),
            (
                # Rotary embeddings need an even width of each head.
                self.hidden_size % (2 * self.num_heads) == 0,
                f"--hidden-size ({self.hidden_size}) must be a multiple of "
                f"twice --heads ({self.num_heads}).",
            ),
        ]
        for is_fine, message in checks:
            if not is_fine:
                raise UsageError(message)


def get_adaptive_prior_config(file_count: int) -> PriorConfig:
    """Return settings that suit a corpus of `file_count` files.

    The fewer files, the smaller the network and the stronger its regularisation.

    Example:
        >>> get_adaptive_prior_config(12).hidden_size
        128
    """
    if file_count <= SMALL_CORPUS:
        return PriorConfig(
            max_epochs=50,
            hidden_size=128,
            num_layers=2,
            num_heads=4,
            learning_rate=3e-4,
            dropout=0.3,
            weight_decay=0.3,
        )
    if file_count <= MIDDLING_CORPUS:
        return PriorConfig(
            max_epochs=100,
            hidden_size=128,
            num_layers=2,
            num_heads=4,
            learning_rate=1e-3,
            dropout=0.2,
            weight_decay=0.1,
        )
    return PriorConfig(
        max_epochs=150,
        hidden_size=256,
        num_layers=4,
        num_heads=8,
        learning_rate=1e-3,
        dropout=0.1,
        weight_decay=0.03,
    )
