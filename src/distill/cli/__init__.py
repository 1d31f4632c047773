"""The command line: `distill COMMAND …`.

Modules of commands load without torch and numpy, so that `--help` is quick; a command imports what
it needs when it runs.
"""

import logging
import os
import sys
from typing import Annotated

import typer

from distill import __version__
from distill.cli.cache import cache_cmd
from distill.cli.codebook import codebook_cmd
from distill.cli.codes import codes_cmd
from distill.cli.compare import app as compare_app
from distill.cli.console import stoppable
from distill.cli.convert import convert_cmd
from distill.cli.corpus import app as corpus_app
from distill.cli.decode import decode_cmd
from distill.cli.devices import exit_codes_of_many
from distill.cli.doctor import doctor_cmd
from distill.cli.documents import app as documents_app
from distill.cli.edit import app as edit_app
from distill.cli.encode import encode_cmd
from distill.cli.export import export_cmd
from distill.cli.generate import generate_cmd
from distill.cli.hub import pull_cmd, push_cmd
from distill.cli.info import info_cmd
from distill.cli.jobs import app as jobs_app
from distill.cli.models import app as models_app
from distill.cli.pack import pack_cmd
from distill.cli.parse_errors import ShortErrorsGroup
from distill.cli.presets import app as presets_app
from distill.cli.renders import app as renders_app
from distill.cli.streams import lasting_streams
from distill.cli.train import train_cmd
from distill.cli.train_prior import train_prior_cmd
from distill.cli.ui import ui_cmd
from distill.printable import visible

# Tracebacks of bugs stay plain, for reports.
app = typer.Typer(
    cls=ShortErrorsGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("doctor")(doctor_cmd)
app.command("train")(train_cmd)
app.command("train-prior")(train_prior_cmd)
app.command("generate")(generate_cmd)
app.command("pack")(pack_cmd)
app.command("export")(export_cmd)
app.command("encode")(encode_cmd)
app.command("decode")(decode_cmd)
app.command("convert")(convert_cmd)
app.command("codes")(codes_cmd)
app.command("codebook")(codebook_cmd)
app.add_typer(edit_app, name="edit")
app.add_typer(documents_app, name="documents")
app.add_typer(compare_app, name="compare")
app.add_typer(jobs_app, name="jobs")
app.add_typer(renders_app, name="renders")
app.add_typer(models_app, name="models")
app.add_typer(presets_app, name="presets")
app.add_typer(corpus_app, name="corpus")
app.command("ui")(ui_cmd)
app.command("info")(info_cmd)
app.command("push")(push_cmd)
app.command("pull")(pull_cmd)
app.command("cache")(cache_cmd)


def _show_version(is_set: bool) -> None:
    if is_set:
        typer.echo(f"distill {__version__}")
        raise typer.Exit


@app.callback()
def _distill(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Train a small neural codec and a generator on your own recordings."""


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
    with lasting_streams() as stdout, stoppable():
        bootstrap()
        try:
            with exit_codes_of_many():
                app(prog_name="distill")
        finally:
            stdout.flush()
            if stdout.error:
                reason = stdout.error.strerror or stdout.error
                sys.stderr.write(f"Error: Cannot write to standard output: {reason}.\n")
                sys.exit(1)


__all__ = ["app", "bootstrap", "main"]
