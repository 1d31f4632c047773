"""`distill train-prior`: the generator over a model's codes, added to the model file."""

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distill.claims import training_claimed
from distill.cli.console import (
    INTERRUPT_CODE,
    make_console,
    one_sentence_errors,
    print_json,
)
from distill.cli.devices import follow_prior, starts_processes, train_on_devices
from distill.cli.doctor import curation_line
from distill.cli.keys import stop_by_hand
from distill.cli.options import (
    DatasetDir,
    Detach,
    Device,
    Devices,
    IgnoreChoices,
    Jobs,
    Json,
    LogTarget,
    ModelPath,
    Priority,
    TrainingThreads,
    WorkspaceDir,
)
from distill.cli.prior_lines import PriorDisplay
from distill.cli.terminal_job import print_started, terminal_job
from distill.errors import UsageError
from distill.library.log_target import absolute_log
from distill.process import Priority as ProcessPriority
from distill.process import set_priority, using_jobs
from distill.ranks import own_place
from distill.training.paths import checkpoint_path

if TYPE_CHECKING:
    from rich.console import Console

    from distill.data.curation import Curation
    from distill.library.job_run import JobRun
    from distill.library.job_types import Job
    from distill.training.metrics import PreparationMetrics, PriorEpochMetrics, PriorStepMetrics

app = typer.Typer()

TITLE_WIDTH = 14
"""Columns for the titles of the header, with their colons: "Learning rate:" is the longest."""

NOT_GIVEN: dict[str, Any] = dict.fromkeys(
    ("max_epochs", "minutes", "hidden_size", "num_layers", "num_heads", "learning_rate", "threads")
)
"""Settings of a training for which no option was given: they suit the number of files."""

Epochs = Annotated[int | None, typer.Option("--epochs", "-e", help="Longest training, in epochs.")]
Minutes = Annotated[
    float | None, typer.Option(help="Longest training, in minutes, in place of epochs.")
]
HiddenSize = Annotated[int | None, typer.Option(help="Width of the network.")]
Layers = Annotated[int | None, typer.Option(help="Layers of the network.")]
Heads = Annotated[int | None, typer.Option(help="Attention heads.")]
LearnOn = Annotated[
    bool | None,
    typer.Option(
        "--learn-on/--afresh",
        help="Begin with the weights of the prior in the file, or anew. Default: learn on in a "
        "model made by --continue-model.",
    ),
]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Highest learning rate.")]


@app.command()
@one_sentence_errors
def train_prior_cmd(
    model_path: ModelPath,
    dataset_dir: DatasetDir,
    epochs: Epochs = None,
    minutes: Minutes = None,
    hidden_size: HiddenSize = None,
    layers: Layers = None,
    heads: Heads = None,
    lr: LearningRate = None,
    device: Device = "auto",
    devices: Devices = None,
    threads: TrainingThreads = None,
    priority: Priority = ProcessPriority.LOW,
    jobs: Jobs = None,
    learn_on: LearnOn = None,
    detach: Detach = False,
    ignore_choices: IgnoreChoices = False,
    workspace: WorkspaceDir = None,
    log: LogTarget = "",
    json: Json = False,
) -> None:
    """Train the generator (prior) and add it to the model file.

    It learns which codes follow which in your sounds. Settings that you leave out suit the number
    of files. Ctrl-C or the key s stops and keeps the best so far; the same command goes on.
    """
    # Before torch loads.
    log = absolute_log(log)
    set_priority(priority)
    from distill.workflows.describe_results import prior_training_facts

    console = make_console()
    if epochs is not None and minutes is not None:
        raise UsageError("Give only one of --epochs and --minutes.")
    # None stands for "not given": the setting then suits the number of files.
    overrides: dict[str, Any] = {
        "max_epochs": epochs,
        "minutes": minutes,
        "hidden_size": hidden_size,
        "num_layers": layers,
        "num_heads": heads,
        "learning_rate": lr,
        "threads": threads,
    }
    if not own_place().is_first:
        with using_jobs(jobs):
            follow_prior(model_path, dataset_dir, device, overrides, learn_on)
        return
    if starts_processes(devices, device, detach):
        _check(model_path, dataset_dir, device, overrides, learn_on)
        with using_jobs(jobs):
            raise typer.Exit(train_on_devices(devices or 1))
    if detach:
        how: dict[str, Any] = {"learns_on": learn_on, "ignore_choices": ignore_choices, "log": log}
        with using_jobs(jobs):
            job = _start_job(workspace, model_path, dataset_dir, device, priority, overrides, how)
        print_started(console, job, json)
        return
    how = {"learns_on": learn_on, "ignore_choices": ignore_choices, "log": log}
    with using_jobs(jobs):
        result = _train_in_terminal(
            console, model_path, dataset_dir, device, priority, overrides, workspace, how
        )
    if json:
        print_json(asdict(prior_training_facts(model_path, dataset_dir, result)))
    # Without a validation there are no best weights to keep.
    if not print_outcome(console, model_path, result):
        raise typer.Exit(INTERRUPT_CODE)


