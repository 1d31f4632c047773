"""`distill encode`: any sound to a file of codes."""

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json

app = typer.Typer()


@app.command()
@one_sentence_errors
def encode_cmd(
    model_path: Annotated[Path, typer.Argument(help="Model file (.sda).")],
    sound: Annotated[Path, typer.Argument(help="Any sound file.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Codes file. Default: SOUND's name, .json.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Encode a sound to codes: a JSON file (gzip when it ends in .json.gz)."""
    from distill.inference.codes import save_codes
    from distill.library import workflows

    model = workflows.load(model_path, device, threads)
    codes = workflows.encode(model, sound)
    path = save_codes(output or Path(f"{sound.stem}.json"), codes)
    T, Q = codes.codes.shape
    make_console(quiet=json).print(
        f"{path}: {T} frames x {Q} levels ({codes.n_samples / codes.sample_rate:.2f} s).", soft_wrap=True, markup=False
    )
    if json:
        print_json({"path": path, "frames": T, "levels": Q, "n_samples": codes.n_samples, "gain": codes.gain})
