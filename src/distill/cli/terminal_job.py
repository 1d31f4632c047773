"""A training in a terminal as a job of the workspace: shown by every face, one at a time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from distill.cli.console import print_json
from distill.cli.keys import stop_by_hand
from distill.errors import DistillError

if TYPE_CHECKING:
    from distill.library.job_run import JobRun
    from distill.library.job_types import Job


@contextmanager
def terminal_job(
    console: Console,
    workspace: Path | None,
    kind: str,
    arguments: Any,
    is_resumed: bool = False,
) -> Iterator["JobRun"]:
    """While inside, the training is a job, and its turn has come.

    Where the workspace cannot be used, a remark says so, and the training runs without.

    Args:
        console: Console for remarks.
        workspace: Folder of the workspace; None: the usual one.
        kind: Kind of the job.
        arguments: Its arguments.
        is_resumed: Whether it goes on with the last job of the same model.

    Raises:
        KeyboardInterrupt: If the job is stopped before it has anything to keep.
    """
    from distill.library.job_here import begin_here
    from distill.library.job_run import JobInterrupted, JobRun, UnrecordedRun

    run: JobRun
    try:
        run = begin_here(workspace, kind, arguments, is_resumed)
    except (DistillError, OSError) as error:
        console.print(f"This training is not listed among the jobs. {error}", soft_wrap=True)
        run = UnrecordedRun()
    try:
        with run:
            _wait_for_turn(run, console)
            with _log_of(run, arguments):
                yield run
    except JobInterrupted as interruption:
        raise KeyboardInterrupt from interruption


def _log_of(run: "JobRun", arguments: Any) -> AbstractContextManager[None]:
    """While inside, the run is logged where `--log` says."""
    if not arguments.log:
        return nullcontext()
    from distill.library.tensorboard_log import logging_run

    # One that goes on knows its sounds.
    return logging_run(run, arguments.log, arguments.sounds or run.arguments.get("sounds"))


def _wait_for_turn(run: "JobRun", console: Console) -> None:
    def tell(ahead: int) -> None:
        trainings = "another training" if ahead == 1 else f"{ahead} other trainings"
        console.print(
            f"Waiting for {trainings} of this workspace (distill jobs list shows all).",
            soft_wrap=True,
        )

    own_event = run.cancel_event
    with stop_by_hand() as (event, _):
        run.cancel_event = event
        run.take_turn(tell)
    run.cancel_event = own_event
    if event.is_set():
        own_event.set()


def print_started(console: Console, job: "Job", as_json: bool) -> None:
    """Print the id of a job that was started, and how to watch it."""
    from dataclasses import asdict

    if as_json:
        print_json(asdict(job))
        return
    lines = [
        f"Job {job.id}: {job.title}. {job.sentence}",
        f"It goes on by itself. Watch it:  distill jobs watch {job.id}",
        f"Stop it, keeping what it learned:  distill jobs stop {job.id}",
    ]
    console.print("\n".join(lines), soft_wrap=True)
