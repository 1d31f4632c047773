"""The queue of trainings of a workspace: one at a time, the others in the order of their start.

A ticket is an empty file whose name begins with a time. That of a dead job counts for nothing.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from distill.errors import OutputError
from distill.files import make_folder
from distill.library.locks import is_taken, take_lock
from distill.library.workspace import Workspace

DIGITS = 20
"""Digits of the time of a ticket, in ns since 1970: so many that names sort by time."""

PATIENCE_S = 10.0
"""Seconds to wait for another process that takes a ticket or clears one away: it takes some ms."""


def job_folder(workspace: Workspace, job_id: str) -> Path:
    """Folder of a job."""
    return workspace.jobs / job_id


def is_alive(folder: Path) -> bool:
    """Whether a process works on the job in `folder`, or is being started for it."""
    # In this order: whoever starts a process lets go once that process has its lock.
    return is_starting(folder) or is_taken(folder / "lock")


def is_starting(folder: Path) -> bool:
    """Whether a process is being started for the job in `folder`."""
    return is_taken(folder / "starting")


def queue_up(workspace: Workspace, job_id: str) -> Path:
    """Take a ticket for a job, behind all others; returns its file.

    Raises:
        OutputError: If it cannot be written.
    """
    queue = _queue(workspace)
    make_folder(queue)
    # One at a time: nobody reads a later ticket before an earlier one is there.
    lock = take_lock(_queue_lock(workspace), PATIENCE_S)
    if lock is None:
        raise OutputError(f"Another process changes {queue} and does not end: try again.")
    try:
        for earlier in queue.glob(f"*-{job_id}"):
            if earlier.name[DIGITS + 1 :] == job_id:
                return earlier
        ticket = queue / f"{time.time_ns():0{DIGITS}d}-{job_id}"
        ticket.touch()
    except OSError as error:
        raise OutputError(f"Cannot write into {queue}: {error.strerror or error}.") from error
    finally:
        lock.release()
    return ticket


def leave(ticket: Path) -> None:
    """Give up a ticket."""
    with suppress(OSError):
        ticket.unlink()


def jobs_ahead(workspace: Workspace, job_id: str) -> list[str]:
    """Ids of the trainings that come before this one; tickets of dead jobs are cleared away."""
    ahead: list[str] = []
    for ticket, holder in _tickets(workspace):
        if holder == job_id:
            return ahead
        if is_alive(job_folder(workspace, holder)) or not _clear(workspace, ticket, holder):
            ahead.append(holder)
    # A job without a ticket is last.
    return ahead


def _clear(workspace: Workspace, ticket: Path, holder: str) -> bool:
    """Clear the ticket of a dead job away; whether it is dead.

    Meanwhile somebody may go on with the job, and count on its ticket.
    """
    lock = None
    # Without the lock the ticket stays for now: it counts for nothing.
    with suppress(OutputError):
        lock = take_lock(_queue_lock(workspace))
    try:
        if is_alive(job_folder(workspace, holder)):
            return False
        if lock is not None:
            leave(ticket)
        return True
    finally:
        if lock is not None:
            lock.release()


def take_turn(workspace: Workspace, job_id: str) -> FileLock | None:
    """The right to train in this workspace, if it is this job's turn; else None."""
    if jobs_ahead(workspace, job_id):
        return None
    return take_lock(_training_lock(workspace))


def is_training(workspace: Workspace) -> bool:
    """Whether a training runs in this workspace: other work then leaves it the processor."""
    return is_taken(_training_lock(workspace))


def _queue(workspace: Workspace) -> Path:
    return workspace.hidden / "queue"


def _queue_lock(workspace: Workspace) -> Path:
    return workspace.hidden / "queue.lock"


def _training_lock(workspace: Workspace) -> Path:
    return workspace.hidden / "training.lock"


def _tickets(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """Tickets in their order, each with the id of its job."""
    try:
        tickets = sorted(_queue(workspace).iterdir())
    except OSError:
        return
    for ticket in tickets:
        moment, _, holder = ticket.name.partition("-")
        if moment.isdigit() and holder:
            yield ticket, holder
