"""A training that runs in the terminal which it was started from."""

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from distill.cli.console import INTERRUPT_CODE, clock, print_json
from distill.cli.devices import tell_followers
from distill.cli.keys import stop_by_hand
from distill.cli.terminal_job import terminal_job
from distill.cli.train_request import TrainingRequest

if TYPE_CHECKING:
    from distill.library.job_run import JobRun
    from distill.training.metrics import TrainingCompleteEvent, TrainingEvent


def train_in_terminal(
    console: Console, training: TrainingRequest, workspace: Path | None, json: bool
) -> None:
    """Train as a job of the workspace, the prior too if it is wanted; print what came of it."""
    from distill.cli.train_prior import print_outcome
    from distill.library.job_kinds import TrainArguments
    from distill.workflows.describe_results import prior_training_facts

    arguments = TrainArguments(**training.arguments())
    facts: dict[str, Any] = {}
    try:
        goes_on = training.is_resumed or training.is_restarted
        with terminal_job(console, workspace, "train", arguments, goes_on) as run:
            complete = _train_codec(console, training, run)
            facts = asdict(complete)
            # A job that was gone on with says itself what it is for.
            prior = run.arguments.get("prior")
            if prior is None:
                prior = arguments.prior
            sounds = training.dataset_dir or Path(run.arguments.get("sounds", ""))
            tell_followers(training.device, (str(sounds), prior))
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
        raise typer.Exit(INTERRUPT_CODE)


def _train_codec(
    console: Console, training: TrainingRequest, run: "JobRun"
) -> "TrainingCompleteEvent":
    # All imports come before the scan: Python may lose a Ctrl-C that hits it during an import.
    from distill.cli.doctor import curation_line, print_report, scan_folder
    from distill.cli.train_display import TrainDisplay
    from distill.library.job_kinds import TrainArguments
    from distill.library.job_work import conclude_codec, curation_of

    work = training.work()
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

        complete = work(corpus, callback=show, cancel_event=event, on_validation=run.on_validation)
    conclude_codec(run, complete)
    return complete


def _train_prior(
    console: Console,
    training: TrainingRequest,
    sounds: Path,
    settings: dict[str, Any],
    run: "JobRun",
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
        remark = f"Stopped after {complete.steps} steps; all is saved."
        lines = [f"{remark} Go on with: distill train --resume {path}"]
    console.print("\n".join(lines), soft_wrap=True)
