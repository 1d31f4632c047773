"""`distill jobs`: scans and trainings of the workspace, whoever started them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import (
    INTERRUPT_CODE,
    clock,
    make_console,
    one_sentence_errors,
    print_json,
)
from distill.cli.options import Json, WorkspaceDir
from distill.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from distill.library.job_types import Job
    from distill.library.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="Scans and trainings: list, watch, stop and resume them.",
)

JobId = Annotated[
    str | None, typer.Argument(help="Id of the job. Default: the newest.", metavar="ID")
]
WantedId = Annotated[str, typer.Argument(help="Id of the job.", metavar="ID")]
After = Annotated[int, typer.Option(help="Show events after this number.", min=0, metavar="NUMBER")]
Sounds = Annotated[
    Path | None, typer.Option(help="Folder of the sounds, if it has moved.", metavar="DATASET_DIR")
]


@app.command("list")
@one_sentence_errors
def list_cmd(workspace: WorkspaceDir = None, json: Json = False) -> None:
    """List all jobs, the newest first."""
    from distill.library.jobs import list_jobs
    from distill.library.workspace import open_workspace

    jobs = list_jobs(open_workspace(workspace, make=False))
    if json:
        print_json({"jobs": [asdict(job) for job in jobs]})
        return
    console = make_console()
    if not jobs:
        console.print("There are no jobs yet: distill train starts one.")
    for job in jobs:
        _print_job(console, job)


@app.command("watch")
@one_sentence_errors
def watch_cmd(
    job_id: JobId = None,
    after: After = 0,
    workspace: WorkspaceDir = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print each event as one JSON object a line.")
    ] = False,
) -> None:
    """Watch a job until it ends. Ctrl-C ends the watching alone.

    The exit code is 0 when it is done, 130 when it was stopped, else 1.
    """
    from distill.library.job_types import JobState
    from distill.library.jobs import get
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    job_id = job_id or _newest(place)
    job = get(place, job_id)
    if job.state.is_alive:
        _print_job(make_console(quiet=json), job)
    try:
        _show_events(place, job_id, after, json)
    except KeyboardInterrupt:
        make_console(quiet=json).print(
            f"The job goes on. To stop it: distill jobs stop {job_id}", soft_wrap=True
        )
        raise typer.Exit(INTERRUPT_CODE) from None
    job = get(place, job_id)
    _print_job(make_console(quiet=json), job)
    if job.state == JobState.STOPPED:
        raise typer.Exit(INTERRUPT_CODE)
    if job.state != JobState.DONE:
        raise typer.Exit(1)


@app.command("stop")
@one_sentence_errors
def stop_cmd(job_id: WantedId, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Stop a job: it saves after its current step. Waits for its end."""
    from distill.library.jobs import get, stop, watch
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    job = stop(place, job_id)
    # The events themselves are of no interest.
    for _ in watch(place, job_id, after=job.last_event):
        pass
    _print_result(get(place, job_id), json)


@app.command("resume")
@one_sentence_errors
def resume_cmd(
    job_id: WantedId, sounds: Sounds = None, workspace: WorkspaceDir = None, json: Json = False
) -> None:
    """Go on with a job that was stopped, failed or was cut off."""
    from distill.cli.terminal_job import print_started
    from distill.library.jobs import resume
    from distill.library.workspace import open_workspace

    job = resume(open_workspace(workspace, make=False), job_id, sounds)
    print_started(make_console(), job, json)


def _newest(workspace: "Workspace") -> str:
    from distill.library.job_orders import job_ids

    ids = job_ids(workspace)
    if not ids:
        raise UsageError(f"There are no jobs in {workspace.root}: distill train starts one.")
    return ids[0]


def _show_events(workspace: "Workspace", job_id: str, after: int, as_json: bool) -> None:
    from distill.cli.job_display import JobDisplay
    from distill.library.jobs import watch

    events = watch(workspace, job_id, after)
    if as_json:
        for event in events:
            print_json({"n": event.n, "t": event.t, "type": event.type} | event.data)
            sys.stdout.flush()
        return
    with JobDisplay(make_console()) as display:
        for event in events:
            display.show(event)


def _print_result(job: "Job", as_json: bool) -> None:
    if as_json:
        print_json(asdict(job))
    else:
        _print_job(make_console(), job)


def _print_job(console: "Console", job: "Job") -> None:
    """Three lines at most: id and state, what it does, how it goes."""
    from distill.library.job_types import JobState

    facts = [job.id, str(job.state)]
    if job.state == JobState.RUNNING and job.stage:
        share = "" if job.progress is None else f" {job.progress:.0%}"
        facts.append(f"{job.stage}{share}")
    if job.remaining_s is not None:
        facts.append(f"{clock(job.remaining_s)} left")
    if job.is_stopping:
        facts.append("stopping")
    lines = ["  ".join(facts), f"  {job.kind}: {job.title}"]
    if job.sentence:
        lines.append(f"  {job.sentence}")
    if job.state.can_go_on:
        lines.append(f"  Go on: distill jobs resume {job.id}")
    console.print("\n".join(lines), soft_wrap=True)
