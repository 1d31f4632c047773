"""The command line: `distill COMMAND …`.

Modules of commands load without torch and numpy, so that `--help` is quick; a command imports what
it needs when it runs.
"""

import logging
import os
import sys

import typer

from distill.cli.commands import app_of, whole_app
from distill.cli.console import stoppable
from distill.cli.devices import exit_codes_of_many, immediate_exit
from distill.cli.streams import lasting_streams
from distill.printable import visible


def __getattr__(name: str) -> typer.Typer:
    """`app`, the application with all commands, made when it is asked for."""
    if name == "app":
        return whole_app()
    raise AttributeError(f"module 'distill.cli' has no attribute '{name}'")


class _VisibleFormatter(logging.Formatter):
    """The message alone, without signs that would steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def bootstrap() -> None:
    """Send warnings of the library to stderr, in plain words."""
    handler = logging.StreamHandler()
    handler.setFormatter(_VisibleFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _check_current_folder() -> None:
    """Exit with a sentence if the current folder is gone: MKL, under torch, would end the process.

    Raises:
        SystemExit: If it is.
    """
    try:
        os.getcwd()
    except OSError as error:
        sys.stderr.write(
            f"Error: The current folder cannot be used ({error.strerror}): "
            "change to another one, then run the command again.\n"
        )
        sys.exit(1)


def main() -> None:
    """Entry point of the `distill` script."""
    _check_current_folder()
    with lasting_streams() as stdout, immediate_exit(), stoppable():
        bootstrap()
        try:
            with exit_codes_of_many():
                app_of(sys.argv[1:])(prog_name="distill")
        finally:
            stdout.flush()
            if stdout.error:
                reason = stdout.error.strerror or stdout.error
                sys.stderr.write(f"Error: Cannot write to standard output: {reason}.\n")
                sys.exit(1)


__all__ = ["app", "bootstrap", "main"]
