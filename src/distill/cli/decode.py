"""`distill decode`: a file of codes to sound."""

from pathlib import Path
from typing import Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json

app = typer.Typer()


@app.command()
@one_sentence_errors
def decode_cmd(
    model_path: Annotated[Path, typer.Argument(help="Model file (.sda) that encoded the codes.")],
    codes_path: Annotated[Path, typer.Argument(help="Codes file.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="WAV file. Default: the codes' name, .wav.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Decode codes to a WAV file (48 kHz, 24 bit) as long as the sound that they came from."""
    from distill.library import workflows

    path = output or Path(f"{codes_path.name.removesuffix('.gz').removesuffix('.json')}.wav")
    model = workflows.load(model_path, device, threads)
    audio = workflows.decode(model, codes_path, path)
    seconds = audio.shape[1] / model.model.sample_rate
    make_console(quiet=json).print(f"{path}: {seconds:.2f} s.", soft_wrap=True, markup=False)
    if json:
        print_json({"path": path, "duration_s": seconds, "n_samples": audio.shape[1]})
