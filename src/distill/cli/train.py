"""`distill train`: a codec from a folder of sounds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from distill.cli.console import cancel_on_interrupt, clock, make_console, one_sentence_errors, print_json
from distill.errors import UsageError

app = typer.Typer()


@app.command()
@one_sentence_errors
def train_cmd(
    dataset_dir: Annotated[Path | None, typer.Argument(help="Folder of your sounds (not needed with --resume).")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Model file to write, ending in .sda.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train for this long. Default: chosen from the corpus.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Train for this many passes over the corpus.")] = None,
    steps: Annotated[int | None, typer.Option(help="Train for this many steps (repeatable to the bit on a CPU).")] = None,
    codebook_size: Annotated[int | None, typer.Option(help="Codes a level. Default: by number of files.")] = None,
    rvq_levels: Annotated[int | None, typer.Option(help="Levels of codes, 2 to 8. Default: 4.")] = None,
    commitment_weight: Annotated[float | None, typer.Option(help="Pull of sounds towards their codes.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Crops a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at its highest.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: one a core, at most 8.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    model_name: Annotated[str | None, typer.Option(help="Name inside the model file. Default: the file's.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this interrupted model.", metavar="MODEL")] = None,
    discard_prior: Annotated[bool, typer.Option("--discard-prior", help="Overwrite a model that has a prior.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout at the end.")] = False,
) -> None:
    """Train a codec on a folder of sounds: 5 to 500 files, seconds to hours, short hits welcome."""
    settings = {
        "minutes": minutes, "epochs": epochs, "steps": steps, "codebook_size": codebook_size,
        "num_quantizers": rvq_levels, "commitment_weight": commitment_weight, "batch_size": batch_size,
        "learning_rate": lr, "threads": threads, "seed": seed,
    }  # fmt: skip
    if resume is None and dataset_dir is None:
        raise UsageError("Name the folder of sounds to train on: distill train FOLDER -o MODEL.sda")
    if resume is not None:
        _refuse_with_resume(settings | {"output": output, "model_name": model_name})
    _train(dataset_dir, output, settings, device, model_name, resume, discard_prior, json)


def _refuse_with_resume(options: dict[str, Any]) -> None:
    given = [name.replace("_", "-") for name, value in options.items() if value is not None]
    if given:
        raise UsageError(f"--resume goes on with the settings it began with: leave out --{given[0]}.")


def _train(
    dataset_dir: Path | None,
    output: Path | None,
    settings: dict[str, Any],
    device: str,
    model_name: str | None,
    resume: Path | None,
    discard_prior: bool,
    as_json: bool,
) -> None:
    from distill.cli.doctor import scan_progress
    from distill.cli.train_display import TrainDisplay, low_use_warnings
    from distill.library import workflows

    console = make_console(quiet=as_json)
    with cancel_on_interrupt() as cancelled, scan_progress(console) as progress, TrainDisplay(console) as display:
        if resume is not None:
            done = workflows.resume(
                resume, sounds=dataset_dir, callback=display, cancel_event=cancelled, device=device, progress=progress
            )
        else:
            assert dataset_dir is not None
            done = workflows.train(
                dataset_dir, output or Path(f"{dataset_dir.resolve().name}.sda"),
                callback=display, cancel_event=cancelled, device=device, model_name=model_name,
                discard_prior=discard_prior, progress=progress, **settings,
            )  # fmt: skip
    for warning in low_use_warnings(done.levels):
        console.print(warning)
    from dataclasses import asdict

    if as_json:
        print_json(asdict(done))
    elif done.finished:
        console.print(f"{done.steps} steps in {clock(done.elapsed_s)}. {done.verdict}", soft_wrap=True)
        console.print(f"Model: {done.path}\nNext:  distill train-prior {done.path} {dataset_dir or 'SOUNDS'}", soft_wrap=True)
    else:
        console.print(f"Stopped after {done.steps} steps; all is saved. Go on with: distill train --resume {done.path}", soft_wrap=True)
    if not done.finished:
        raise typer.Exit(130)
