"""`distill train`: a codec from a folder of sounds."""

from dataclasses import asdict, dataclass
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
from distill.cli.options import (
    Detach,
    Device,
    Json,
    Priority,
    TrainingThreads,
    WorkspaceDir,
)
from distill.cli.terminal_job import print_started, terminal_job
from distill.errors import UsageError
from distill.process import Priority as ProcessPriority
from distill.process import set_priority
from distill.training.config import VQVAEConfig
from distill.training.paths import checkpoint_path

if TYPE_CHECKING:
    from distill.library.job_run import JobRun
    from distill.library.job_types import Job
    from distill.training.metrics import TrainingCompleteEvent, TrainingEvent

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
ThenPrior = Annotated[
    bool, typer.Option("--then-prior", help="Train the generator as well, once this is done.")
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
    then_prior: ThenPrior = False,
    detach: Detach = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Train a codec on a folder of sounds.

    5 to 500 files, seconds to hours, short hits welcome. Ctrl-C or the key s stops and saves;
    --resume goes on. One training of a workspace runs at a time; distill jobs lists them.
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
        output = output or Path(f"{dataset_dir.resolve().name}.sda")
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

    def check(self) -> None:
        """Refuse what cannot work before hours of sound are decoded."""
        from distill.data.folder import check_corpus_folder
        from distill.device import pick_device
        from distill.training.checkpoint import load_checkpoint
        from distill.workflows.train import check_training

        pick_device(self.device)
        if not self.is_resumed:
            check_training(self.output, self.discard_prior, self.settings, self.overwrite)
        elif not checkpoint_path(self.output).exists():
            # It says so.
            load_checkpoint(checkpoint_path(self.output))
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
        }

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
    from distill.cli.doctor import print_report, scan_folder
    from distill.cli.train_display import TrainDisplay
    from distill.library.job_work import conclude_codec
    from distill.workflows.train import resume, train

    run.check()
    corpus = None
    if training.dataset_dir is not None and not training.is_resumed:
        channels = training.settings["channels"]
        corpus = scan_folder(training.dataset_dir, console, channels, run.show_scan)
        print_report(corpus, console)
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
            complete = train(
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
    return show_prior_training(console, training.output, sounds, training.device, overrides, run)


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
