"""Display of codec training: live in a terminal, a line now and then elsewhere."""

from math import isfinite
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from distill.cli.console import clock
from distill.training.metrics import (
    LOW_UTILISATION,
    BatchHalved,
    LevelHealth,
    ModelSaved,
    StepMetrics,
    StoppingEarly,
    TrainingEvent,
    ValidationMetrics,
)

LINE_EVERY_S = 30.0
"""Seconds between two lines where the display is not live."""

SMOOTHING = 0.95
"""Weight of earlier steps in the loss that is shown: an average over about 20 steps."""

BAR_WIDTH = 48
"""Columns of the progress bar."""


class TrainDisplay:
    """Shows training events on a console. Use as a context manager, and as the callback."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self.loss: float | None = None
        self.validation: ValidationMetrics | None = None
        self.save: ModelSaved | None = None
        self.next_line_s = 0.0

    def __enter__(self) -> "TrainDisplay":
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.live:
            self.live.stop()

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, StepMetrics):
            # A diverging training ends soon, with a sentence of its own.
            if not isfinite(event.mel_loss):
                return
            earlier = event.mel_loss if self.loss is None else self.loss
            self.loss = SMOOTHING * earlier + (1 - SMOOTHING) * event.mel_loss
            self._show_step(event)
        elif isinstance(event, ValidationMetrics):
            self._show_validation(event)
        elif isinstance(event, ModelSaved):
            self.save = event
        elif isinstance(event, BatchHalved):
            pieces = "1 piece" if event.batch_size == 1 else f"{event.batch_size} pieces"
            self._print(f"Memory ran out: going on with {pieces} a step from step {event.step} on.")
        elif isinstance(event, StoppingEarly):
            self._print(
                f"More time would not help: ending soon after step {event.step} "
                "(--no-early-stop goes on)."
            )

    def _show_validation(self, event: ValidationMetrics) -> None:
        """A live display shows every verdict, single lines only those of a new kind."""
        earlier = self.validation
        if not self.live and (earlier is None or earlier.verdict_kind != event.verdict_kind):
            self._print(event.verdict)
        self.validation = event

    def _print(self, sentence: str) -> None:
        self.console.print(sentence, soft_wrap=True)

    def _show_step(self, event: StepMetrics) -> None:
        if self.live:
            self.live.update(self._panel(event))
        elif event.elapsed_s >= self.next_line_s:
            self.next_line_s = event.elapsed_s + LINE_EVERY_S
            self._print(self._summary(event))

    def _summary(self, event: StepMetrics) -> str:
        held_out = ""
        if self.validation and self.validation.val_loss is not None:
            held_out = f" | held out {self.validation.val_loss:.2f}"
        use = ""
        # A live display has a table of all levels.
        if event.levels and not self.live:
            lowest = min(level.utilisation for level in event.levels)
            use = f" | codes in use {lowest:.0%}+"
        return (
            f"step {event.step} | {clock(event.remaining_s)} left "
            f"| loss {self.loss:.2f}{held_out}{use} "
            f"| {event.realtime_factor:.0f}x real time"
        )

    def _panel(self, event: StepMetrics) -> Group:
        bar = ProgressBar(total=1.0, completed=event.progress, width=BAR_WIDTH)
        # `Padding` ends the line after the bar, which the bar itself does not.
        parts: list[RenderableType] = [Padding(bar), Text(self._summary(event))]
        if self.validation:
            parts.append(Text(self.validation.verdict))
        if event.levels:
            parts.append(_level_table(event.levels))
        if self.save:
            parts.append(
                Text(f"{self.save.path} is usable as of step {self.save.step}.", style="dim")
            )
        return Group(*parts, *low_use_warnings(event.levels))


def low_use_warnings(levels: tuple[LevelHealth, ...]) -> list[Text]:
    """A warning for each level that uses too few of its codes."""
    warnings = []
    for level in levels:
        if level.is_low:
            sentence = (
                f"Warning: {level.name} uses {level.utilisation:.0%} of its codes "
                f"(under {LOW_UTILISATION:.0%}): "
                "if it stays so, use a smaller --codebook-size."
            )
            warnings.append(Text(sentence, style="yellow"))
    return warnings


def _level_table(levels: tuple[LevelHealth, ...]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("level", "codes in use", "perplexity", "unused"):
        table.add_column(title, justify="left" if title == "level" else "right")
    for level in levels:
        style = "yellow" if level.is_low else None
        table.add_row(
            level.name,
            f"{level.utilisation:.0%}",
            f"{level.perplexity:.1f}",
            str(level.dead_codes),
            style=style,
        )
    return table
