"""Shared by all commands: consoles, errors in one sentence, JSON, Ctrl-C."""

import functools
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import Console

from distill.errors import DistillError

if TYPE_CHECKING:
    from rich.progress import Progress

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 plus the number of the signal, as in shells."""

Command = TypeVar("Command", bound=Callable[..., Any])


def make_console(quiet: bool = False) -> Console:
    """A console on stderr, for all that people read; stdout is for `--json`.

    Markup and emoji codes are off: paths and names keep their brackets and colons.
    """
    return Console(stderr=True, quiet=quiet, highlight=False, markup=False, emoji=False)


def progress_bar(console: Console) -> "Progress":
    """A progress bar that goes away when it is done; none where `console` is no terminal."""
    from rich.progress import Progress

    return Progress(console=console, transient=True, disable=not console.is_terminal)


def one_sentence_errors(command: Command) -> Command:
    """Turn a `DistillError` into its sentence on stderr and its exit code, and Ctrl-C into exit
    code 130."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DistillError as error:
            make_console().print(f"Error: {error}", style="red", soft_wrap=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            make_console().print("Stopped.")
            raise typer.Exit(INTERRUPTED) from interrupt

    return run  # type: ignore[return-value]


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout. Infinity and NaN (the loudness of silence) become null."""
    # ASCII with escapes: file names that are no valid Unicode survive every encoding of stdout.
    sys.stdout.write(json.dumps(plain(value), allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return str(value) if isinstance(value, Path) else value


@contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C (or a polite kill) sets; a second Ctrl-C stops at once."""
    event = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    earlier = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        earlier[number] = signal.signal(number, ask_to_stop)
    try:
        yield event
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def clock(seconds: float) -> str:
    """`seconds` as on a clock: `75` → `1:15`, `3700` → `1:01:40`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
