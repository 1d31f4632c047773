"""Progress of a prior training: the counters, losses and best weights that a checkpoint keeps."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor

from distill.models.prior import CodePrior
from distill.training.prior.verdict import perplexity_of


@dataclass
class PriorProgress:
    """Progress of a run, as its checkpoint holds it.

    Attributes:
        epoch: Epochs done.
        step: Steps done.
        elapsed_s: Seconds of training, earlier runs included.
        since_best: Epochs since the best one.
        epoch_losses: Losses of the steps of the epoch that is not over, in nats a code.
        best_loss: Lowest held-out loss, in nats a code.
        best_weights: State of the prior at that loss; None before the first validation.
        history: Losses of each epoch.
        warnings: Sentences of warning.
    """

    epoch: int = 0
    step: int = 0
    elapsed_s: float = 0.0
    since_best: int = 0
    epoch_losses: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_weights: dict[str, Tensor] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def end_epoch(self, own_loss: float, level_losses: list[float], prior: CodePrior) -> None:
        """Count an epoch, and keep its weights where they are the best so far.

        Args:
            own_loss: Loss on sounds that are learned.
            level_losses: Loss of each level on held-out sounds; their mean decides.
            prior: Has the weights that were validated.
        """
        val_loss = sum(level_losses) / len(level_losses)
        train_loss = sum(self.epoch_losses) / len(self.epoch_losses)
        self.epoch += 1
        self.since_best += 1
        self.epoch_losses = []
        if val_loss < self.best_loss:
            self.best_loss = val_loss
            self.since_best = 0
            self.best_weights = {
                name: tensor.detach().cpu().clone() for name, tensor in prior.state_dict().items()
            }
        self.history.append(
            {
                "epoch": self.epoch,
                "train_loss": train_loss,
                "own_loss": own_loss,
                "val_loss": val_loss,
                "level_losses": level_losses,
            }
        )

    def check(self) -> None:
        """Raise `ValueError` where a counter does not fit the others: no run leaves such."""
        is_first = self.best_weights is None and not self.history
        has_best = self.best_weights is not None and 0 <= self.since_best < self.epoch
        is_counted = self.epoch == len(self.history) and (is_first or has_best)
        has_steps = self.step >= len(self.epoch_losses)
        if not (is_counted and has_steps and 0 <= self.elapsed_s < math.inf):
            raise ValueError("the counters of the training do not fit one another")

    @property
    def place(self) -> str:
        """How far it is: "epoch 3", or "step 12 of epoch 4"."""
        if not self.epoch_losses:
            return f"epoch {self.epoch}"
        return f"step {len(self.epoch_losses)} of epoch {self.epoch + 1}"

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the lowest held-out loss."""
        return self.epoch - self.since_best

    @property
    def best_level_losses(self) -> list[float]:
        """Held-out loss of each level at the best epoch, in nats a code; empty before the first."""
        return self.history[self.best_epoch - 1]["level_losses"] if self.history else []

    @property
    def best_perplexity(self) -> float:
        """Held-out perplexity at the best epoch."""
        return perplexity_of(self.best_loss)

    @property
    def final_perplexity(self) -> float:
        """Held-out perplexity after the last epoch; NaN before the first one."""
        return perplexity_of(self.history[-1]["val_loss"]) if self.history else math.nan

    def state(self) -> dict[str, Any]:
        """All fields by name; `PriorProgress(**state)` continues from them."""
        # Not `asdict`, which copies all tensors.
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}
