"""The display of codec training: live in a terminal, a line now and then elsewhere."""

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
SMOOTHING = 0.95


class TrainDisplay:
    """Shows training events on a console. Use as a context manager, and as the callback."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self.loss: float | None = None
        self.validation: ValidationMetrics | None = None
        self.saved: ModelSaved | None = None
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
            if not isfinite(event.mel_loss):
                return
            earlier = event.mel_loss if self.loss is None else self.loss
            self.loss = SMOOTHING * earlier + (1 - SMOOTHING) * event.mel_loss
            self._show(event)
        elif isinstance(event, ValidationMetrics):
            self._judge(event)
        elif isinstance(event, ModelSaved):
            self.saved = event
        elif isinstance(event, BatchHalved):
            pieces = "1 piece" if event.batch_size == 1 else f"{event.batch_size} pieces"
            self._say(f"Memory ran out: going on with {pieces} a step from step {event.step} on.")
        elif isinstance(event, StoppingEarly):
            self._say(
                f"More time would not help: ending soon after step {event.step} (--no-early-stop goes on)."
            )

    def _judge(self, event: ValidationMetrics) -> None:
        """A live display shows every verdict, lines one after the other only those that are new."""
        if not self.live and (
            self.validation is None or self.validation.verdict_kind != event.verdict_kind
        ):
            self._say(event.verdict)
        self.validation = event

    def _say(self, sentence: str) -> None:
        self.console.print(sentence, soft_wrap=True)

    def _show(self, event: StepMetrics) -> None:
        if self.live:
            self.live.update(self._panel(event))
        elif event.elapsed_s >= self.next_line_s:
            self.next_line_s = event.elapsed_s + LINE_EVERY_S
            self.console.print(self._summary(event), soft_wrap=True)

    def _summary(self, event: StepMetrics) -> str:
        held_out = ""
        if self.validation and self.validation.val_loss is not None:
            held_out = f" | held out {self.validation.val_loss:.2f}"
        # A live display has a table of all levels.
        use = (
            ""
            if self.live or not event.levels
            else f" | codes in use {_lowest_use(event.levels):.0%}+"
        )
        return (
            f"step {event.step} | {clock(event.remaining_s)} left | loss {self.loss:.2f}{held_out}{use} "
            f"| {event.realtime_factor:.0f}x real time"
        )

    def _panel(self, event: StepMetrics) -> Group:
        bar = ProgressBar(total=1.0, completed=event.progress, width=48)
        # A bar ends without a new line of its own.
        parts: list[RenderableType] = [Padding(bar), Text(self._summary(event))]
        if self.validation:
            parts.append(Text(self.validation.verdict))
        if event.levels:
            parts.append(_level_table(event.levels))
        if self.saved:
            parts.append(
                Text(f"{self.saved.path} is usable as of step {self.saved.step}.", style="dim")
            )
        return Group(*parts, *low_use_warnings(event.levels))


def _lowest_use(levels: tuple[LevelHealth, ...]) -> float:
    return min(level.utilisation for level in levels)


def low_use_warnings(levels: tuple[LevelHealth, ...]) -> list[Text]:
    """One warning for every level that uses too few of its codes."""
    return [
        Text(
            f"Warning: {level.name} uses {level.utilisation:.0%} of its codes (under {LOW_UTILISATION:.0%}): "
            "if it stays so, use a smaller --codebook-size.",
            style="yellow",
        )
        for level in levels
        if level.is_low
    ]


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
