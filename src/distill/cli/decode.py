"""`distill decode`: a codes file, or a part of it, to sound."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import (
    CodesOrDocument,
    Device,
    FromTime,
    Json,
    Levels,
    ModelPath,
    Overwrite,
    Threads,
    ToTime,
    WorkspaceDir,
)
from distill.errors import UsageError


@one_sentence_errors
def decode_cmd(
    model_path: ModelPath,
    codes_path: CodesOrDocument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Sound file. Default: name of CODES_PATH, -decoded.wav, with a number if that "
            "exists.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    levels: Levels = None,
    start: FromTime = None,
    stop: ToTime = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="Hold the codes of one frame for half a second: 1.5, or 70f.", metavar="TIME"
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Decode codes to a sound file.

    48 kHz, 24 bit, as long as the sound that was encoded. A part sounds as it does in the whole.
    """
    from distill.inference.codes.region import parse_region
    from distill.library.sources import find_grid
    from distill.workflows.codes import decode_column, decode_to_file
    from distill.workflows.describe_results import DecodedFacts
    from distill.workflows.load import load
    from distill.workflows.paths import free_path, output_paths

    # Not `kick.wav` from `kick.json`: the recording itself may have that name.
    stem = codes_path.name.removesuffix(".gz").removesuffix(".json")
    path = output or free_path(f"{stem}-decoded.wav")
    # Refuse bad paths and options before the model loads.
    output_paths(path, 1, [model_path, codes_path], overwrite)
    if column is not None and (levels, start, stop) != (None, None, None):
        raise UsageError(
            "--column is one column in all its levels: leave out --levels, --from and --to."
        )
    loaded = load(model_path, device, threads)
    grid = find_grid(codes_path, workspace)
    if column is not None:
        n_samples = decode_column(loaded, grid, column, path).shape[1]
    else:
        n_samples = decode_to_file(loaded, grid, path, parse_region(grid, start, stop, levels))
    facts = DecodedFacts(path, duration_s=n_samples / grid.sample_rate, n_samples=n_samples)
    make_console(quiet=json).print(f"{path}: {facts.duration_s:.2f} s.", soft_wrap=True)
    if json:
        print_json(asdict(facts))
