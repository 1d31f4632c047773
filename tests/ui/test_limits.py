"""How many requests are at work at a time, and how many are open: others wait, or are refused."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from distill.library.workspace import open_workspace
from distill.ui.api import MOST_AT_WORK, PREFIX, Endpoint, make_route
from distill.ui.app import create_context
from distill.ui.context import Context
from distill.ui.security import MOST_OPEN, Gate

WAIT_S = 60.0
"""Seconds after which a test counts as hanging."""


def scope_of(context: Context, path: str) -> Scope:
    """A request of a browser that has logged in."""
    secret = context.secret
    cookie = f"{secret.cookie_name}={secret.make_cookie(1000.0)}"
    headers = [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())]
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }


async def status_of(app: Any, scope: Scope) -> int:
    """The status code of the answer to a request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_four_requests_are_at_work_and_the_others_wait(tmp_path: Path) -> None:
    context = create_context(open_workspace(tmp_path / "studio"))
    lock = threading.Lock()
    all_in = threading.Event()
    now = 0
    most = 0

    def work(context: Context) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == MOST_AT_WORK:
                all_in.set()
        # The first four are in together before any of them ends.
        assert all_in.wait(WAIT_S)
        with lock:
            now -= 1
        return 1

    async def ask_all() -> list[int]:
        at_work = asyncio.Semaphore(MOST_AT_WORK)
        app = Starlette(routes=[make_route(context, Endpoint("GET", "/work", work), at_work)])
        scope = scope_of(context, f"{PREFIX}/work")
        wanted = [status_of(app, dict(scope)) for _ in range(3 * MOST_AT_WORK)]
        return await asyncio.wait_for(asyncio.gather(*wanted), WAIT_S)

    assert asyncio.run(ask_all()) == [200] * 3 * MOST_AT_WORK
    assert most == MOST_AT_WORK == 4


def test_one_request_more_than_may_be_open_is_refused(tmp_path: Path) -> None:
    context = create_context(open_workspace(tmp_path / "studio"))

    async def ask_all() -> tuple[list[int], int, int]:
        end = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await end.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        gate = Gate(slow, context.secret, clock=lambda: 1000.0)
        scope = scope_of(context, f"{PREFIX}/jobs")
        waiting = [asyncio.create_task(status_of(gate, dict(scope))) for _ in range(MOST_OPEN)]
        # All of them are let in before the next one comes.
        await asyncio.sleep(0)
        refused = await status_of(gate, dict(scope))
        end.set()
        answers = await asyncio.wait_for(asyncio.gather(*waiting), WAIT_S)
        return answers, refused, await status_of(gate, dict(scope))

    answers, refused, later = asyncio.run(ask_all())
    assert (answers, refused, later) == ([200] * 36, 429, 200)
