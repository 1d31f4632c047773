"""`distill train`: a codec from a folder of sounds."""

import os
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

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
from distill.cli.options import (
    Detach,
    Device,
    IgnoreChoices,
    Json,
    Priority,
    TrainingThreads,
    WorkspaceDir,
)
from distill.cli.terminal_job import print_started, terminal_job
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
from distill.errors import UsageError
from distill.process import Priority as ProcessPriority
from distill.process import set_priority
from distill.training.paths import checkpoint_path

if TYPE_CHECKING:
    from distill.library.job_run import JobRun
    from distill.library.job_types import Job
    from distill.training.metrics import TrainingCompleteEvent, TrainingEvent

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
    threads: TrainingThreads = None,
    priority: Priority = ProcessPriority.LOW,
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
    json: Json = False,
) -> None:
    """Train a codec on a folder of sounds.

    5 to 500 files, seconds to hours, short hits welcome. Ctrl-C or the key s stops and saves;
    --resume goes on. --continue-model makes the next version of a finished model. One training of
    a workspace runs at a time; distill jobs lists them.
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
        others = {
            "output": output,
            "model_name": model_name,
            "overwrite": overwrite or None,
            "continue_model": continue_model,
            "ignore_choices": ignore_choices or None,
        }
        _refuse_with_resume(settings | others)
        if then_prior and dataset_dir is None:
            raise UsageError(
                "With --then-prior, name the folder of sounds too: "
                "distill train DATASET_DIR --resume MODEL.sda --then-prior"
            )
        output = resume
    elif dataset_dir is None:
        raise UsageError(
            "Name the folder of sounds to train on: distill train DATASET_DIR -o MODEL.sda"
        )
    else:
        output = output or _default_output(dataset_dir, continue_model)
    training = _Training(
        dataset_dir=dataset_dir,
        output=output,
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
    )
    # Before the scan, and before torch is loaded: another run learns of this one at once.
    with training_claimed(checkpoint_path(output), output):
        training.check()
        if not detach:
            _train_in_terminal(console, training, workspace, json)
            return
    # The process of the job claims the model for itself.
    print_started(console, training.start(workspace), json)


@dataclass(frozen=True)
class _Training:
    """What `distill train` was asked for."""

    dataset_dir: Path | None
    output: Path
    settings: dict[str, Any]
    device: str
    model_name: str | None
    discard_prior: bool
    overwrite: bool
    is_resumed: bool
    then_prior: bool
    priority: ProcessPriority
    parent: Path | None
    ignore_choices: bool

    def check(self) -> None:
        """Refuse what cannot work before hours of sound are decoded."""
        from distill.data.folder import check_corpus_folder
        from distill.device import pick_device
        from distill.training.checkpoint import load_checkpoint
        from distill.workflows.train import check_training
        from distill.workflows.versions import check_continuation

        pick_device(self.device)
        if not self.is_resumed:
            check_training(self.output, self.discard_prior, self.settings, self.overwrite)
        elif not os.path.exists(checkpoint_path(self.output)):
            # It says so, and no name is too long for this look.
            load_checkpoint(checkpoint_path(self.output))
        if self.parent is not None:
            check_continuation(self.parent, self.output, self.settings)
        if self.dataset_dir is not None:
            check_corpus_folder(self.dataset_dir)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the job."""
        sounds = self.dataset_dir
        return {
            "sounds": str(sounds.absolute()) if sounds else "",
            "output": str(self.output.absolute()),
            "settings": {name: v for name, v in self.settings.items() if v is not None},
            "prior": {} if self.then_prior else None,
            "device": self.device,
            "model_name": self.model_name,
            "discard_prior": self.discard_prior,
            "overwrite": self.overwrite,
            "resume": self.is_resumed,
            "priority": self.priority,
            "parent": str(self.parent.absolute()) if self.parent else "",
            "ignore_choices": self.ignore_choices,
        }

    def channels(self) -> int | None:
        """Channels that the sounds are scanned with: those of the model that goes on."""
        from distill.workflows.versions import check_continuation

        if self.parent is None:
            chosen: int | None = self.settings["channels"]
            return chosen
        fixed = check_continuation(self.parent, self.output, self.settings)
        return int(fixed["channels"])

    def start(self, workspace: Path | None) -> "Job":
        """Start it in the background."""
        from distill.library.job_resuming import latest_of_model
        from distill.library.jobs import resume, start
        from distill.library.workspace import open_workspace

        opened = open_workspace(workspace)
        earlier = latest_of_model(opened, "train", self.output) if self.is_resumed else None
        if earlier is not None:
            return resume(opened, earlier.id, self.dataset_dir)
        return start(opened, "train", **self.arguments())


