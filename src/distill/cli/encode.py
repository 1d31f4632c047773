"""`distill encode`: any sound to a file of codes."""

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.options import Device, Json, ModelPath, Threads
from distill.errors import OutputError

app = typer.Typer()


@app.command()
@one_sentence_errors
def encode_cmd(
    model_path: ModelPath,
    sound: Annotated[Path, typer.Argument(help="Any sound file.", metavar="SOUND")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Codes file, .json or .json.gz. Default: SOUND's name."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Encode a sound to a file of codes."""
    from distill.inference.codes import save_codes
    from distill.library import workflows

    output = output or Path(f"{sound.stem}.json")
    # A slip of the fingers must not overwrite a recording.
    if not output.name.lower().endswith((".json", ".json.gz")):
        raise OutputError(f"Codes are written as JSON: let the name of '{output}' end in .json or .json.gz.")
    codes = workflows.encode(workflows.load(model_path, device, threads), sound)
    path = save_codes(output, codes)
    T, Q = codes.codes.shape
    seconds = codes.n_samples / codes.sample_rate
    make_console(quiet=json).print(f"{path}: {T} frames x {Q} levels ({seconds:.2f} s).", soft_wrap=True)
    if json:
        print_json({"path": path, "frames": T, "levels": Q, "n_samples": codes.n_samples, "gain": codes.gain})
