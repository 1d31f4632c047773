"""Requests to the player that nobody waits for any more."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from distill.library.codes_requests import CountCodes
from distill.library.player_request import PlayerRequest, Urgency
from distill.library.player_task import PlayerTask, TaskState
from distill.ui.context import Context
from distill.ui.tasks import ask


def task_of(request: PlayerRequest, left: list[str]) -> PlayerTask:
    return PlayerTask(
        "1",
        request,
        Urgency.EDIT,
        cancel=lambda task: left.append(task.id),
        ask_for_blocks=lambda _task, _count: None,
        steer=lambda _task, _changes: None,
    )


@pytest.mark.parametrize("is_ordered", [True, False])
def test_a_task_is_left_once_nobody_waits_and_ends_by_the_player(is_ordered: bool) -> None:
    left: list[str] = []
    task = task_of(CountCodes(model=Path("a.sda")), left)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        ordered = asyncio.Event()
        may_order = asyncio.Event()

        def submit(_request: PlayerRequest, _urgency: Urgency | None) -> PlayerTask:
            if not is_ordered:
                asyncio.run_coroutine_threadsafe(may_order.wait(), loop).result()
            loop.call_soon_threadsafe(ordered.set)
            return task

        player: Any = SimpleNamespace(submit=submit)
        context = cast(Context, SimpleNamespace(player=player))
        asking = asyncio.ensure_future(ask(context, task.request))
        if is_ordered:
            await ordered.wait()
            # Until it waits for the outcome.
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        may_order.set()
        await ordered.wait()
        while not left:
            await asyncio.sleep(0.001)

    asyncio.run(run())
    assert left == ["1"]
    # The player can still end it: a future that was cancelled would refuse.
    task.end(TaskState.DONE, {"levels": []})
    assert task.result(1) == {"levels": []}
