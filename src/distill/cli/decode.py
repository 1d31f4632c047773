"""`distill decode`: a file of codes to sound."""

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Threads

app = typer.Typer()


@app.command()
@one_sentence_errors
def decode_cmd(
    model_path: ModelPath,
    codes_path: Annotated[Path, typer.Argument(help="Codes file that this model encoded.", metavar="CODES_PATH")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="WAV file. Default: CODES_PATH's name, -decoded.wav."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Decode codes to a WAV file.

    48 kHz, 24 bit, as long as the sound that the codes came from.
    """
    from distill.library import workflows

    # Not `kick.wav` from `kick.json`: that is what the recording itself is called.
    stem = codes_path.name.removesuffix(".gz").removesuffix(".json")
    path = output or Path(f"{stem}-decoded.wav")
    model = workflows.load(model_path, device, threads)
    audio = workflows.decode(model, codes_path, path)
    seconds = audio.shape[1] / model.model.sample_rate
    make_console(quiet=json).print(f"{path}: {seconds:.2f} s.", soft_wrap=True)
    if json:
        print_json({"path": path, "duration_s": seconds, "n_samples": audio.shape[1]})