def _default_output(dataset_dir: Path, parent: Path | None) -> Path:
    """Name of the folder; of a version, that of the model before it and the number."""
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


def _train_in_terminal(
    console: Console, training: _Training, workspace: Path | None, json: bool
) -> None:
    """Train as a job of the workspace, the prior too if it is wanted; print what came of it."""
    from distill.cli.train_prior import print_outcome
    from distill.library.job_kinds import TrainArguments
    from distill.workflows.describe_results import prior_training_facts

    arguments = TrainArguments(**training.arguments())
    facts: dict[str, Any] = {}
    try:
        with terminal_job(console, workspace, "train", arguments, training.is_resumed) as run:
            complete = _train_codec(console, training, run)
            facts = asdict(complete)
            # A job that was gone on with says itself what it is for.
            prior = run.arguments.get("prior")
            if prior is None:
                prior = arguments.prior
            sounds = training.dataset_dir or Path(run.arguments.get("sounds", ""))
            _print_summary(console, complete, training.dataset_dir, then_prior=prior is not None)
            # Scripts can tell an interrupted training by its exit code.
            is_finished = complete.finished
            if is_finished and prior is not None:
                result = _train_prior(console, training, sounds, prior, run)
                facts["prior"] = asdict(prior_training_facts(training.output, sounds, result))
                is_finished = print_outcome(console, training.output, result)
    finally:
        if json and facts:
            print_json(facts)
    if not is_finished:
        raise typer.Exit(INTERRUPTED)


def _train_codec(console: Console, training: _Training, run: "JobRun") -> "TrainingCompleteEvent":
    # All imports come before the scan: Python may lose a Ctrl-C that hits it during an import.
    from distill.cli.doctor import curation_line, print_report, scan_folder
    from distill.cli.train_display import TrainDisplay
    from distill.library.job_kinds import TrainArguments
    from distill.library.job_work import conclude_codec, curation_of
    from distill.workflows.train import resume, train
    from distill.workflows.versions import continue_model

    run.check()
    corpus = None
    if training.dataset_dir is not None and not training.is_resumed:
        curation = curation_of(run, TrainArguments(**training.arguments()))
        corpus = scan_folder(
            training.dataset_dir, console, training.channels(), run.show_scan, curation
        )
        print_report(corpus, console)
        if line := curation_line(curation):
            console.print(line, soft_wrap=True)
    with stop_by_hand() as (event, _), TrainDisplay(console) as display:
        run.cancel_event = event

        def show(metrics: "TrainingEvent") -> None:
            run.write(metrics)
            display(metrics)

        if corpus is None:
            complete = resume(
                training.output,
                sounds=training.dataset_dir,
                callback=show,
                cancel_event=event,
                device=training.device,
                discard_prior=training.discard_prior,
            )
        else:
            verb: Any = train
            if training.parent is not None:
                verb = partial(continue_model, training.parent)
            complete = verb(
                corpus,
                training.output,
                callback=show,
                cancel_event=event,
                device=training.device,
                model_name=training.model_name,
                discard_prior=training.discard_prior,
                overwrite=training.overwrite,
                **training.settings,
            )
    conclude_codec(run, complete)
    return complete


def _train_prior(
    console: Console, training: _Training, sounds: Path, settings: dict[str, Any], run: "JobRun"
) -> dict[str, Any]:
    from distill.cli.train_prior import NOT_GIVEN, show_prior_training

    overrides = NOT_GIVEN | settings
    return show_prior_training(
        console,
        training.output,
        sounds,
        training.device,
        overrides,
        run,
        ignore_choices=training.ignore_choices,
    )


def _print_summary(
    console: Console,
    complete: "TrainingCompleteEvent",
    dataset_dir: Path | None,
    then_prior: bool,
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
        ]
        if not then_prior:
            lines.append(f"Next:  distill train-prior {path} {sounds}")
    else:
        saved = f"Stopped after {complete.steps} steps; all is saved."
        lines = [f"{saved} Go on with: distill train --resume {path}"]
    console.print("\n".join(lines), soft_wrap=True)
