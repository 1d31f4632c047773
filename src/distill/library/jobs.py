"""Jobs: scans and trainings as processes of their own, which outlive whoever started them.

Each job is a folder of the workspace. Its lock says that it lives, its events how it goes; a file
called `stop` ends it. So every face sees the same, and none is needed for it to go on.

Example:
    workspace = distill.open_workspace()
    job = distill.jobs.start(workspace, "train", sounds="sounds", settings={"minutes": 20})
    for event in distill.jobs.watch(workspace, job.id):
        print(event.type, event.data)
    print(distill.jobs.get(workspace, job.id).sentence)
"""

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from distill.data.folder import check_corpus_folder
from distill.errors import OutputError, UsageError
from distill.files import FilePath
from distill.library.corpora import corpus_id
from distill.library.job_events import EventReader, read_curves
from distill.library.job_kinds import kind_of, parse_arguments
from distill.library.job_launch import launch
from distill.library.job_orders import find_order, job_ids, new_order, read_order
from distill.library.job_queue import is_alive, job_folder
from distill.library.job_resuming import check_resumable
from distill.library.job_state import job_of
from distill.library.job_types import Job, JobEvent
from distill.library.workspace import Workspace

log = logging.getLogger(__name__)

POLL_S = 0.1
"""Seconds between two looks for new events: an event reaches a watcher well within 250 ms."""


def start(workspace: Workspace, kind: str, **arguments: Any) -> Job:
    """Start a job in a process of its own, which goes on whatever happens to this one.

    A training waits until no other one of the workspace runs.

    Args:
        workspace: Workspace that keeps the job.
        kind: `scan`, `train` or `train-prior`.
        **arguments: `sounds`, the folder of sounds. For `train` also `output`, `settings` (fields
            of `VQVAEConfig`), `prior` (fields of `PriorConfig`, to train a prior afterwards),
            `device`, `model_name`, `overwrite` and `discard_prior`. For `train-prior` also `model`,
            `settings` and `device`.

    Raises:
        UsageError: If there is no such kind, or an argument makes no sense.
        CorpusError: If the folder of sounds is not there.
        OutputError: If a file cannot be written, or the process cannot be started.

    Example:
        job = distill.jobs.start(workspace, "train", sounds="sounds", output="my.sda", prior={})
    """
    values = kind_of(kind).check(workspace, parse_arguments(kind, arguments))
    order = new_order(kind, values)
    launch(workspace, order)
    return get(workspace, order.id)


def list_jobs(workspace: Workspace) -> list[Job]:
    """All jobs of a workspace, the newest first. A damaged one is left out, with a warning."""
    jobs = []
    for job_id in job_ids(workspace):
        try:
            if order := find_order(workspace, job_id):
                jobs.append(job_of(workspace, order))
        except UsageError as error:
            log.warning("%s", error)
    return jobs


def get(workspace: Workspace, job_id: str) -> Job:
    """A job as it stands.

    Raises:
        UsageError: If no job has this id, or it is none; if the job is damaged.
    """
    return job_of(workspace, read_order(workspace, job_id))


def stop(workspace: Workspace, job_id: str) -> Job:
    """Ask a job to stop: it saves after its current step, and can be gone on with.

    Raises:
        UsageError: If no job has this id, or it has ended already.
        OutputError: If the workspace cannot be written.
    """
    job = get(workspace, job_id)
    if not job.state.is_alive:
        raise UsageError(f"Job '{job_id}' has ended already: {job.state}.")
    path = job_folder(workspace, job_id) / "stop"
    try:
        path.touch()
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
    return get(workspace, job_id)


def resume(workspace: Workspace, job_id: str, sounds: FilePath | None = None) -> Job:
    """Go on with a job that was stopped, failed or was cut off, from where it was.

    Args:
        workspace: Workspace of the job.
        job_id: Its id.
        sounds: Folder of sounds, if it has moved since.

    Raises:
        UsageError: If no job has this id, if it runs or is done, or if a later job trained the same
            model.
        CorpusError: If the folder of sounds is not there.
        OutputError: If the process cannot be started.
    """
    order = read_order(workspace, job_id)
    check_resumable(workspace, order)
    if sounds is not None:
        order = replace(order, arguments=order.arguments | {"sounds": os.path.abspath(sounds)})
    if place := order.arguments.get("sounds"):
        check_corpus_folder(place)
    launch(workspace, order)
    return get(workspace, job_id)


def watch(
    workspace: Workspace,
    job_id: str,
    after: int = 0,
    cancel_event: threading.Event | None = None,
) -> Iterator[JobEvent]:
    """Events of a job as they come, until it ends; of one that has ended, those that there are.

    Args:
        workspace: Workspace of the job.
        job_id: Its id.
        after: Number of the last event that is known already.
        cancel_event: Ends the watching when it is set.

    Raises:
        UsageError: If no job has this id.

    Example:
        for event in distill.jobs.watch(workspace, job.id, after=17):
            print(event.n, event.type)
    """
    read_order(workspace, job_id)
    folder = job_folder(workspace, job_id)
    reader = EventReader(folder / "events.jsonl", after)
    cancel_event = cancel_event or threading.Event()
    while not cancel_event.is_set():
        # Before the events: a run writes its last one before it lets go of its lock.
        alive = is_alive(folder)
        events = reader.read()
        yield from events
        if not events:
            if not alive:
                return
            cancel_event.wait(POLL_S)


def curves(workspace: Workspace, job_id: str) -> dict[str, list[JobEvent]]:
    """Curves of a job, at most 2,000 points of each, evenly spread.

    Args:
        workspace: Workspace of the job.
        job_id: Its id.

    Returns:
        Events by type: `StepMetrics`, `ValidationMetrics`, `PriorStepMetrics`,
        `PriorEpochMetrics`. Types without events are missing.

    Raises:
        UsageError: If no job has this id.
    """
    read_order(workspace, job_id)
    return read_curves(job_folder(workspace, job_id) / "events.jsonl")


def list_events(workspace: Workspace, job_id: str, after: int = 0) -> list[JobEvent]:
    """Events of a job after number `after`, at most `MOST_EVENTS`; ask again for more.

    Raises:
        UsageError: If no job has this id.
    """
    read_order(workspace, job_id)
    return EventReader(job_folder(workspace, job_id) / "events.jsonl", after).read()


def corpus_of(workspace: Workspace, job: Job) -> str:
    """The id of the corpus of a job; empty if it does not know its sounds."""
    sounds = job.arguments.get("sounds")
    return corpus_id(workspace, sounds) if sounds else ""
