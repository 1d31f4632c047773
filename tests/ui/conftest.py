"""A server of a small workspace, and a browser that has logged in to it.

Each module has one server: a workspace is made and synced to disk once.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from starlette.testclient import TestClient

from distill.library.workspace import Workspace, open_workspace
from distill.settings import SAMPLE_RATE
from distill.ui.app import create_app, create_context
from distill.ui.context import Context

URL = "http://127.0.0.1:8765"
WS = "ws://127.0.0.1:8765/api/v1"
OWN = {"X-Distill": "1"}


@pytest.fixture(scope="module", autouse=True)
def _no_network() -> Iterator[None]:
    """Nothing goes out: a socket to anywhere but this machine is an error."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        place = address[0] if isinstance(address, tuple) else ""
        assert place in ("", "127.0.0.1", "::1"), f"a connection to {address}"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked)
        yield


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("ui") / "studio")


@pytest.fixture(scope="module")
def context(workspace: Workspace) -> Iterator[Context]:
    context = create_context(workspace)
    yield context
    context.player.close()


@pytest.fixture(scope="module")
def browser(context: Context, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    static = tmp_path_factory.mktemp("static")
    (static / "index.html").write_text('<style nonce="{{nonce}}"></style>')
    (static / "app.js").write_text("let a = 1;" * 100)
    app = create_app(context, ["studio.local"], static, starts_player=False)
    # Entered: all requests and WebSockets run in one loop, with the watch of the workspace.
    with TestClient(app, base_url=URL, headers=OWN) as client:
        yield client


@pytest.fixture
def stranger(browser: TestClient) -> TestClient:
    """A browser that has not logged in."""
    browser.cookies.clear()
    return browser


@pytest.fixture
def client(context: Context, browser: TestClient) -> TestClient:
    """A browser that has logged in."""
    secret = context.secret
    browser.cookies.clear()
    browser.cookies.set(secret.cookie_name, secret.make_cookie(time.time()))
    return browser


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder of three tones, one in a folder and one in AIFF."""
    folder = tmp_path / "voices"
    (folder / "low").mkdir(parents=True)
    for number, name in enumerate(["a.wav", "low/b.wav", "c.aiff"], 1):
        t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
        sf.write(folder / name, 0.3 * np.sin(2 * np.pi * 200 * number * t), SAMPLE_RATE)
    return folder