def _check(
    model_path: Path,
    dataset_dir: Path,
    device: str,
    overrides: dict[str, Any],
    learns_on: bool | None,
) -> None:
    """Refuse what cannot work before hours of sound are encoded."""
    from distill.device import pick_device
    from distill.models.persistence import read_header
    from distill.workflows.train import prior_settings, prior_size

    pick_device(device)
    read_header(model_path)
    size = prior_size(model_path, learns_on, overrides)
    prior_settings(dataset_dir, **(overrides | size))


def _start_job(
    workspace: Path | None,
    model_path: Path,
    dataset_dir: Path,
    device: str,
    priority: ProcessPriority,
    overrides: dict[str, Any],
    how: dict[str, Any],
) -> "Job":
    from distill.device import pick_device
    from distill.library.jobs import start
    from distill.library.workspace import open_workspace
    from distill.models.persistence import read_header

    # Refuse what cannot work while somebody looks.
    pick_device(device)
    read_header(model_path)
    return start(
        open_workspace(workspace),
        "train-prior",
        model=model_path,
        sounds=dataset_dir,
        settings=overrides,
        device=device,
        priority=priority,
        **how,
    )


def _train_in_terminal(
    console: "Console",
    model_path: Path,
    dataset_dir: Path,
    device: str,
    priority: ProcessPriority,
    overrides: dict[str, Any],
    workspace: Path | None,
    how: dict[str, Any],
) -> dict[str, Any]:
    """Train as a job of the workspace; returns the result of `distill.train_prior`."""
    from distill.library.job_kinds import TrainPriorArguments

    _check(model_path, dataset_dir, device, overrides, how["learns_on"])
    arguments = TrainPriorArguments(
        model=str(model_path.absolute()),
        sounds=str(dataset_dir.absolute()),
        settings={name: value for name, value in overrides.items() if value is not None},
        device=device,
        priority=priority,
        **how,
    )
    # Another run on this model is refused, rather than waited for.
    own_claim = training_claimed(checkpoint_path(model_path, "prior"), model_path)
    goes_on = own_place().restarts > 0
    with own_claim, terminal_job(console, workspace, "train-prior", arguments, goes_on) as run:
        return show_prior_training(
            console,
            model_path,
            dataset_dir,
            device,
            overrides,
            run,
            learns_on=arguments.learns_on,
            ignore_choices=arguments.ignore_choices,
        )


def show_prior_training(
    console: "Console",
    model_path: Path,
    dataset_dir: Path,
    device: str,
    overrides: dict[str, Any],
    run: "JobRun",
    learns_on: bool | None = None,
    ignore_choices: bool = False,
) -> dict[str, Any]:
    """Train a prior and show it.

    Args:
        console: Console to print on.
        model_path: Model file with the codec.
        dataset_dir: Folder of sounds.
        device: Device to train on.
        overrides: Fields of `PriorConfig`; None stands for "not given".
        run: The job that it belongs to.
        learns_on: Whether the prior in the file learns on.
        ignore_choices: Whether all files are heard alike.

    Returns:
        The result of `distill.train_prior`.
    """
    from distill.library.epoch_previews import EpochPreviews
    from distill.library.job_kinds import TrainPriorArguments
    from distill.library.job_types import ScanProgress
    from distill.library.job_work import conclude_prior, curation_of
    from distill.models.persistence import read_header
    from distill.workflows.train import prior_settings, prior_size, train_prior

    run.check()
    had_prior = bool(read_header(model_path).get("has_prior"))
    size = prior_size(model_path, learns_on, overrides)
    config, file_count = prior_settings(dataset_dir, **(overrides | size))
    curation = curation_of(
        run,
        TrainPriorArguments(
            model=str(model_path), sounds=str(dataset_dir), ignore_choices=ignore_choices
        ),
    )
    with stop_by_hand() as (event, has_key):
        run.cancel_event = event
        _print_header(console, model_path, dataset_dir, file_count, vars(config), overrides)
        _print_remarks(console, has_key, curation, had_prior, learns_on=bool(size))
        with PriorDisplay(console, overrides["minutes"]) as display:

            def show_scan(done: int, total: int, name: str) -> None:
                # It ends before a stop does, which then says that the model is unchanged.
                run.write(ScanProgress(done=done, total=total, name=name))
                display.show_scan(done, total, name)

            def show(
                metrics: "PreparationMetrics | PriorStepMetrics | PriorEpochMetrics",
            ) -> None:
                run.write(metrics)
                display(metrics)

            result = train_prior(
                model_path,
                dataset_dir,
                callback=show,
                cancel_event=event,
                step_callback=show,
                device=device,
                progress=show_scan,
                keep_checkpoint=True,
                curation=curation,
                learns_on=bool(size),
                best_callback=EpochPreviews(run),
                preparation_callback=show,
                **overrides,
            )
    conclude_prior(run, result)
    return result


