"""Which jobs can be gone on with, and what is cleared away before."""

import os
from collections.abc import Iterator
from contextlib import suppress

from distill.errors import OutputError, UsageError
from distill.files import FilePath
from distill.library.job_kinds import KINDS
from distill.library.job_orders import arguments_of, job_ids, read_order
from distill.library.job_queue import job_folder
from distill.library.job_state import job_of
from distill.library.job_types import JobOrder, JobState
from distill.library.workspace import Workspace


def check_resumable(workspace: Workspace, order: JobOrder) -> None:
    """Check that a job can be gone on with.

    Raises:
        UsageError: If it cannot.
    """
    job = job_of(workspace, order)
    if not job.state.can_go_on:
        if job.state == JobState.DONE:
            raise UsageError(f"Job '{order.id}' is done: nothing is left to do.")
        raise UsageError(f"Job '{order.id}' runs already: distill jobs watch {order.id}")
    # This Distill may not know what a newer one was told.
    arguments_of(order)
    model = _model_of(order)
    later = next((o for o in _orders(workspace) if model and _model_of(o) == model), order)
    if later.id > order.id:
        raise UsageError(
            f"A later job works on {model}: go on with that one, distill jobs resume {later.id}"
        )


def latest_of_model(workspace: Workspace, kind: str, model: FilePath) -> JobOrder | None:
    """The order of the last job of a kind that works on a model file, if it can be gone on with."""
    path = os.path.abspath(model)
    for order in _orders(workspace):
        if _model_of(order) == path:
            can_go_on = order.kind == kind and job_of(workspace, order).state.can_go_on
            return order if can_go_on else None
    return None


def _orders(workspace: Workspace) -> Iterator[JobOrder]:
    """Orders of all jobs that can be read, the newest first."""
    for job_id in job_ids(workspace):
        with suppress(UsageError):
            yield read_order(workspace, job_id)


def _model_of(order: JobOrder) -> str:
    """Model file that a job works on; empty where there is none."""
    kind = KINDS.get(order.kind)
    return str(order.arguments.get(kind.model, "")) if kind else ""


def forget_stop(workspace: Workspace, job_id: str) -> None:
    """Take back that a job is to stop, before it goes on.

    Raises:
        OutputError: If the workspace cannot be written.
    """
    path = job_folder(workspace, job_id) / "stop"
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot delete {path}: {error.strerror or error}.") from error
