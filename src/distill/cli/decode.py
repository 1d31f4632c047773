"""`distill decode`: a codes file, or a part of it, to sound."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from distill.audio.delivery import AS_IS, Delivery
from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.delivery_options import takes_delivery
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
@takes_delivery
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
    delivery: Delivery = AS_IS,
) -> None:
    """Decode codes to a sound file.

    48 kHz, 24 bit, as long as the sound that was encoded, unless another form is asked for. A part
    sounds as it does in the whole.
    """
    from distill.audio.io import probe
    from distill.inference.codes.region import parse_region
    from distill.library.sources import find_grid
    from distill.workflows.codes import decode_column, decode_to_file
    from distill.workflows.describe_results import DecodedFacts
    from distill.workflows.load import load
    from distill.workflows.paths import free_path, output_paths

    # Not `kick.wav` from `kick.json`: the recording itself may have that name.
    stem = codes_path.name.removesuffix(".gz").removesuffix(".json")
    path = output or free_path(delivery.default_name(f"{stem}-decoded.wav"))
    # Refuse bad paths and options before the model loads.
    output_paths(path, 1, [model_path, codes_path], overwrite, delivery)
    if column is not None and (levels, start, stop) != (None, None, None):
        raise UsageError(
            "--column is one column in all its levels: leave out --levels, --from and --to."
        )
    loaded = load(model_path, device, threads)
    grid = find_grid(codes_path, workspace)
    if column is not None:
        decode_column(loaded, grid, column, path, delivery)
    else:
        region = parse_region(grid, start, stop, levels)
        decode_to_file(loaded, grid, path, region, delivery=delivery)
    n_samples = probe(path).frames
    seconds = n_samples / (delivery.rate or grid.sample_rate)
    facts = DecodedFacts(path, duration_s=seconds, n_samples=n_samples)
    make_console(quiet=json).print(f"{path}: {facts.duration_s:.2f} s.", soft_wrap=True)
    if json:
        print_json(asdict(facts))
