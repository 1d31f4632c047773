"""`distill train`: a codec from a folder of sounds."""

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from distill.cli.console import (
    INTERRUPTED,
    cancel_on_interrupt,
    clock,
    make_console,
    one_sentence_errors,
    print_json,
)
from distill.cli.keys import stop_by_key
from distill.cli.options import Device, Json, Threads
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.training.metrics import TrainingCompleteEvent

app = typer.Typer()


@app.command()
@one_sentence_errors
def train_cmd(
    dataset_dir: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of your sounds (not needed with --resume).", metavar="DATASET_DIR"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Model file to write, .sda. Default: the folder's name."
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train this long. Default: by corpus.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Train for so many passes over the corpus.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Train so many steps (repeatable on a CPU).")
    ] = None,
    codebook_size: Annotated[
        int | None, typer.Option(help="Codes a level. Default: by file count.")
    ] = None,
    rvq_levels: Annotated[
        int | None, typer.Option(help="Levels of codes, 2 to 8. Default: 8.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Half-second pieces heard at each step.")
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at its highest.")] = None,
    channels: Annotated[
        int | None, typer.Option(help="1 mono, 2 stereo. Default: by corpus.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random. Default: 0.")] = None,
    model_name: Annotated[
        str | None, typer.Option(help="Name in the file. Default: the file's.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this interrupted model.", metavar="MODEL_PATH")
    ] = None,
    discard_prior: Annotated[
        bool, typer.Option("--discard-prior", help="Overwrite a model that has a prior.")
    ] = False,
    no_early_stop: Annotated[
        bool, typer.Option("--no-early-stop", help="Use up the time even where more is no use.")
    ] = False,
    json: Json = False,
) -> None:
    """Train a codec on a folder of sounds.

    5 to 500 files, seconds to hours, short hits welcome. Ctrl-C or the key s stops and saves;
    --resume goes on.
    """
    settings = {
        "minutes": minutes,
        "epochs": epochs,
        "steps": steps,
        "codebook_size": codebook_size,
        "num_quantizers": rvq_levels,
        "batch_size": batch_size,
        "learning_rate": lr,
        "threads": threads,
        "seed": seed,
        "channels": channels,
        "early_stop": False if no_early_stop else None,
    }
    console = make_console(quiet=json)
    if resume is not None:
        _refuse_with_resume(settings | {"output": output, "model_name": model_name})
        done = _resume(console, resume, dataset_dir, device, discard_prior)
    elif dataset_dir is not None:
        output = output or Path(f"{dataset_dir.resolve().name}.sda")
        done = _train(console, dataset_dir, output, settings, device, model_name, discard_prior)
    else:
        raise UsageError(
            "Name the folder of sounds to train on: distill train DATASET_DIR -o MODEL.sda"
        )
    _print_summary(console, done, dataset_dir)
    if json:
        print_json(asdict(done))
    if not done.finished:
        raise typer.Exit(INTERRUPTED)


def _refuse_with_resume(options: dict[str, Any]) -> None:
    flags = {"num_quantizers": "rvq-levels", "learning_rate": "lr", "early_stop": "no-early-stop"}
    given = [
        flags.get(name, name.replace("_", "-"))
        for name, value in options.items()
        if value is not None
    ]
    if given:
        raise UsageError(
            f"--resume goes on with the settings it began with: leave out --{given[0]}."
        )


def _train(
    console: Console,
    dataset_dir: Path,
    output: Path,
    settings: dict[str, Any],
    device: str,
    model_name: str | None,
    discard_prior: bool,
) -> "TrainingCompleteEvent":
    from distill.cli.doctor import scan_folder, show_report
    from distill.cli.train_display import TrainDisplay
    from distill.device import pick_device
    from distill.workflows.train import check_training, train

    # What cannot work should be refused before hours of sound are decoded.
    pick_device(device)
    check_training(output, discard_prior, settings)
    corpus = scan_folder(dataset_dir, console, settings["channels"])
    show_report(corpus, console)
    with (
        cancel_on_interrupt() as cancelled,
        stop_by_key(cancelled),
        TrainDisplay(console) as display,
    ):
        return train(
            corpus,
            output,
            callback=display,
            cancel_event=cancelled,
            device=device,
            model_name=model_name,
            discard_prior=discard_prior,
            **settings,
        )


def _resume(
    console: Console, model_path: Path, dataset_dir: Path | None, device: str, discard_prior: bool
) -> "TrainingCompleteEvent":
    from distill.cli.train_display import TrainDisplay
    from distill.workflows.train import resume

    with (
        cancel_on_interrupt() as cancelled,
        stop_by_key(cancelled),
        TrainDisplay(console) as display,
    ):
        return resume(
            model_path,
            sounds=dataset_dir,
            callback=display,
            cancel_event=cancelled,
            device=device,
            discard_prior=discard_prior,
        )


def _print_summary(
    console: Console, done: "TrainingCompleteEvent", dataset_dir: Path | None
) -> None:
    from distill.cli.train_display import low_use_warnings

    for warning in low_use_warnings(done.levels):
        console.print(warning, soft_wrap=True)
    path = quote(done.path)
    if done.finished:
        sounds = quote(str(dataset_dir)) if dataset_dir else "DATASET_DIR"
        early = " (stopped early)" if done.stopped_early else ""
        lines = [
            f"{done.steps} steps in {clock(done.elapsed_s)}{early}. {done.verdict}",
            f"Model: {done.path}",
            f"Next:  distill train-prior {path} {sounds}",
        ]
    else:
        saved = f"Stopped after {done.steps} steps; all is saved."
        lines = [f"{saved} Go on with: distill train --resume {path}"]
    console.print("\n".join(lines), soft_wrap=True)
