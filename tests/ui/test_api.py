"""Endpoints: work that nobody waits for any more."""

import asyncio
from typing import Any

from distill.ui.api import Endpoint, make_route
from distill.ui.context import Context


def test_work_is_left_once_nobody_waits_for_it(context: Context) -> None:
    async def ask(leaves: bool) -> tuple[list[str], list[int]]:
        begun = asyncio.Event()
        ends: list[str] = []
        statuses: list[int] = []

        async def work(_context: Context) -> dict[str, int]:
            begun.set()
            try:
                await asyncio.sleep(3600 if leaves else 0)
            except asyncio.CancelledError:
                ends.append("left")
                raise
            ends.append("done")
            return {"answer": 42}

        async def receive() -> dict[str, Any]:
            await begun.wait()
            if not leaves:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        route = make_route(context, Endpoint("GET", "/work", work), asyncio.Semaphore(1))
        scope = {"type": "http", "method": "GET", "path": "/api/v1/work", "headers": []}
        await route.handle(scope | {"query_string": b"", "path_params": {}}, receive, send)
        return ends, statuses

    assert asyncio.run(ask(leaves=True)) == (["left"], [499, 0])
    assert asyncio.run(ask(leaves=False)) == (["done"], [200, 0])
