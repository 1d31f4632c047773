"""`distill train`: a codec from a folder of sounds."""

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from distill.claims import training_claimed
from distill.cli.console import (
    INTERRUPTED,
    clock,
    make_console,
    one_sentence_errors,
    print_json,
)
from distill.cli.keys import stop_by_hand
from distill.cli.options import Device, Json, Priority, TrainingThreads
from distill.errors import UsageError
from distill.process import Priority as ProcessPriority
from distill.process import set_priority
from distill.training.config import VQVAEConfig
from distill.training.paths import checkpoint_path

if TYPE_CHECKING:
    from distill.training.metrics import TrainingCompleteEvent

app = typer.Typer()

FLAGS = {"num_quantizers": "rvq-levels", "learning_rate": "lr", "early_stop": "no-early-stop"}
"""Options that are not called as their field of `VQVAEConfig`."""


# --- options --------------------------------------------------------------------------------------

Sounds = Annotated[
    Path | None,
    typer.Argument(help="Folder of your sounds (not needed with --resume).", metavar="DATASET_DIR"),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Model file to write, .sda. Default: name of the folder."),
]
Minutes = Annotated[
    float | None, typer.Option(help="Minutes to train. Default: by the length of the corpus.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the corpus, in place of minutes.")]
Steps = Annotated[
    int | None, typer.Option(help="Steps to train, in place of minutes (repeatable on a CPU).")
]
CodebookSize = Annotated[
    int | None, typer.Option(help="Codes per level. Default: by the number of files.")
]
Levels = Annotated[
    int | None,
    typer.Option(
        "--rvq-levels",
        help=f"Levels of codes, 2 to 8. Default: {VQVAEConfig.num_quantizers}.",
    ),
]
BatchSize = Annotated[
    int | None, typer.Option(help="Pieces of half a second per step. Default: by device.")
]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", help=f"Highest learning rate. Default: {VQVAEConfig.learning_rate:g}."),
]
Channels = Annotated[int | None, typer.Option(help="1 mono, 2 stereo. Default: as the corpus is.")]
Seed = Annotated[
    int | None, typer.Option(help=f"Seed of all random choices. Default: {VQVAEConfig.seed}.")
]
ModelName = Annotated[
    str | None, typer.Option(help="Name of the model. Default: name of the file.")
]
Resume = Annotated[
    Path | None,
    typer.Option(help="Go on with the interrupted training of this model.", metavar="MODEL_PATH"),
]
DiscardPrior = Annotated[
    bool, typer.Option("--discard-prior", help="Overwrite a model file that holds a prior.")
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace a model, or start an interrupted training afresh."),
]
NoEarlyStop = Annotated[
    bool,
    typer.Option("--no-early-stop", help="Train for the full time even if it no longer improves."),
]


# --- the command ----------------------------------------------------------------------------------


@app.command()
@one_sentence_errors
def train_cmd(
    dataset_dir: Sounds = None,
    output: Output = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    steps: Steps = None,
    codebook_size: CodebookSize = None,
    rvq_levels: Levels = None,
    batch_size: BatchSize = None,
    lr: LearningRate = None,
    channels: Channels = None,
    device: Device = "auto",
    threads: TrainingThreads = None,
    priority: Priority = ProcessPriority.LOW,
    seed: Seed = None,
    model_name: ModelName = None,
    resume: Resume = None,
    discard_prior: DiscardPrior = False,
    overwrite: Overwrite = False,
    no_early_stop: NoEarlyStop = False,
    json: Json = False,
) -> None:
    """Train a codec on a folder of sounds.

    5 to 500 files, seconds to hours, short hits welcome. Ctrl-C or the key s stops and saves;
    --resume goes on.
    """
    set_priority(priority)
    # None stands for "not given": training then chooses to suit the corpus.
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
        others = {"output": output, "model_name": model_name, "overwrite": overwrite or None}
        _refuse_with_resume(settings | others)
        with training_claimed(checkpoint_path(resume), resume):
            complete = _resume(
                console,
                resume,
                dataset_dir=dataset_dir,
                device=device,
                discard_prior=discard_prior,
            )
    elif dataset_dir is not None:
        output = output or Path(f"{dataset_dir.resolve().name}.sda")
        # Before the scan, and before torch is loaded: another run learns of this one at once.
        with training_claimed(checkpoint_path(output), output):
            complete = _train(
                console,
                dataset_dir,
                output,
                settings=settings,
                device=device,
                model_name=model_name,
                replacing={"discard_prior": discard_prior, "overwrite": overwrite},
            )
    else:
        raise UsageError(
            "Name the folder of sounds to train on: distill train DATASET_DIR -o MODEL.sda"
        )
    _print_summary(console, complete, dataset_dir)
    if json:
        print_json(asdict(complete))
    # Scripts can tell an interrupted training by its exit code.
    if not complete.finished:
        raise typer.Exit(INTERRUPTED)


def _refuse_with_resume(options: dict[str, Any]) -> None:
    """Raise `UsageError` for the first of `options` that is set."""
    for name, value in options.items():
        if value is not None:
            flag = FLAGS.get(name, name.replace("_", "-"))
            raise UsageError(
                f"--resume goes on with the settings it began with: leave out --{flag}."
            )


def _train(
    console: Console,
    dataset_dir: Path,
    output: Path,
    settings: dict[str, Any],
    device: str,
    model_name: str | None,
    replacing: dict[str, Any],
) -> "TrainingCompleteEvent":
    # All imports come before the scan: Python may lose a Ctrl-C that hits it during an import.
    from distill.cli.doctor import print_report, scan_folder
    from distill.cli.train_display import TrainDisplay
    from distill.device import pick_device
    from distill.workflows.train import check_training, train

    # Refuse what cannot work before hours of sound are decoded.
    pick_device(device)
    check_training(output, settings=settings, **replacing)
    corpus = scan_folder(dataset_dir, console, settings["channels"])
    print_report(corpus, console)
    with stop_by_hand() as (event, _), TrainDisplay(console) as display:
        return train(
            corpus,
            output,
            callback=display,
            cancel_event=event,
            device=device,
            model_name=model_name,
            **replacing,
            **settings,
        )


def _resume(
    console: Console, model_path: Path, dataset_dir: Path | None, device: str, discard_prior: bool
) -> "TrainingCompleteEvent":
    from distill.cli.train_display import TrainDisplay
    from distill.workflows.train import resume

    with stop_by_hand() as (event, _), TrainDisplay(console) as display:
        return resume(
            model_path,
            sounds=dataset_dir,
            callback=display,
            cancel_event=event,
            device=device,
            discard_prior=discard_prior,
        )


def _print_summary(
    console: Console, complete: "TrainingCompleteEvent", dataset_dir: Path | None
) -> None:
    from distill.cli.train_display import low_use_warnings

    for warning in low_use_warnings(complete.levels):
        console.print(warning, soft_wrap=True)
    path = quote(complete.path)
    if complete.finished:
        sounds = quote(str(dataset_dir)) if dataset_dir else "DATASET_DIR"
        early = " (stopped early)" if complete.stopped_early else ""
        duration = clock(complete.elapsed_s)
        lines = [
            f"{complete.steps} steps in {duration}{early}. {complete.verdict}",
            f"Model: {complete.path}",
            f"Next:  distill train-prior {path} {sounds}",
        ]
    else:
        saved = f"Stopped after {complete.steps} steps; all is saved."
        lines = [f"{saved} Go on with: distill train --resume {path}"]
    console.print("\n".join(lines), soft_wrap=True)
