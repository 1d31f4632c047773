"""Requests to the player: asked for, waited for, remembered for a while."""

import asyncio
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.errors import NotFoundError
from distill.library.player_request import PlayerRequest, Urgency
from distill.library.player_task import PlayerTask
from distill.ui.context import Context

MOST_TASKS = 200
"""Tasks that are remembered."""


@dataclass(frozen=True)
class TaskView:
    """A request to the player.

    Attributes:
        id: Its id.
        kind: What is asked for: `generate`, `again`, `vary`, `encode`, …
        subject: What it is about, for people.
        state: `waiting`, `running`, `done`, `failed` or `cancelled`.
        done: How much of it is done, mostly in code frames.
        total: All of it, in the same unit; 0 before that is clear.
        renders: Ids of the renders that it has made so far.
        result: What came out; empty before the end.
        error: What went wrong, in a sentence; empty if nothing did.
    """

    id: str
    kind: str
    subject: str
    state: str
    done: int
    total: int
    renders: list[str]
    result: dict[str, Any]
    error: str


class Tasks:
    """The tasks that were asked for last."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, PlayerTask] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, task: PlayerTask) -> None:
        """Keep a task."""
        with self._lock:
            self._tasks[task.id] = task
            while len(self._tasks) > MOST_TASKS:
                self._tasks.popitem(last=False)

    def get(self, task_id: str) -> PlayerTask:
        """The task with an id. `NotFoundError` if there is none."""
        with self._lock:
            if task_id not in self._tasks:
                raise NotFoundError(f"There is no task '{task_id[:60]}'.")
            return self._tasks[task_id]

    def all(self) -> list[PlayerTask]:
        """All tasks, the latest first."""
        with self._lock:
            return list(reversed(self._tasks.values()))


def view_of(task: PlayerTask) -> TaskView:
    """A task as a tab sees it."""
    error = ""
    result: dict[str, Any] = {}
    if task.is_over:
        failure = task.future.exception()
        error = str(failure) if failure else ""
        result = {} if failure else task.future.result()
    return TaskView(
        id=task.id,
        kind=task.request.kind,
        subject=Path(task.request.subject).name,
        state=str(task.state),
        done=task.done,
        total=task.total,
        renders=[str(facts["render"]) for facts in task.files if facts.get("render")],
        result=result,
        error=error,
    )


def submit(context: Context, request: PlayerRequest, urgency: Urgency | None = None) -> TaskView:
    """Ask the player for something that a tab follows by its events."""
    task = context.player.submit(request, urgency)
    context.tasks.remember(task)
    return view_of(task)


async def ask(
    context: Context, request: PlayerRequest, urgency: Urgency | None = None
) -> dict[str, Any]:
    """Ask the player, and wait for the facts of the result; errors as for `PlayerTask.result`.

    Once whoever waits is gone, the task is left.
    """
    order = asyncio.ensure_future(asyncio.to_thread(context.player.submit, request, urgency))
    try:
        # Shielded: the player alone ends its tasks, and what was ordered has to be known.
        task = await asyncio.shield(order)
        return await asyncio.shield(_outcome(task))
    except asyncio.CancelledError:
        order.add_done_callback(_leave)
        raise


def _outcome(task: PlayerTask) -> "asyncio.Future[dict[str, Any]]":
    outcome = asyncio.wrap_future(task.future)
    # Nobody may be there to take an error.
    outcome.add_done_callback(lambda future: future.cancelled() or future.exception())
    return outcome


def _leave(order: "asyncio.Future[PlayerTask]") -> None:
    if not order.cancelled() and order.exception() is None:
        order.result().cancel()
