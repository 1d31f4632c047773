"""The command line: `distill COMMAND …`. Nothing here loads torch, so that `--help` is quick."""

import logging
from typing import Annotated

import typer

from distill import __version__
from distill.cli.console import make_console
from distill.cli.decode import decode_cmd
from distill.cli.doctor import doctor_cmd
from distill.cli.encode import encode_cmd
from distill.cli.generate import generate_cmd
from distill.cli.info import info_cmd
from distill.cli.train import train_cmd
from distill.cli.train_prior import train_prior_cmd

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for name, command in {
    "doctor": doctor_cmd,
    "train": train_cmd,
    "train-prior": train_prior_cmd,
    "generate": generate_cmd,
    "encode": encode_cmd,
    "decode": decode_cmd,
    "info": info_cmd,
}.items():
    app.command(name)(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"distill {__version__}")
        raise typer.Exit


@app.callback()
def _distill(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say it.")] = False,
) -> None:
    """Train a small neural codec and a generator on your own recordings."""


def bootstrap() -> None:
    """Send warnings of the library to stderr, in plain words."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


def main() -> None:
    """Entry point of the `distill` script."""
    bootstrap()
    try:
        app()
    except KeyboardInterrupt:
        make_console().print("Stopped.")
        raise SystemExit(130) from None


__all__ = ["app", "bootstrap", "main"]
