"""Progress of long work: a bar in a terminal; elsewhere a line now and then, as for a log."""

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_EVERY_S = 30.0
"""Seconds between two lines where there is no terminal."""

Item = TypeVar("Item")


class SpacedLines:
    """Prints a line now and then where the console is no terminal, which shows more than lines.

    Args:
        console: Console to print on.
        begins_at_once: Whether the first line comes at once; else work that is short has none.
    """

    def __init__(self, console: Console, begins_at_once: bool = False) -> None:
        self._console = console
        self._next_s = 0.0 if begins_at_once else time.monotonic() + LINE_EVERY_S

    def __call__(self, line: str) -> None:
        """Print `line`, unless another came just before."""
        now = time.monotonic()
        if self._console.is_terminal or now < self._next_s:
            return
        self._next_s = now + LINE_EVERY_S
        self._console.print(line, soft_wrap=True)


class WorkProgress:
    """How far work is. Use as a context manager, and as the function that is told.

    Args:
        console: Console to print on.
        title: What is done, such as "Generating".

    Example:
        with WorkProgress(console, "Generating") as show:
            generate(model, progress=show)
    """

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._lines = SpacedLines(console)

    def __enter__(self) -> "WorkProgress":
        self._bar = _bar(self._console)
        self._bar.start()
        self._task = self._bar.add_task(self._title, total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` is done, in any unit."""
        self._bar.update(self._task, completed=done, total=total)
        self._lines(f"{self._title}: {done / max(1, total):.0%}")

    def track(self, items: Iterable[Item], total: int) -> Iterator[Item]:
        """The items, each of which is done when the next one is asked for."""
        self(0, total)
        for done, item in enumerate(items, 1):
            yield item
            self(done, total)


def _bar(console: Console) -> "Progress":
    """A bar that goes away when it is done; none where `console` is no terminal."""
    from rich.progress import Progress

    return Progress(console=console, transient=True, disable=not console.is_terminal)
