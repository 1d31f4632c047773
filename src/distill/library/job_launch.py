"""Starting the process of a job, so that it outlives the one that starts it."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from distill.errors import OutputError, UsageError
from distill.library.job_events import read_latest
from distill.library.job_kinds import kind_of
from distill.library.job_orders import make_job_folder, write_order
from distill.library.job_queue import queue_up
from distill.library.job_resuming import forget_stop
from distill.library.job_types import JobOrder
from distill.library.locks import take_lock
from distill.library.workspace import Workspace

START_S = 60.0
"""Seconds that the process of a job may take to begin: Python starts slowly on a busy machine."""

START_POLL_S = 0.02
"""Seconds between two looks whether it has begun."""

STARTING_S = 2.0
"""Seconds to wait for the lock `starting`: whoever looks whether it is free has it for a moment."""

RUNNER = "distill.library.run_job"
"""Module that a job runs in a process of its own."""


def launch(workspace: Workspace, order: JobOrder) -> None:
    """Start the process of a job, and wait until it has begun.

    The lock `starting` says meanwhile that the job lives.

    Raises:
        UsageError: If somebody else is starting it.
        OutputError: If the workspace cannot be written, or the process ends at once.
    """
    folder = make_job_folder(workspace, order.id)
    starting = take_lock(folder / "starting", STARTING_S)
    if starting is None:
        raise UsageError(f"Job '{order.id}' is being started already.")
    try:
        write_order(folder, order)
        forget_stop(workspace, order.id)
        if kind_of(order.kind).is_training:
            # Now: trainings come in the order of their start, however long their processes take.
            queue_up(workspace, order.id)
        before = _last_number(folder)
        _wait_for_start(folder, _spawn(folder), before)
    finally:
        starting.release()


def _spawn(folder: Path) -> subprocess.Popen[bytes]:
    # -P: files of the current folder are no modules. It stays the current one, since variables of
    # the environment may name places below it.
    command = [sys.executable, "-P", "-m", RUNNER, str(folder)]
    try:
        with open(folder / "log.txt", "ab") as log_file:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                **_GROUP,
            )
    except OSError as error:
        raise OutputError(f"The job cannot be started: {error.strerror or error}.") from error


_GROUP: dict[str, Any]
if sys.platform == "win32":
    _GROUP = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    # No signal of the terminal reaches a session of its own, nor does its end.
    _GROUP = {"start_new_session": True}


def _wait_for_start(folder: Path, process: subprocess.Popen[bytes], before: int) -> None:
    """Wait for an event after that of number `before`; later than `START_S` it may still come."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        has_ended = process.poll() is not None
        if _last_number(folder) > before:
            break
        if has_ended:
            raise OutputError(
                f"The job ended before it began: {_last_line(folder / 'log.txt')} "
                f"({folder / 'log.txt'} says more)."
            )
        time.sleep(START_POLL_S)
    # Without a parent that waits for it, a process that has ended would stay in the system's table.
    threading.Thread(target=process.wait, daemon=True).start()


def _last_number(folder: Path) -> int:
    event = read_latest(folder / "events.jsonl", ()).event
    return event.n if event else 0


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