def print_outcome(console: "Console", model_path: Path, result: dict[str, Any]) -> bool:
    """Print how a training ended; whether a prior is in the model."""
    if result["prior_model"] is None:
        console.print(
            f"Stopped before the first validation: {model_path} is unchanged.", soft_wrap=True
        )
        return False
    _print_summary(console, model_path, result)
    return True


def _print_header(
    console: "Console",
    model_path: Path,
    dataset_dir: Path,
    file_count: int,
    config: dict[str, Any],
    overrides: dict[str, Any],
) -> None:
    """Print the settings, each `auto` (by the number of files) or `override` (an option)."""
    facts = {"Model": model_path, "Dataset": dataset_dir, "Files": file_count}
    for title, value in facts.items():
        console.print(f"{title + ':':<{TITLE_WIDTH}} {value}", soft_wrap=True)
    settings = {
        "Hidden size": "hidden_size",
        "Layers": "num_layers",
        "Heads": "num_heads",
        "Learning rate": "learning_rate",
    }
    if overrides["minutes"] is None:
        settings = {"Epochs": "max_epochs"} | settings
    else:
        settings = {"Minutes": "minutes"} | settings
    for title, name in settings.items():
        origin = "auto" if overrides[name] is None else "override"
        console.print(f"{title + ':':<{TITLE_WIDTH}} {config[name]} ({origin})")


def _print_remarks(
    console: "Console", has_key: bool, curation: "Curation", had_prior: bool, learns_on: bool
) -> None:
    """Print how to stop, which files count otherwise, and what becomes of an earlier prior."""
    if has_key:
        console.print("Press s to stop and use the best weights so far.", style="dim")
    if line := curation_line(curation):
        console.print(line, soft_wrap=True)
    if learns_on:
        console.print("The prior in this file learns on.")
    elif had_prior:
        console.print(
            "The prior in this file will be replaced when the new one is ready.", style="yellow"
        )


def _print_summary(console: "Console", model_path: Path, result: dict[str, Any]) -> None:
    complete = result["complete"]
    last = result["history"][-1]
    config = result["prior_config"]
    if result["unknown_files"]:
        unknown = f"{result['unknown_files']} of {result['file_count']} files"
        console.print(
            f"{unknown} are not among those that the codec was trained on; "
            "they were split by content.",
            soft_wrap=True,
            style="yellow",
        )
    lines = [
        f"{'Stopped' if complete.interrupted else 'Done'} after {complete.epochs_trained} epochs. "
        f"train_loss: {last['train_loss']:.4f}, val_loss: {last['val_loss']:.4f}, "
        f"perplexity: {complete.final_perplexity:.1f}, best (kept): "
        f"{complete.best_perplexity:.1f}.",
        complete.verdict,
        ", ".join(f"{name} {value}" for name, value in config.items()),
    ]
    console.print("\n".join(lines), soft_wrap=True)
    for warning in result["warnings"]:
        console.print(warning, style="yellow", soft_wrap=True)
    console.print(f"Prior is in: {model_path}", soft_wrap=True)
    console.print(
        f"Next:        distill generate {quote(str(model_path))} -o new.wav", soft_wrap=True
    )
