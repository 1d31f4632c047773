"""The application: gate, routes, events, page."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from distill.library.editing import Editor
from distill.library.player import Player
from distill.library.player_task import PlayerEvent
from distill.library.workspace import Workspace
from distill.ui.api import MOST_AT_WORK, PREFIX, ErrorAnswer, json_response, make_route
from distill.ui.context import Context
from distill.ui.drops import Drops
from distill.ui.endpoints import ENDPOINTS, MESSAGES
from distill.ui.events import serve_events
from distill.ui.hub import Hub
from distill.ui.live import serve_live
from distill.ui.openapi import openapi_document
from distill.ui.page import STATIC, Page
from distill.ui.player_news import publish
from distill.ui.security import Gate
from distill.ui.session import LoginCodes, load_secret
from distill.ui.tasks import Tasks
from distill.ui.watch import Watch

log = logging.getLogger(__name__)


def create_context(workspace: Workspace, is_local: bool = True) -> Context:
    """What all routes of a server share; its player starts with the server.

    Args:
        workspace: The workspace.
        is_local: Whether the server can be reached from this machine alone.

    Raises:
        OutputError: The workspace cannot be written.
    """
    secret = load_secret(workspace)
    hub = Hub()

    def on_event(event: PlayerEvent) -> None:
        publish(hub, event)

    return Context(
        workspace=workspace,
        secret=secret,
        codes=LoginCodes(secret),
        hub=hub,
        player=Player(workspace, on_event),
        tasks=Tasks(),
        drops=Drops(),
        editor=Editor(workspace),
        is_local=is_local,
    )


def create_app(
    context: Context,
    hosts: Iterable[str] = (),
    static: Path = STATIC,
    starts_player: bool = True,
) -> Gate:
    """The application of a server.

    Args:
        context: What its routes share.
        hosts: Names beside those of this machine for itself under which it is reached.
        static: Folder of the bundle of the page.
        starts_player: Whether the player starts with the server; else with the first request.

    Example:
        app = create_app(create_context(open_workspace()))
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watch = Watch(context)
        watch.start()
        if starts_player:
            await asyncio.to_thread(context.player.start)
        yield
        await asyncio.to_thread(watch.stop)
        await asyncio.to_thread(context.player.close)

    routes = _routes(context, static)
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={Exception: _on_bug})
    return Gate(app, context.secret, hosts)


def _routes(context: Context, static: Path) -> list[BaseRoute]:
    at_work = asyncio.Semaphore(MOST_AT_WORK)

    async def show_openapi(_: Request) -> Response:
        document = json.dumps(openapi_document(ENDPOINTS, MESSAGES))
        return Response(document, media_type="application/json")

    async def not_there(_: Request) -> Response:
        answer = ErrorAnswer(error="There is nothing at this address.", kind="NotFoundError")
        return json_response(answer, 404)

    return [
        *(make_route(context, endpoint, at_work) for endpoint in ENDPOINTS),
        Route("/api/openapi.json", show_openapi),
        WebSocketRoute(f"{PREFIX}/events", serve_events(context)),
        WebSocketRoute(f"{PREFIX}/live", serve_live(context)),
        Route("/api/{path:path}", not_there),
        Route("/{path:path}", Page(static).answer),
    ]


async def _on_bug(_: Request, error: Exception) -> Response:
    """A bug: its traceback goes to the terminal, a sentence to the page."""
    log.error("A request failed.", exc_info=error)
    answer = ErrorAnswer(
        error="Something is wrong inside Distill: its terminal says more.", kind="Bug"
    )
    return json_response(answer, 500)
