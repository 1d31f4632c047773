"""The server: one for each workspace, with one player. It listens on this machine alone, unless
told otherwise."""

import asyncio
import json
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from distill.errors import UsageError
from distill.files import parse_json, replace_atomically
from distill.library.leftovers import clear_workspace
from distill.library.locks import is_taken, take_lock
from distill.library.workspace import Workspace
from distill.ui.app import create_app, create_context
from distill.ui.page import STATIC
from distill.ui.session import load_secret

PORT = 8765
"""Port that is asked for first."""

PORTS = 20
"""Ports that are tried, one after the other."""

HOST = "127.0.0.1"
"""Address of this machine for itself."""

LOCAL_HOSTS = frozenset([HOST, "localhost", "::1"])

PING_S = 15.0
"""Seconds between two pings of a WebSocket."""

LOCK_S = 2.0
"""Seconds to wait for its lock: whoever looks whether a server runs has it for a moment."""

END_S = 3.0
"""Seconds that requests have to end when the server ends."""

LARGEST_HEAD = 16 << 10
"""Bytes of the headers of a request, at most; tokens of places are long."""

LARGEST_MESSAGE = 1 << 20
"""Bytes of a message of a WebSocket, at most."""


@dataclass(frozen=True)
class Address:
    """Where a server is reached.

    Attributes:
        url: As `http://127.0.0.1:8765`.
    """

    url: str

    def link(self, workspace: Workspace, place: str = "") -> str:
        """An address that logs a browser in, once and within a minute.

        Args:
            workspace: The workspace of the server.
            place: Place in the page, such as `/sounds/voices-1c5fd3a7`.
        """
        return f"{self.url}{place or '/'}#code={load_secret(workspace).make_code()}"


def running_server(workspace: Workspace) -> Address | None:
    """The address of the server of a workspace; None where none runs."""
    # A look that takes the lock itself would keep a server from starting.
    if not is_taken(_lock_path(workspace)):
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Address(url=str(parse_json(_facts_path(workspace).read_bytes())["url"]))
    raise UsageError(f"The server of {workspace.root} is just starting or ending: try again.")


def run_server(
    workspace: Workspace,
    *,
    host: str = HOST,
    port: int = PORT,
    allowed: Sequence[str] = (),
    static: Path = STATIC,
    on_start: Callable[[Address], None] = lambda address: None,
) -> None:
    """Serve a workspace until Ctrl-C, or a polite kill. Trainings go on.

    Args:
        workspace: The workspace.
        host: Address to listen at.
        port: Port; the next free one where it is taken.
        allowed: Names under which the server is reached, beside those of this machine for itself.
        static: Folder of the bundle of the page.
        on_start: Called once it answers, in a thread of its own.

    Raises:
        UsageError: Another server of this workspace runs, or no port is free.
        OutputError: The workspace cannot be written.
    """
    lock = take_lock(_lock_path(workspace), LOCK_S)
    if lock is None:
        raise UsageError(f"A server of {workspace.root} runs already.")
    try:
        # That of a server that was killed.
        _facts_path(workspace).unlink(missing_ok=True)
        with closing(_listen(host, port)) as listener:
            address = Address(url=_url(host, listener.getsockname()[1], allowed))
            _write_facts(workspace, address)
            threading.Thread(target=clear_workspace, args=(workspace,), daemon=True).start()
            context = create_context(workspace, is_local=host in LOCAL_HOSTS)
            app = create_app(context, allowed, static)
            _Server(_config(app), lambda: on_start(address)).run(sockets=[listener])
    finally:
        _facts_path(workspace).unlink(missing_ok=True)
        lock.release()


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if not self.should_exit:
            # A browser that starts slowly keeps nobody waiting.
            self._starting = asyncio.create_task(asyncio.to_thread(self._on_start))


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        # Pure Python, so that every machine has them.
        http="h11",
        loop="asyncio",
        ws="websockets-sansio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_S,
        # Float samples hardly shrink, and compressing them takes time from the player.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=int(END_S),
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket at the first free port from `port` on; 0 takes any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in [port] if port == 0 else range(port, min(port + PORTS, 65536)):
        # With its protocol named, asyncio sends small answers at once. Without, the body of an
        # answer waits until the browser has acknowledged its head: 40 ms each.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":
            # There, it would share a port with others.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            reason = error
            continue
        return listener
    raise UsageError(
        f"No port from {port} on is free at {host} ({reason.strerror or reason}): "
        "name another (--port)."
    )


def _url(host: str, port: int, allowed: Sequence[str]) -> str:
    name = host if host in LOCAL_HOSTS else next(iter(allowed), HOST)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _write_facts(workspace: Workspace, address: Address) -> None:
    with replace_atomically(_facts_path(workspace)) as file:
        file.write(json.dumps({"version": 1, "url": address.url}).encode())


def _facts_path(workspace: Workspace) -> Path:
    return workspace.hidden / "server.json"


def _lock_path(workspace: Workspace) -> Path:
    return workspace.hidden / "server.lock"
