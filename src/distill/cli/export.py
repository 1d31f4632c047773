"""`distill export`: a model as files for other programs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Json, ModelPath, Overwrite, Threads


@one_sentence_errors
def export_cmd(
    model_path: ModelPath,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file: my.ts.", metavar="FILE")
    ],
    to: Annotated[str, typer.Option(help="nn: for nn~ in Max, Pure Data and SuperCollider.")],
    latency: Annotated[
        str,
        typer.Option(
            help="How far the decoder looks ahead: full (469 ms), half (235 ms) or low (64 ms). "
            "With less, sound comes sooner and is a little less like your recordings."
        ),
    ] = "full",
    overwrite: Overwrite = False,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Write a model for other programs: nn~ in Max, Pure Data and SuperCollider.

    Facts (my.json) and a patch (my-help.pd) lie beside the file. Four seconds of your recordings go
    through it first: a file that sounds other than the model is not kept.
    """
    from distill.workflows.export import check_export, export
    from distill.workflows.load import load

    check_export(to, output, model_path, latency, overwrite)
    loaded = load(model_path, "cpu", threads)
    exported = export(loaded, to, output, latency)
    console = make_console(quiet=json)
    late = exported.facts["latency"]
    console.print(
        f"{exported.path}: sound through it comes {late['ms']['forward']:.0f} ms later "
        f"({late['samples']['forward']} samples), decoded codes {late['ms']['decode']:.0f} ms.",
        soft_wrap=True,
    )
    parity = exported.parity
    percent = 100 * parity.equal_columns
    console.print(
        f"Compared for {parity.seconds:.1f} s ({parity.source}): at most "
        f"{parity.difference:.1g} from the model's own sound, {percent:.4g} % of columns encoded "
        "alike.",
        soft_wrap=True,
    )
    if json:
        print_json(asdict(exported))
