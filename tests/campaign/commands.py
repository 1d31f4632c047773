"""Commands of `distill`, run inside of the process as users type them."""

from typer.testing import CliRunner

from distill.cli import app

_RUNNER = CliRunner()
_BREAKS = "\n\t"


class CommandError(Exception):
    """A command did something that no command may do."""


def run_command(*arguments: object) -> bool:
    """Run `distill ARGUMENTS`; whether it did so, or refused in one sentence.

    Raises:
        CommandError: It printed what would steer a terminal, or failed without a sentence.
    """
    result = _RUNNER.invoke(app, [str(argument) for argument in arguments])
    # Anything but an exit is a traceback.
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if not all(sign.isprintable() or sign in _BREAKS for sign in result.output):
        raise CommandError(f"{arguments[0]} prints signs that steer a terminal")
    if result.exit_code and not result.stderr.strip():
        raise CommandError(f"{arguments[0]} fails without a word")
    return result.exit_code == 0
