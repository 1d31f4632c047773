"""Commands of `distill`, run inside of the process as users type them."""

import io
from contextlib import redirect_stderr, redirect_stdout

from typer.main import get_command

from distill.cli import app
from distill.printable import visible

_COMMAND = get_command(app)


class CommandError(Exception):
    """A command did something that no command may do."""


def run_command(*arguments: object) -> bool:
    """Run `distill ARGUMENTS`; whether it did so, or refused in one sentence.

    Raises:
        CommandError: It printed what would steer a terminal, or failed without a sentence.
    """
    texts = io.StringIO()
    exit_code: object = 0
    with redirect_stdout(texts), redirect_stderr(texts):
        try:
            _COMMAND.main([str(argument) for argument in arguments], prog_name="distill")
        except SystemExit as end:
            exit_code = end.code
    text = texts.getvalue()
    if visible(text) != text:
        raise CommandError(f"{arguments[0]} prints signs that steer a terminal")
    if exit_code and not text.strip():
        raise CommandError(f"{arguments[0]} fails without a word")
    return not exit_code
