"""Shared by all commands: consoles, errors in one sentence, JSON, Ctrl-C and other signals."""

import functools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from distill.claims import release_all
from distill.errors import (
    CheckpointError,
    CorpusError,
    DistillError,
    DivergedError,
    LostProcessError,
    MemoryUsedUpError,
    RanksDifferError,
    UsageError,
)
from distill.files import plain_json
from distill.printable import visible
from distill.ranks import is_first_process

INTERRUPT_CODE = 130
"""Exit code after Ctrl-C: 128 plus the number of the signal, as in shells. Other signals that stop
a command give the same."""

STOP_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that ask a process to end, beside Ctrl-C: a polite kill, and a terminal that closes."""

_SAID_BY_FIRST = (
    CheckpointError,
    CorpusError,
    DivergedError,
    LostProcessError,
    MemoryUsedUpError,
    RanksDifferError,
)
"""Errors that all processes of a training meet alike: the first one says them."""

MODEL_OPTIONS = ("model_path", "model_or_sound", "model", "continue_model", "first", "second")
"""Parameters of commands that name a model to read, which may be one at the hub."""

WRITERS = ("train_prior_cmd",)
"""Commands that write into the model that they read."""

Command = TypeVar("Command", bound=Callable[..., Any])


class VisibleConsole(Console):
    """A console on which no text steers the terminal; colours and bars of Rich itself do."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Render as Rich does, but for the signs of `STEERING_SIGNS`."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def make_console(quiet: bool = False) -> VisibleConsole:
    """A console on stderr, for all that people read; stdout is for `--json`.

    Markup and emoji codes are off: paths and names keep their brackets and colons.
    """
    return VisibleConsole(stderr=True, quiet=quiet, highlight=False, markup=False, emoji=False)


def one_sentence_errors(command: Command) -> Command:
    """Turn a `DistillError` into its sentence on stderr and its exit code, and Ctrl-C into exit
    code 130. Claims of the command on its results end with it."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **_with_files(kwargs, command.__name__))
        except DistillError as error:
            if is_first_process() or not isinstance(error, _SAID_BY_FIRST):
                make_console().print(f"Error: {error}", style="red", soft_wrap=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            make_console(quiet=not is_first_process()).print("Stopped.")
            raise typer.Exit(INTERRUPT_CODE) from interrupt
        finally:
            release_all()

    return run  # type: ignore[return-value]


def _with_files(options: dict[str, Any], command: str) -> dict[str, Any]:
    """Options of a command, with a file in place of a model at the hub."""
    named = {name: str(value) for name, value in options.items() if name in MODEL_OPTIONS and value}
    if not any(value.startswith("hf:") for value in named.values()):
        return options
    from distill.workflows.hub import fetch, is_address

    if command in WRITERS:
        raise UsageError("A model at the hub stays as it is: `distill pull` it first.")
    files = {name: fetch(value) for name, value in named.items() if is_address(value)}
    return options | {name: type(options[name])(path) for name, path in files.items()}


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout. Infinity and NaN (the loudness of silence) become null."""
    # ASCII with escapes: file names that are no valid Unicode survive every encoding of stdout.
    sys.stdout.write(json.dumps(plain_json(value), allow_nan=False) + "\n")


@contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C, a polite kill or a closed terminal sets.

    A second Ctrl-C stops at once. The other signals may come in pairs: repeats of them change
    nothing.
    """
    event = threading.Event()

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()

    with _handling([signal.SIGINT, *STOP_SIGNALS], ask_to_stop):
        yield event


@contextmanager
def stoppable() -> Iterator[None]:
    """While inside, a polite kill or a closed terminal stops as Ctrl-C does.

    Files that are half written are then cleared away. While a module is imported, all of them end
    the process at once: an exception would leave the module half made, or be lost.
    """

    def stop(_signal: int, frame: FrameType | None) -> None:
        if _is_import(frame):
            with suppress(OSError):
                if is_first_process():
                    os.write(2, b"Stopped.\n")
            os._exit(INTERRUPT_CODE)
        raise KeyboardInterrupt

    # In the background of a script, Ctrl-C is ignored.
    by_hand = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with _handling([signal.SIGINT, *STOP_SIGNALS] if by_hand else STOP_SIGNALS, stop):
        yield


def _is_import(frame: FrameType | None) -> bool:
    """Whether `frame`, or one that called it, imports a module."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def _handling(
    numbers: list[signal.Signals], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    """While inside, `handler` gets these signals, but for a closed terminal under `nohup`."""
    earlier = {}
    for number in numbers:
        is_nohup = number in STOP_SIGNALS and signal.getsignal(number) == signal.SIG_IGN
        if not is_nohup:
            earlier[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in earlier.items():
            signal.signal(number, before)


def clock(seconds: float) -> str:
    """`seconds` as on a clock: `75` → `1:15`, `3700` → `1:01:40`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
