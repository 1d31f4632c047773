"""Watches the jobs of a workspace, those that other processes started too."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from distill.errors import DistillError
from distill.library import jobs
from distill.library.job_events import ENDS, EventReader
from distill.library.job_orders import job_ids
from distill.library.job_queue import job_folder
from distill.library.job_types import JobEvent, JobState
from distill.library.workspace import Workspace

MOST_JOBS = 100
"""Jobs that are watched, the newest: older ones have ended, or can be started again by hand."""

ALIVE_S = 1.0
"""Seconds between two looks whether the processes of jobs are alive."""


@dataclass(frozen=True)
class JobNews:
    """News of a job.

    Attributes:
        job: Its id.
        event: An event of it; None where its process ended without one.
        state: Its state then.
    """

    job: str
    event: JobEvent | None = None
    state: JobState = JobState.CUT_OFF


class JobWatch:
    """Finds news of jobs.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._readers: dict[str, EventReader] = {}
        self._alive: set[str] = set()
        self._next_alive = 0.0
        self._has_looked = False

    def look(self) -> list[JobNews]:
        """What is new since the last look; nothing at the first."""
        ids = job_ids(self._workspace)[:MOST_JOBS]
        self._readers = {job: self._reader(job) for job in ids}
        news = [JobNews(job=job, event=event) for job in ids for event in self._events(job)]
        if time.monotonic() >= self._next_alive:
            self._next_alive = time.monotonic() + ALIVE_S
            news += self._cut_off(ids)
        first = not self._has_looked
        self._has_looked = True
        return [] if first else news

    def _reader(self, job: str) -> EventReader:
        known = self._readers.get(job)
        return known or EventReader(job_folder(self._workspace, job) / "events.jsonl")

    def _events(self, job: str) -> Iterator[JobEvent]:
        while events := self._readers[job].read():
            for event in events:
                if event.type in ENDS:
                    self._alive.discard(job)
                elif self._has_looked:
                    self._alive.add(job)
                yield event

    def _cut_off(self, ids: list[str]) -> list[JobNews]:
        """Jobs whose process is gone without a last event."""
        if not self._has_looked:
            for job in ids:
                with suppress(DistillError):
                    if jobs.get(self._workspace, job).state.is_alive:
                        self._alive.add(job)
        gone = []
        for job in list(self._alive):
            state = JobState.CUT_OFF
            with suppress(DistillError):
                state = jobs.get(self._workspace, job).state
            if not state.is_alive:
                self._alive.discard(job)
                if state == JobState.CUT_OFF:
                    gone.append(JobNews(job=job))
        return gone
