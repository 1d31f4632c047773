"""Endpoints: functions with typed arguments, called with what a request holds.

An endpoint is a plain function. Its first argument is the `Context`. Arguments that its path names
come from there, `body` from the JSON of the request, `request` is the request itself, and all
others come from the query.
"""

import asyncio
import errno
import hashlib
import inspect
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_type_hints

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distill.errors import (
    CancelledError,
    DistillError,
    NotFoundError,
    OutputError,
    PlayerError,
    RevisionError,
    TooLittleRoomError,
    UsageError,
)
from distill.files import parse_json
from distill.ui.context import Context
from distill.ui.schema import restore_record, restore_text, to_json
from distill.ui.words import page_words

log = logging.getLogger(__name__)

PREFIX = "/api/v1"

MOST_AT_WORK = 4
"""Requests that are worked on at a time; further ones wait."""

REVALIDATED = "private, no-cache"
"""For answers that a cache keeps, and asks about before it gives them."""

BODY_S = 30.0
"""Seconds that a JSON body may take to come."""

STATUS: Sequence[tuple[type[Exception], int]] = (
    (NotFoundError, 404),
    (UsageError, 400),
    (RevisionError, 409),
    (CancelledError, 409),
    (TooLittleRoomError, 507),
    (PlayerError, 503),
    (OutputError, 500),
    (DistillError, 422),
)
"""Status codes of errors; the first class that fits decides."""

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
"""Errors of the system for a disk without room."""


class HttpError(Exception):
    """An answer other than the wanted one, which no function of the library gave.

    Args:
        status: Its status code.
        sentence: What is wrong, and what to do.
        kind: A word for programs.
    """

    def __init__(self, status: int, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind


@dataclass(frozen=True)
class ErrorAnswer:
    """The answer to a request that cannot be fulfilled.

    Attributes:
        error: What is wrong and what to do, in a sentence.
        kind: Class of the error.
        field: Name of the entry that is wrong; empty where no single one is.
        rev: Of a document that has changed: the revision that it has now; else None.
    """

    error: str
    kind: str
    field: str = ""
    rev: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """A verb on a resource.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: Its path below `PREFIX`, with names in braces.
        handler: Does it. Plain functions run in a thread of their own.
        status: Status code of success.
        media: Media type of an answer that is no JSON; empty for JSON.
        takes: Media type of a raw body; empty for JSON or none.
        largest_body: Bytes of a JSON body, at most.
        cache: `Cache-Control` of a JSON answer; empty for one that no cache keeps.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    status: int = 200
    media: str = ""
    takes: str = ""
    largest_body: int = 1 << 20
    cache: str = ""
    names: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hints = get_type_hints(self.handler)
        object.__setattr__(self, "names", hints)

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """Arguments that come from path and query."""
        _, *others = inspect.signature(self.handler).parameters.values()
        return [entry for entry in others if entry.name not in ("body", "request")]

    def is_in_path(self, name: str) -> bool:
        """Whether the path names an argument."""
        return f"{{{name}}}" in self.path


# --- requests -------------------------------------------------------------------------------------


async def _arguments(endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """The arguments of the function, from a request."""
    arguments: dict[str, Any] = {}
    known = {entry.name.rstrip("_") for entry in endpoint.parameters}
    for name in request.query_params:
        if name not in known:
            raise UsageError(f"There is no parameter '{name[:60]}' here.")
    for entry in endpoint.parameters:
        source = request.path_params if endpoint.is_in_path(entry.name) else request.query_params
        kind = endpoint.names[entry.name]
        # `from` is a word of Python.
        key = entry.name.rstrip("_")
        if key in source:
            arguments[entry.name] = restore_text(kind, source[key], key)
        elif entry.default is inspect.Parameter.empty:
            raise UsageError(f"The parameter '{key}' is missing.")
    if "request" in endpoint.names:
        arguments["request"] = request
    if "body" in endpoint.names:
        content = await read_body(request, endpoint.largest_body)
        try:
            value = parse_json(content) if content else {}
        except ValueError as error:
            raise UsageError("The body is no JSON.") from error
        arguments["body"] = restore_record(endpoint.names["body"], value)
    return arguments


async def read_body(request: Request, largest: int) -> bytes:
    """The body of a request. `HttpError` where it is longer than `largest` bytes, or too slow."""
    stated = request.headers.get("content-length", "0")
    if not stated.isdigit() or int(stated) > largest:
        raise too_large(largest)
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > largest:
                    raise too_large(largest)
    except TimeoutError:
        raise HttpError(408, "The body came too slowly.", "TooSlow") from None
    return bytes(content)


def too_large(largest: int) -> HttpError:
    """The refusal of a body longer than `largest` bytes."""
    return HttpError(413, f"The body is too long: {largest:,} bytes are the most.", "TooLarge")


# --- answers --------------------------------------------------------------------------------------


def json_response(value: Any, status: int = 200) -> Response:
    """An answer in JSON; names of files that are no valid Unicode survive as escapes."""
    text = json.dumps(to_json(value), separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def _kept(request: Request, response: Response, cache: str) -> Response:
    """An answer that a cache may keep; none at all where the cache has the same one."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    headers = {"Cache-Control": cache, "ETag": tag}
    known = request.headers.get("if-none-match", "")
    if tag in [entry.strip().removeprefix("W/") for entry in known.split(",")]:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def error_response(error: Exception) -> Response:
    """The answer to an error."""
    if isinstance(error, HttpError):
        return json_response(ErrorAnswer(error=str(error), kind=error.kind), error.status)
    answer = ErrorAnswer(
        error=page_words(str(error)),
        kind=type(error).__name__,
        field=getattr(error, "field", ""),
        rev=getattr(error, "revision", None),
    )
    return json_response(answer, _status_of(error))


def _status_of(error: Exception) -> int:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in DISK_FULL:
        return 507
    return next(status for kind, status in STATUS if isinstance(error, kind))


async def _while_wanted(request: Request, work: Coroutine[Any, Any, Any]) -> Any:
    """The result of `work`, which is left once whoever asked is gone.

    Raises:
        HttpError: They are gone: nobody reads it.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HttpError(499, "Nobody waits for the answer any more.", "Gone")
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def _departure(request: Request) -> None:
    """Wait until whoever asked is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def make_route(context: Context, endpoint: Endpoint, at_work: asyncio.Semaphore) -> Route:
    """The route that calls an endpoint.

    Args:
        context: First argument of the function.
        endpoint: The endpoint.
        at_work: Held while a plain function runs.
    """

    async def answer(request: Request) -> Response:
        try:
            arguments = await _arguments(endpoint, request)
            call = partial(endpoint.handler, context, **arguments)
            if inspect.iscoroutinefunction(endpoint.handler):
                # Where a body is left to the function, it alone may look for what comes.
                watches = "request" not in endpoint.names
                value = await (_while_wanted(request, call()) if watches else call())
            else:
                async with at_work:
                    value = await anyio.to_thread.run_sync(call)
        except (DistillError, HttpError) as error:
            return error_response(error)
        if endpoint.method != "GET":
            context.has_changed.set()
        if isinstance(value, Response):
            return value
        if value is None:
            return Response(status_code=204)
        async with at_work:
            response = await anyio.to_thread.run_sync(json_response, value, endpoint.status)
        return _kept(request, response, endpoint.cache) if endpoint.cache else response

    return Route(PREFIX + endpoint.path, answer, methods=[endpoint.method])
