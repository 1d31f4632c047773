"""Lines of text on a prior training: its preparation, its steps, its epochs."""

from rich.console import Console
from rich.markup import escape

from distill.printable import visible
from distill.training.metrics import PreparationMetrics, PriorEpochMetrics, PriorStepMetrics


def epoch_line(metrics: PriorEpochMetrics, has_total: bool = True) -> str:
    """One epoch of prior training in a line.

    Args:
        metrics: Its metrics.
        has_total: Whether anybody knows how many epochs there will be.
    """
    total = f"/{metrics.total_epochs}" if has_total else ""
    return (
        f"Epoch {metrics.epoch}{total} | train_loss: {metrics.train_loss:.4f} "
        f"| val_loss: {metrics.val_loss:.4f} | perplexity: {metrics.val_perplexity:.1f} "
        f"| best: {metrics.best_perplexity:.1f}"
    )


def preparation_line(metrics: PreparationMetrics) -> str:
    """How far the encoding of the sounds is."""
    sound = f", {escape(visible(metrics.name))}" if metrics.name else ""
    return f"Encoding your sounds: {metrics.progress:.0%}{sound}"


def step_line(metrics: PriorStepMetrics) -> str:
    """How far an epoch is."""
    steps = f"step {metrics.step} of {metrics.steps_per_epoch}"
    return f"Epoch {metrics.epoch}: {steps}, loss {metrics.loss:.3f}"


class EpochLines:
    """Prints a line per epoch, warnings as they come, and each verdict of a new kind."""

    def __init__(self, console: Console, minutes: float | None) -> None:
        self.console = console
        self.minutes = minutes
        self.last_kind = ""

    def __call__(self, metrics: PriorEpochMetrics) -> None:
        # With --minutes, nobody knows how many epochs there will be.
        line = epoch_line(metrics, has_total=self.minutes is None)
        self.console.print(line, soft_wrap=True)
        warning = metrics.memorization_message
        if metrics.is_memorizing:
            self.console.print(warning, style="bold yellow", soft_wrap=True)
        # The verdict on memorising repeats that warning.
        if metrics.verdict_kind != self.last_kind and metrics.verdict != warning:
            self.console.print(metrics.verdict, soft_wrap=True)
        self.last_kind = metrics.verdict_kind
