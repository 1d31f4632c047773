"""What all commands share: consoles, errors in one sentence, JSON, Ctrl-C."""

import functools
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import typer
from rich.console import Console

from distill.errors import DistillError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

Command = TypeVar("Command", bound=Callable[..., Any])


def make_console(quiet: bool = False) -> Console:
    """Everything for people goes to stderr; stdout is for `--json`.

    Markup and emoji codes are off: paths and names are shown as they are, brackets and colons
    included.
    """
    return Console(stderr=True, quiet=quiet, highlight=False, markup=False, emoji=False)


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
    """One JSON object on stdout. What is no number (a loudness of silence) becomes null."""
    # Escaped beyond ASCII: file names that are no valid Unicode survive, whatever stdout is encoded
    # in.
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

    earlier = {
        number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield event
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def clock(seconds: float) -> str:
    """`75` → `1:15`, `3700` → `1:01:40`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
