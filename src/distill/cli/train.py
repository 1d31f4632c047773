"""`distill train`: a codec from a folder of sounds."""

from pathlib import Path
from typing import Any

import typer

from distill.claims import training_claimed
from distill.cli.console import (
    make_console,
    one_sentence_errors,
)
from distill.cli.devices import follow_training, starts_processes, train_on_devices
from distill.cli.options import (
    Detach,
    Device,
    Devices,
    IgnoreChoices,
    Jobs,
    Json,
    LogTarget,
    Priority,
    TrainingThreads,
    WorkspaceDir,
)
from distill.cli.terminal_job import print_started
from distill.cli.train_options import (
    BatchSize,
    Channels,
    CodebookSize,
    ContinueModel,
    DiscardPrior,
    Epochs,
    LearningRate,
    Levels,
    Minutes,
    ModelName,
    NoEarlyStop,
    Output,
    Overwrite,
    Resume,
    Seed,
    Sounds,
    Steps,
    ThenPrior,
)
from distill.cli.train_request import TrainingRequest
from distill.cli.train_terminal import train_in_terminal
from distill.errors import UsageError
from distill.library.log_target import absolute_log
from distill.process import Priority as ProcessPriority
from distill.process import set_priority, using_jobs
from distill.ranks import own_place
from distill.training.paths import checkpoint_path

app = typer.Typer()

FLAGS = {"num_quantizers": "rvq-levels", "learning_rate": "lr", "early_stop": "no-early-stop"}
"""Options that are not called as their field of `VQVAEConfig`."""


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
    devices: Devices = None,
    threads: TrainingThreads = None,
    priority: Priority = ProcessPriority.LOW,
    jobs: Jobs = None,
    seed: Seed = None,
    model_name: ModelName = None,
    continue_model: ContinueModel = None,
    resume: Resume = None,
    discard_prior: DiscardPrior = False,
    overwrite: Overwrite = False,
    no_early_stop: NoEarlyStop = False,
    then_prior: ThenPrior = False,
    detach: Detach = False,
    ignore_choices: IgnoreChoices = False,
    workspace: WorkspaceDir = None,
    log: LogTarget = "",
    json: Json = False,
) -> None:
    """Train a codec on a folder of sounds.

    5 to 500 files, seconds to hours, short hits welcome. Ctrl-C or the key s stops and saves;
    --resume goes on. --continue-model makes the next version of a finished model. One training of
    a workspace runs at a time; distill jobs lists them.
    """
    # Before torch loads.
    log = absolute_log(log)
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
    console = make_console()
    if resume is not None:
        others = {
            "output": output,
            "model_name": model_name,
            "overwrite": overwrite or None,
            "continue_model": continue_model,
            "ignore_choices": ignore_choices or None,
        }
        _refuse_with_resume(settings | others)
    training = TrainingRequest(
        dataset_dir=dataset_dir,
        output=resume or output or _default_output(dataset_dir, continue_model),
        settings=settings,
        device=device,
        model_name=model_name,
        discard_prior=discard_prior,
        overwrite=overwrite,
        is_resumed=resume is not None,
        then_prior=then_prior,
        priority=priority,
        parent=continue_model,
        ignore_choices=ignore_choices,
        log=log,
    )
    if training.is_resumed and then_prior and dataset_dir is None:
        raise UsageError(
            "With --then-prior, name the folder of sounds too: "
            "distill train DATASET_DIR --resume MODEL.sda --then-prior"
        )
    # Before the scan, and before torch is loaded: another run learns of this one at once.
    with using_jobs(jobs):
        if not own_place().is_first:
            follow_training(training)
            return
        with training_claimed(checkpoint_path(training.output), training.output):
            training.check()
            is_launcher = starts_processes(devices, device, detach)
            if not (detach or is_launcher):
                train_in_terminal(console, training, workspace, json)
                return
        if is_launcher:
            raise typer.Exit(train_on_devices(devices or 1))
        # The process of the job claims the model for itself.
        print_started(console, training.start(workspace), json)


def _default_output(dataset_dir: Path | None, parent: Path | None) -> Path:
    """Name of the folder; of a version, that of the model before it and the number."""
    if dataset_dir is None:
        raise UsageError(
            "Name the folder of sounds to train on: distill train DATASET_DIR -o MODEL.sda"
        )
    if parent is None:
        return Path(f"{dataset_dir.resolve().name}.sda")
    from distill.workflows.versions import next_version_path

    return next_version_path(parent)


def _refuse_with_resume(options: dict[str, Any]) -> None:
    """Raise `UsageError` for the first of `options` that is set."""
    for name, value in options.items():
        if value is not None:
            flag = FLAGS.get(name, name.replace("_", "-"))
            raise UsageError(
                f"--resume goes on with the settings it began with: leave out --{flag}."
            )
