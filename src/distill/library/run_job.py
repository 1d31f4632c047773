"""The process of a job: `python -m distill.library.run_job FOLDER`.

It holds the lock of the job while it lives, and loads torch only when its turn has come.
"""

import logging
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from distill.errors import DistillError
from distill.library.job_kinds import kind_of
from distill.library.job_orders import arguments_of, read_order
from distill.library.job_run import JobInterrupted, JobRun
from distill.library.job_types import JobOrder, JobRunning
from distill.library.workspace import Workspace, open_workspace
from distill.process import Priority, set_priority

FAILURE = 1
"""Exit code of a job that failed."""


def main(folder: Path) -> int:
    """Run the job in `folder`; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    try:
        # Folders of a workspace: .distill/jobs/ID.
        workspace = open_workspace(folder.parents[2])
        _run(workspace, read_order(workspace, folder.name))
    except JobInterrupted as interruption:
        logging.warning("%s", interruption)
    except DistillError as error:
        logging.error("%s", error)
        return FAILURE
    return 0


def _run(workspace: Workspace, order: JobOrder) -> None:
    arguments = arguments_of(order)
    # Before torch loads: its threads follow.
    set_priority(Priority(getattr(arguments, "priority", Priority.NORMAL)))
    run = JobRun(workspace, order)
    run.is_resumed = run.has_event(JobRunning)
    _stop_when_asked(run)
    with run:
        run.take_turn()
        _work_of(order)(run, arguments)


def _work_of(order: JobOrder) -> Any:
    module, _, function = kind_of(order.kind).work.partition(":")
    return getattr(import_module(module), function)


def _stop_when_asked(run: JobRun) -> None:
    """A polite kill, or the end of the machine's session, stops the job and saves."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        run.cancel_event.set()

    signal.signal(signal.SIGTERM, stop)
    # Of a process group of its own, nobody presses Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
