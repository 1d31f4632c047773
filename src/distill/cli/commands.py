"""The commands of `distill`, by name: a command imports its own module, and no other.

Modules of commands load without torch and numpy. Even so, those of all take as long as typer.
"""

import os
from collections.abc import Collection, Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

from distill import __version__
from distill.cli.parse_errors import ShortErrorsGroup


class Entry(NamedTuple):
    """A command.

    Attributes:
        module: Its module in `distill.cli`.
        function: Its function there.
        help: First sentence of its help.
    """

    module: str
    function: str
    help: str


COMMANDS = {
    "doctor": Entry("doctor", "doctor_cmd", "Check a folder of sounds."),
    "train": Entry("train", "train_cmd", "Train a codec on a folder of sounds."),
    "train-prior": Entry(
        "train_prior",
        "train_prior_cmd",
        "Train the generator (prior) and add it to the model file.",
    ),
    "generate": Entry("generate", "generate_cmd", "Generate new sound from a model with a prior."),
    "play": Entry("play", "play_cmd", "Play new sound without end, and change it while it plays."),
    "pack": Entry(
        "pack", "pack_cmd", "Make a sampler kit: one-shots and loops, named by what they are."
    ),
    "export": Entry(
        "export",
        "export_cmd",
        "Write a model for other programs: nn~ in Max and Pure Data, ONNX Runtime in browsers.",
    ),
    "encode": Entry(
        "encode", "encode_cmd", "Encode a sound, or every sound in a folder, to codes."
    ),
    "decode": Entry("decode", "decode_cmd", "Decode codes to a sound file."),
    "convert": Entry(
        "convert",
        "convert_cmd",
        "Write a sound in another form: format, sample rate, bits, bitrate, loudness, channels.",
    ),
    "codes": Entry("codes", "codes_cmd", "Show codes as a coloured grid, and how they are used."),
    "codebook": Entry(
        "codebook",
        "codebook_cmd",
        "Show how a model uses its codes: how many, how evenly, which never.",
    ),
    "ui": Entry("ui", "ui_cmd", "Open the web page."),
    "info": Entry(
        "info",
        "info_cmd",
        "Show what a model file holds, or what a sound is like and how it was made.",
    ),
    "push": Entry("hub", "push_cmd", "Copy a model to the Hugging Face Hub, with a card."),
    "pull": Entry("hub", "pull_cmd", "Copy a model from the Hugging Face Hub."),
    "cache": Entry("cache", "cache_cmd", "Show the size of the sound cache, or clear it."),
}
"""Commands, in the order of the help."""

GROUPS = {
    "edit": "Edit codes: cut, move, swap, blend and more.",
    "documents": "Keep sounds as codes, with all their edits: undo is still there tomorrow.",
    "compare": "Compare by ear, blind: two models on the same seeds, or any sounds.",
    "jobs": "Scans and trainings: list, watch, stop and resume them.",
    "renders": "Find, note, delete and go on from generated sounds.",
    "models": "Keep, find, note and delete models.",
    "presets": "Keep settings of generate under names: knobs, curves and modes.",
    "corpus": "Choose what a model hears: mute, weigh, tag and add files.",
}
"""Groups of commands, in the order of the help; each has a module of its name.

The texts are the first sentences of their help."""


def app_of(words: Sequence[str]) -> typer.Typer:
    """The application for the `words` of a command line: the command that they begin with, or all.

    For the help of the whole, commands without their modules do.
    """
    # Completion looks at all commands, whatever the words.
    if "_DISTILL_COMPLETE" in os.environ:
        return whole_app()
    if list(words) in ([], ["--help"]):
        return _outline()
    name = words[0]
    return make_app([name]) if name in COMMANDS or name in GROUPS else whole_app()


@cache
def whole_app() -> typer.Typer:
    """The application with all commands."""
    return make_app((*COMMANDS, *GROUPS))


def make_app(names: Collection[str]) -> typer.Typer:
    """The application with some of its commands and groups."""
    made = _bare_app()
    for name, entry in COMMANDS.items():
        if name in names:
            module = import_module(f"distill.cli.{entry.module}")
            made.command(name)(getattr(module, entry.function))
    for name in GROUPS:
        if name in names:
            made.add_typer(import_module(f"distill.cli.{name}").app, name=name)
    return made


def _outline() -> typer.Typer:
    """Names and first sentences of all commands and groups, which can do nothing."""
    made = _bare_app()
    for name, entry in COMMANDS.items():
        made.command(name, help=entry.help)(_nothing)
    for name, text in GROUPS.items():
        made.command(name, help=text)(_nothing)
    return made


def _nothing() -> None:
    pass


def _bare_app() -> typer.Typer:
    # Tracebacks of bugs stay plain, for reports.
    made = typer.Typer(cls=ShortErrorsGroup, no_args_is_help=True, pretty_exceptions_enable=False)
    made.callback()(_distill)
    return made


def _show_version(is_set: bool) -> None:
    if is_set:
        typer.echo(f"distill {__version__}")
        raise typer.Exit


def _distill(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Train a small neural codec and a generator on your own recordings."""
