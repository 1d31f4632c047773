"""The gate of the server: what every request has to show, and what every answer says to browsers.

It stands before all else, for HTTP and WebSocket. Attacks that it ends: pages of other origins that
send requests (CSRF) or rename themselves (DNS rebinding), other users of the machine, other
programs on it whose pages a browser shows, and scripts in names of files.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distill.ui.api import PREFIX, ErrorAnswer, json_response
from distill.ui.session import Secret

OWN_NAMES = frozenset(["127.0.0.1", "localhost", "[::1]"])
"""Names of this machine for itself."""

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
"""Form of a Host header: name and port."""

SAFE_METHODS = frozenset(["GET", "HEAD"])
"""Methods that change nothing."""

OWN_SITES = frozenset(["none", "same-origin"])
"""Values of `Sec-Fetch-Site` for our own page, and for an address that a person types."""

LOGIN = (f"{PREFIX}/session", "POST")
"""Path and method of the one request without a cookie."""

MOST_OPEN = 36
"""Requests of the session that are open at a time: four at work and 32 that wait."""

NONCE = "distill.nonce"
"""Entry of the scope that holds the nonce of the policy, for the page."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; "
    "worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Content Security Policy. Source of its form: https://www.w3.org/TR/CSP3."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
"""Headers of every answer, beside the policy."""

NO_STORE = (b"cache-control", b"no-store")
"""Header of answers that say nothing about caches."""


class RefusedError(Exception):
    """A request that does not pass, with its status code and a sentence."""

    def __init__(self, status: int, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind


class Gate:
    """Refuses what does not come from our own page in a browser that has logged in.

    Args:
        app: What lies behind it.
        secret: Makes cookies.
        hosts: Names beside those of this machine for itself under which the server is reached.
        clock: Gives the time in seconds since 1970.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret: Secret,
        hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self._secret = secret
        self._hosts = OWN_NAMES | {host.lower() for host in hosts}
        self._clock = clock
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope[NONCE] = nonce
        guarded = _with_headers(send, nonce)
        try:
            self._check(scope)
        except RefusedError as error:
            await _refuse(error, scope, receive, guarded)
            return
        if scope["type"] == "websocket":
            await self.app(scope, receive, guarded)
            return
        self._open += 1
        try:
            await self.app(scope, receive, guarded)
        finally:
            self._open -= 1

    def _check(self, scope: Scope) -> None:
        host = self._host(scope)
        _check_origin(scope, host)
        path = scope["path"]
        method = scope.get("method", "GET")
        is_safe = method in SAFE_METHODS
        if not is_safe and _headers(scope, b"x-distill") != ["1"]:
            raise RefusedError(403, "This request lacks 'X-Distill: 1'.", "Forbidden")
        if not path.startswith("/api"):
            # The page itself is for everybody who reaches it: it holds nothing of anyone.
            if not is_safe:
                raise RefusedError(405, "Nothing can be changed here.", "Forbidden")
            return
        sites = _headers(scope, b"sec-fetch-site")
        if not all(site in OWN_SITES for site in sites):
            raise RefusedError(403, "This request comes from another site.", "Forbidden")
        if (path, method) != LOGIN and not self._has_cookie(scope):
            raise RefusedError(401, "Log in: `distill ui --link` gives a link.", "Login")
        if self._open >= MOST_OPEN and scope["type"] == "http":
            raise RefusedError(429, "Too many requests wait already.", "Busy")

    def _host(self, scope: Scope) -> str:
        """The Host header, once it is a name of ours."""
        hosts = _headers(scope, b"host")
        match = HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if match is None or match[1] not in self._hosts:
            raise RefusedError(
                403, "The server has another name: start it with --allow-host.", "Host"
            )
        return hosts[0].lower()

    def _has_cookie(self, scope: Scope) -> bool:
        name = self._secret.cookie_name
        for header in _headers(scope, b"cookie"):
            for pair in header.split(";"):
                stated, _, value = pair.strip().partition("=")
                # Another program of this machine may have set one of the same name beside ours.
                if stated == name and self._secret.is_cookie(value, self._clock()):
                    return True
        return False


def _check_origin(scope: Scope, host: str) -> None:
    origins = _headers(scope, b"origin")
    if not origins and scope["type"] == "http":
        return
    # Of a name in the list of hosts, so that it proves something. TLS may end before us.
    if len(origins) != 1 or origins[0].lower() not in (f"http://{host}", f"https://{host}"):
        raise RefusedError(403, "This request comes from another origin.", "Origin")


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _with_headers(send: Send, nonce: str) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """`send`, with the headers of every answer."""
    policy = POLICY.format(nonce=nonce).encode()

    async def guarded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = [
                *message.get("headers", []),
                *HEADERS,
                (b"content-security-policy", policy),
            ]
            if not any(key.lower() == b"cache-control" for key, _ in headers):
                headers.append(NO_STORE)
            message = {**message, "headers": headers}
        await send(message)

    return guarded


async def _refuse(error: RefusedError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the error; a WebSocket is closed before it opens."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": str(error)})
        return
    answer = json_response(ErrorAnswer(error=str(error), kind=error.kind), error.status)
    await answer(scope, receive, send)
