"""`WS /api/v1/events`: what happens, to every tab, within a quarter of a second."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict

from starlette.websockets import WebSocket, WebSocketDisconnect

from distill import __version__
from distill.errors import UsageError
from distill.files import parse_json, plain_json
from distill.ui.context import Context
from distill.ui.messages import NewsHello, NewsOrder
from distill.ui.schema import restore_record

LONGEST_MESSAGE = 1 << 16
"""Characters of a message of a tab, at most."""

HELLO_S = 15.0
"""Seconds that a tab has for its first message."""

Serve = Callable[[WebSocket], Awaitable[None]]


def serve_events(context: Context) -> Serve:
    """The endpoint of events.

    The tab says first which event it knows; it gets those after it, then all others as they come.
    """

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
            order = await asyncio.wait_for(_first(socket), HELLO_S)
            if order is None:
                await socket.close(1003)
                return
            sending = asyncio.create_task(_send_all(context, socket, order))
            try:
                # Whatever else it says; at its end this one ends too.
                while True:
                    await socket.receive_text()
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await sending

    return serve


async def _first(socket: WebSocket) -> NewsOrder | None:
    text = await socket.receive_text()
    with suppress(ValueError, UsageError):
        if len(text) <= LONGEST_MESSAGE:
            order: NewsOrder = restore_record(NewsOrder, parse_json(text))
            return order
    return None


async def _send_all(context: Context, socket: WebSocket, order: NewsOrder) -> None:
    hub = context.hub
    last = hub.last
    known = last
    is_reset = False
    if order.since is not None:
        known = order.since
        is_reset = order.run != hub.run or hub.after(known) is None
    hello = NewsHello(version=__version__, run=hub.run, last=last, is_reset=is_reset)
    await socket.send_text(json.dumps({"hello": asdict(hello)}))
    if is_reset:
        known = last
    with hub.listening() as news:
        while True:
            events = hub.after(known)
            if events is None:
                # This tab takes events more slowly than they come.
                await socket.close(1013)
                return
            for event in events:
                await socket.send_text(json.dumps(plain_json(asdict(event))))
                known = event.n
            if not events:
                await news.wait()
                news.clear()
