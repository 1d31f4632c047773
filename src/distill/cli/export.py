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
        Path,
        typer.Option(
            "--output",
            "-o",
            help="For nn a file, my.ts; for onnx a folder that is not there yet.",
            metavar="PATH",
        ),
    ],
    to: Annotated[
        str,
        typer.Option(help="nn, for nn~ in Max and Pure Data, or onnx, for ONNX Runtime."),
    ],
    latency: Annotated[
        str,
        typer.Option(
            help="How far the decoder looks ahead: full (469 ms), half (235 ms) or low (64 ms). "
            "With less, sound comes sooner and is a little less like your recordings."
        ),
    ] = "full",
    half: Annotated[
        bool,
        typer.Option("--half", help="For onnx: weights of 16 bits, in files of half the size."),
    ] = False,
    overwrite: Overwrite = False,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Write a model for other programs: nn~ in Max and Pure Data, ONNX Runtime in browsers.

    Facts and examples come with it. Four seconds of your recordings go through it first: what
    sounds other than the model is not kept.
    """
    from distill.workflows.export import check_export, export
    from distill.workflows.load import load

    check_export(to, output, model_path, latency, overwrite, half)
    loaded = load(model_path, "cpu", threads)
    exported = export(loaded, to, output, latency, half)
    console = make_console(quiet=json)
    late = exported.facts["latency"]
    parts = [
        f"{name} {ms:.0f} ms ({late['samples'][name]} samples)" for name, ms in late["ms"].items()
    ]
    console.print(f"{exported.path}: latency of {', '.join(parts)}.", soft_wrap=True)
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
