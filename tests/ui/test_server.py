"""The server as a process of its own kind: sockets, port, lock, memory, end."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import uvicorn
from filelock import FileLock

from distill.errors import UsageError
from distill.library.locks import take_lock
from distill.library.workspace import Workspace, open_workspace
from distill.ui import api, server
from distill.ui.app import create_app, create_context
from distill.ui.security import Gate
from distill.ui.server import Address, run_server, running_server

MOST_MEGABYTES = 60
"""Resident memory of a process that has imported the server, in MB."""

CODE = """
import json, sys
import distill.ui.server
with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
peak = int(status["VmHWM"].split()[0]) * 1024
print(json.dumps([[name for name in ("torch", "scipy") if name in sys.modules], peak / 1e6]))
"""

WAIT_S = 60.0
"""Seconds after which a test counts as hanging."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a real server, without a player."""
    workspace = open_workspace(tmp_path_factory.mktemp("served") / "studio")
    context = create_context(workspace)
    running = uvicorn.Server(
        server._config(create_app(context, static=workspace.root / "none", starts_player=False))
    )
    with closing(server._listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield int(listener.getsockname()[1])
        running.should_exit = True
        thread.join(WAIT_S)
        assert not thread.is_alive()


def raw(port: int, text: bytes, size: int = 4096) -> bytes:
    """What the server answers to bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as connection:
        connection.sendall(text)
        return connection.recv(size)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"503"),
        (b"GET /..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"503"),
        (b"GET /api/v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"401"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET / HTTP/1.0\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 400_000 + b"\r\n\r\n", b"400"),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", b"403"),
        (
            b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n",
            b"403",
        ),
        (b"\x00\xff\x00\xff\r\n\r\n", b"400"),
    ],
)
def test_raw_requests(port: int, head: bytes, status: bytes) -> None:
    answer = raw(port, head)
    assert answer.split(b" ")[1] == status
    assert b"uvicorn" not in answer.lower()
    assert b"access-control" not in answer.lower()


def test_a_body_without_login_is_not_waited_for(port: int) -> None:
    head = (
        b"PUT /api/v1/models?name=a.sda HTTP/1.1\r\nHost: localhost\r\nX-Distill: 1\r\n"
        b"Content-Length: 1000000000\r\n\r\n"
    )
    assert raw(port, head).split(b" ")[1] == b"401"


def test_a_slow_body_is_left(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BODY_S", 0.2)
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nX-Distill: 1\r\n"
    assert raw(port, head + b"Content-Length: 9\r\n\r\n{").split(b" ")[1] == b"408"
    long = head + b"Content-Length: 1000000000\r\n\r\n"
    assert raw(port, long).split(b" ")[1] == b"413"


def test_open_sockets_and_slow_heads_stop_nobody(port: int) -> None:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127" if number % 2 else b"")
        url = f"http://127.0.0.1:{port}/api/v1/session"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(url, timeout=WAIT_S)
    finally:
        for connection in connections:
            connection.close()


def test_the_next_free_port_is_taken() -> None:
    with closing(server._listen("127.0.0.1", 0)) as first:
        taken = first.getsockname()[1]
        with closing(server._listen("127.0.0.1", taken)) as second:
            assert taken < second.getsockname()[1] <= taken + server.PORTS


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_server_imports_no_torch_and_stays_small() -> None:
    output = subprocess.run(
        [sys.executable, "-c", CODE], check=True, capture_output=True, text=True
    ).stdout
    heavy, megabytes = json.loads(output)
    assert heavy == []
    assert megabytes < MOST_MEGABYTES


def test_one_server_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(tmp_path / "studio")
    assert running_server(workspace) is None
    monkeypatch.setattr(server, "create_app", _without_player)
    started: list[Address] = []
    servers: list[uvicorn.Server] = []
    monkeypatch.setattr(server, "_Server", _kept(servers))
    thread = threading.Thread(
        target=run_server,
        args=(workspace,),
        kwargs={"port": 0, "on_start": started.append},
    )
    thread.start()
    end = time.monotonic() + WAIT_S
    while not started and time.monotonic() < end:
        time.sleep(0.02)
    running = running_server(workspace)
    assert running == started[0]
    with pytest.raises(UsageError, match="runs already"):
        run_server(workspace)
    link = running.link(workspace, "/sounds/a")
    place, _, code = link.partition("#code=")
    assert place == f"{running.url}/sounds/a"
    request = urllib.request.Request(
        f"{running.url}/api/v1/session",
        json.dumps({"code": code}).encode(),
        {"X-Distill": "1", "Origin": running.url},
    )
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        assert "HttpOnly" in answer.headers["Set-Cookie"]
    servers[0].should_exit = True
    thread.join(WAIT_S)
    assert running_server(workspace) is None
    assert not (workspace.hidden / "server.json").exists()


def _without_player(*args: object) -> Gate:
    return create_app(*args, starts_player=False)  # type: ignore[arg-type]


def _kept(servers: list[uvicorn.Server]) -> type:
    class Kept(server._Server):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            servers.append(self)

    return Kept


def test_a_server_that_just_starts_has_no_address_yet(workspace: Workspace) -> None:
    lock = take_lock(workspace.hidden / "server.lock")
    assert lock is not None
    with pytest.raises(UsageError, match="just starting"):
        running_server(workspace)
    lock.release()


def test_looks_for_a_server_keep_none_from_starting(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "create_app", _without_player)
    servers: list[uvicorn.Server] = []
    monkeypatch.setattr(server, "_Server", _kept(servers))
    (workspace.hidden / "server.json").write_text('{"version": 1, "url": "http://127.0.0.1:1"}')
    # As others hold it that look whether a server runs.
    lock = FileLock(workspace.hidden / "server.lock", thread_local=False)
    lock.acquire()
    started: list[Address] = []
    thread = threading.Thread(
        target=run_server, args=(workspace,), kwargs={"port": 0, "on_start": started.append}
    )
    thread.start()
    time.sleep(0.1)
    lock.release()
    end = time.monotonic() + WAIT_S
    while not started and time.monotonic() < end:
        # It may be just starting.
        with suppress(UsageError):
            running = running_server(workspace)
            assert running is None or running.url != "http://127.0.0.1:1"
    assert running_server(workspace) == started[0]
    servers[0].should_exit = True
    thread.join(WAIT_S)


def test_small_answers_are_sent_at_once() -> None:
    async def accept() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = server._listen("127.0.0.1", 0)
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            delays = await found
            writer.close()
        return delays

    assert asyncio.run(accept()) != 0
