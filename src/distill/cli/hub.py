"""`distill push` and `distill pull`: models at the Hugging Face Hub."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
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
    json: Json = False,
) -> None:
    """Copy a model to the Hugging Face Hub, with a card.

    The names of your recordings are left out. The token is HF_TOKEN, or that of `hf auth login`.
    """
    from distill.workflows.hub import push

    pushed = push(model_path, repository, private=private, with_names=with_names)
    names = "with the names of recordings" if with_names else "without names of recordings"
    make_console().print(f"{pushed.url}: {pushed.bytes / 1e6:.1f} MB, {names}.", soft_wrap=True)
    if json:
        print_json(asdict(pushed))


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
