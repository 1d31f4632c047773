"""A browser, and the page of a real server whose workspace holds a small real model.

Chromium is that of the system: set `DISTILL_CHROMIUM` to its path where it is elsewhere. Without
it these tests are skipped; with the variable set, a browser that does not start is a failure.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from distill.errors import UsageError
from distill.library.workspace import Workspace, open_workspace
from distill.ui.server import Address, running_server
from tests.page.asking import Server
from tests.page.speaker import tap
from tests.page.waiting import WAIT_S, until

expect.set_options(timeout=WAIT_S * 1000)

# `make test-browsers` installs it.
collect_ignore = [] if find_spec("selenium") else ["test_other_browsers.py"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names that Chromium has on the systems that people use."""

SIZE = {"width": 1280, "height": 800}
"""Pixels of a small laptop."""

FAULTS = ("error", "warning")
"""Kinds of messages on the console of the browser that no page may cause."""


class Studio(NamedTuple):
    """A running server and its workspace."""

    workspace: Workspace
    url: str
    corpus: str
    """Id of its corpus, `plucks`."""
    process: "subprocess.Popen[bytes]"

    def link(self, place: str = "") -> str:
        """A link that logs a browser in."""
        return Address(url=self.url).link(self.workspace, place)


DISTILL = [sys.executable, "-m", "distill"]


@contextmanager
def serve(workspace: Workspace, *arguments: str) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """The address of a server of a workspace, and its process; both end with the block."""
    command = [*DISTILL, "ui", *arguments, "--no-browser", "--port", "0", "--workspace"]
    cache = workspace.root.with_name("cache")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "DISTILL_CACHE": str(cache)}
    process = subprocess.Popen(
        [*command, str(workspace.root)],
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        yield _address(workspace, process), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)


def _address(workspace: Workspace, process: "subprocess.Popen[bytes]") -> str:
    """The address of a server, once it listens."""

    def url() -> str | None:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with suppress(UsageError):
            if address := running_server(workspace):
                return address.url
        return None

    return str(until(url, "the server listens"))


def chromium_path() -> str | None:
    """The Chromium of this machine; None where there is none."""
    return os.environ.get("DISTILL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for each file of tests: those of other files may need a loop of their own."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium here (DISTILL_CHROMIUM names one)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, corpus_dir: Path
) -> Iterator[Studio]:
    """A server whose workspace has the corpus of eight plucks and a model of them."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(corpus_dir, folder / "plucks")
    workspace = open_workspace(folder / "studio")
    workspace.models.mkdir()
    shutil.copyfile(trained, workspace.models / "plucks.sda")
    with serve(workspace, str(folder / "plucks")) as (url, process):
        corpus = next((workspace.hidden / "corpora").glob("plucks-*")).stem
        yield Studio(workspace=workspace, url=url, corpus=corpus, process=process)


@pytest.fixture(scope="module")
def login(chromium: Browser, studio: Studio) -> Any:
    """Cookies of a browser that has logged in by the link of the command."""
    context = chromium.new_context()
    context.set_default_timeout(WAIT_S * 1000)
    page = context.new_page()
    page.goto(studio.link())
    page.get_by_role("navigation", name="Screens").wait_for()
    state = context.storage_state()
    context.close()
    return state


OpenTab = Callable[..., Page]


@pytest.fixture
def context(
    chromium: Browser, login: Any, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A browser that has logged in; `@pytest.mark.parametrize` may give it other options."""
    options = {"viewport": SIZE, "reduced_motion": "no-preference"} | getattr(request, "param", {})
    context = chromium.new_context(storage_state=login, accept_downloads=True, **options)
    context.set_default_timeout(WAIT_S * 1000)
    if "bypass_csp" in options:
        tap(context)
    yield context
    context.close()


@pytest.fixture
def server(context: BrowserContext, studio: Studio) -> Server:
    """The server, for what a test does beside the page."""
    return Server(context, studio.url)


@pytest.fixture
def faults() -> list[str]:
    """Errors of the pages of a test; a test that expects one takes it out."""
    return []


@pytest.fixture
def open_tab(context: BrowserContext, studio: Studio, faults: list[str]) -> Iterator[OpenTab]:
    """A function that opens a place of the page in a new tab.

    In the end no tab may have had an error, nor have asked anything of another server.
    """
    foreign: list[str] = []

    def look(url: str) -> None:
        if not url.startswith((studio.url, "blob:", "data:", studio.url.replace("http", "ws"))):
            foreign.append(url)

    def open_place(place: str = "/") -> Page:
        page = context.new_page()
        page.on("request", lambda request: look(request.url))
        page.on("websocket", lambda socket: look(socket.url))
        page.on("pageerror", lambda error: faults.append(f"{place}: {error}"))
        page.on("console", lambda message: _note(message, faults))
        page.goto(studio.url + place)
        page.get_by_role("navigation", name="Screens").wait_for()
        return page

    yield open_place
    assert foreign == []
    assert faults == []


def _note(message: ConsoleMessage, faults: list[str]) -> None:
    if message.type in FAULTS:
        faults.append(f"{message.text} {message.location.get('url', '')}")


@pytest.fixture
def page(open_tab: OpenTab, studio: Studio) -> Page:
    """A tab at the sounds of the corpus."""
    return open_tab(f"/sounds/{studio.corpus}")
