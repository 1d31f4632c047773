"""`distill decode`: a file of codes, or a part of it, to sound."""

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import (
    CodesPath,
    Device,
    FromTime,
    Json,
    Levels,
    ModelPath,
    Threads,
    ToTime,
)
from distill.errors import UsageError

app = typer.Typer()


@app.command()
@one_sentence_errors
def decode_cmd(
    model_path: ModelPath,
    codes_path: CodesPath,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="WAV file. Default: CODES_PATH's name, -decoded.wav."),
    ] = None,
    levels: Levels = None,
    start: FromTime = None,
    stop: ToTime = None,
    column: Annotated[
        str | None,
        typer.Option(help="One column alone, held for half a second: 1.5, or 70f.", metavar="TIME"),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Decode codes to a WAV file.

    48 kHz, 24 bit, as long as the sound that the codes came from; or a part of it, as it sounds in
    the whole.
    """
    from distill.inference.codes.file import load_codes
    from distill.inference.codes.region import parse_region
    from distill.workflows.codes import decode_column, decode_to_file
    from distill.workflows.load import load
    from distill.workflows.paths import output_paths

    # Not `kick.wav` from `kick.json`: that is what the recording itself is called.
    stem = codes_path.name.removesuffix(".gz").removesuffix(".json")
    path = output or Path(f"{stem}-decoded.wav")
    output_paths(path, 1)
    if column is not None and (levels, start, stop) != (None, None, None):
        raise UsageError(
            "--column is one column in all its levels: leave out --levels, --from and --to."
        )
    model = load(model_path, device, threads)
    codes = load_codes(codes_path)
    if column is not None:
        n_samples = decode_column(model, codes, column, path).shape[1]
    else:
        n_samples = decode_to_file(model, codes, path, parse_region(codes, start, stop, levels))
    seconds = n_samples / codes.sample_rate
    make_console(quiet=json).print(f"{path}: {seconds:.2f} s.", soft_wrap=True)
    if json:
        print_json({"path": path, "duration_s": seconds, "n_samples": n_samples})
