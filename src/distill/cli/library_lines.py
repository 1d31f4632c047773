"""What the commands on models, renders and presets say alike."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from distill.library.bin import Deleted

NewName = Annotated[str, typer.Argument(help="Its name; the file keeps its own.", metavar="NAME")]
NewNotes = Annotated[str, typer.Argument(help="Notes, in place of earlier ones.", metavar="NOTES")]


def print_problems(console: "Console", problems: Sequence[str]) -> None:
    """Print a line for each file that cannot be used."""
    for problem in problems:
        console.print(problem, style="yellow", soft_wrap=True)


def say_deleted(deletion: "Deleted", command: str, for_good: bool, json: bool) -> None:
    """Say that something was deleted, and how it comes back.

    Args:
        deletion: The bin's record of it.
        command: The command whose `restore` brings it back, such as `models`.
        for_good: Whether nothing does.
        json: Whether to print facts for programs.
    """
    back = "" if for_good else f" `distill {command} restore {deletion.id}` brings it back."
    make_console(quiet=json).print(f"Deleted: {deletion.name}.{back}", soft_wrap=True)
    if json:
        print_json(asdict(deletion))
