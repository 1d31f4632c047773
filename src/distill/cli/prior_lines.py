"""Lines of text on a prior training: its preparation, its steps, its epochs."""

from types import TracebackType

from rich.console import Console
from rich.markup import escape

from distill.cli.work_progress import SpacedLines
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
    sound = f", {visible(metrics.name)}" if metrics.name else ""
    return f"Encoding your sounds: {metrics.progress:.0%}{sound}"


def step_line(metrics: PriorStepMetrics) -> str:
    """How far an epoch is."""
    steps = f"step {metrics.step} of {metrics.steps_per_epoch}"
    return f"Epoch {metrics.epoch}: {steps}, loss {metrics.loss:.3f}"


class PriorDisplay:
    """Shows a prior training: a line per epoch, warnings as they come, each verdict of a new kind.

    Between them, a terminal has a line that changes; elsewhere a line comes now and then. Use as a
    context manager, and as the callback.

    Args:
        console: Console to show it on.
        minutes: Longest training; None where it is in epochs.
    """

    def __init__(self, console: Console, minutes: float | None) -> None:
        self.console = console
        self.minutes = minutes
        self.last_kind = ""
        self._status = console.status("Listening …")
        self._scan_lines = SpacedLines(console)
        # Encoding may take minutes: it says at once what it is.
        self._preparation_lines = SpacedLines(console, begins_at_once=True)
        self._step_lines = SpacedLines(console)

    def __enter__(self) -> "PriorDisplay":
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._status.stop()

    def show_scan(self, done: int, total: int, name: str) -> None:
        """Show how far the scan is, as `scan_corpus` calls it."""
        self._show(f"Listening: {done} of {total} files, {visible(name)}", self._scan_lines)

    def __call__(self, metrics: PreparationMetrics | PriorStepMetrics | PriorEpochMetrics) -> None:
        """Show how far the training is."""
        if isinstance(metrics, PreparationMetrics):
            self._show(preparation_line(metrics), self._preparation_lines)
        elif isinstance(metrics, PriorStepMetrics):
            self._show(step_line(metrics), self._step_lines)
        else:
            self._show_epoch(metrics)

    def _show(self, line: str, lines: SpacedLines) -> None:
        # The status takes markup.
        self._status.update(escape(line))
        lines(line)

    def _show_epoch(self, metrics: PriorEpochMetrics) -> None:
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
