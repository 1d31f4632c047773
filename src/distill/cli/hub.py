"""`distill push` and `distill pull`: models at the Hugging Face Hub."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.keys import has_keyboard
from distill.cli.options import Json, ModelPath, Overwrite

Repository = Annotated[str, typer.Argument(help="USER/NAME at the hub.", metavar="REPOSITORY")]


@one_sentence_errors
def push_cmd(
    model_path: ModelPath,
    repository: Repository,
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository for you alone.")
    ] = False,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Keep the names of your recordings in the copy.")
    ] = False,
    sounds: Annotated[
        bool | None,
        typer.Option(
            "--sounds/--no-sounds",
            help="Let three new sounds be heard in the card. Default: asks in a terminal, else no.",
        ),
    ] = None,
    max_copy: Annotated[
        float | None,
        typer.Option(
            help="Largest percentage of such a sound that repeats passages of your recordings. "
            "Default: 20."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Copy a model to the Hugging Face Hub, with a card.

    The names of your recordings are left out. The token is HF_TOKEN, or that of `hf auth login`.
    """
    from distill.workflows.hub import MAX_COPY, push

    most = MAX_COPY if max_copy is None else max_copy
    if sounds is None:
        sounds = _ask_for_sounds(model_path, most)
    pushed = push(
        model_path,
        repository,
        private=private,
        with_names=with_names,
        sounds=sounds,
        max_copy=most,
    )
    heard = f", {pushed.sounds} new sounds" if pushed.sounds else ""
    names = "with the names of recordings" if with_names else "without names of recordings"
    make_console().print(
        f"{pushed.url}: {pushed.bytes / 1e6:.1f} MB, {names}{heard}.", soft_wrap=True
    )
    if json:
        print_json(asdict(pushed))


def _ask_for_sounds(model_path: Path, max_copy: float) -> bool:
    """Whether the person at the terminal wants new sounds in the card; no without one."""
    from distill.models.header import read_outline

    if not has_keyboard() or not read_outline(model_path).get("has_prior"):
        return False
    return typer.confirm(
        "Draw three new sounds for the card? Whoever sees it hears them; at most "
        f"{max_copy:g} % of each repeats passages of your recordings.",
        default=False,
        err=True,
    )


@one_sentence_errors
def pull_cmd(
    repository: Annotated[
        str, typer.Argument(help="USER/NAME or USER/NAME@REVISION.", metavar="REPOSITORY")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Model file to write. Default: NAME.sda."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Copy a model from the Hugging Face Hub.

    Other commands take hf://USER/NAME in place of a model file.
    """
    from distill.workflows.hub import parse_repository, pull

    name, _ = parse_repository(repository)
    path = pull(repository, output or Path(f"{name.partition('/')[2]}.sda"), overwrite=overwrite)
    make_console().print(f"{path}: {path.stat().st_size / 1e6:.1f} MB.", soft_wrap=True)
    if json:
        print_json({"path": path, "repository": name, "bytes": path.stat().st_size})
