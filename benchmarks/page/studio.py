"""A workspace, its server as a process, and a browser that has logged in."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import distill
from distill.errors import UsageError
from distill.library.documents import create_document
from distill.library.workspace import Workspace, open_workspace
from distill.ui.server import running_server

SIZE = {"width": 1280, "height": 800}
"""Pixels of a small laptop."""

WAIT_S = 180.0
"""Seconds after which a step counts as hanging."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        workspace: Its workspace.
        url: Its address.
        start_s: Seconds from the command to its first answer.
        megabytes: Resident memory of its process at that moment, in MB.
    """

    workspace: Workspace
    url: str
    start_s: float
    megabytes: float


@contextmanager
def serve(workspace: Workspace, sounds: Path) -> Iterator[Server]:
    """Run `distill ui` until the block ends."""
    command = [sys.executable, "-m", "distill", "ui", str(sounds), "--no-browser", "--port", "0"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workspace", str(workspace.root)],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        url = _wait_for(workspace, process)
        start_s = time.perf_counter() - began
        yield Server(
            workspace=workspace,
            url=url,
            start_s=start_s,
            megabytes=_megabytes(process.pid),
        )
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)


def _wait_for(workspace: Workspace, process: "subprocess.Popen[bytes]") -> str:
    """The address of a server, once it answers."""
    while process.poll() is None:
        with suppress(UsageError):
            if address := running_server(workspace):
                return address.url
        time.sleep(0.01)
    raise RuntimeError(f"the server ended with {process.returncode}")


def _megabytes(pid: int) -> float:
    """Resident memory of a process, in MB; NaN where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return float("nan")
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) * 1024 / 1e6


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of the system (`DISTILL_CHROMIUM`), without a window."""
    path = os.environ.get("DISTILL_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--autoplay-policy=no-user-gesture-required",
                "--enable-precise-memory-info",
            ],
        )
        yield browser
        browser.close()


def login(browser: Browser, server: Server) -> Any:
    """Cookies of a browser that has logged in."""
    context = browser.new_context()
    page = context.new_page()
    address = running_server(server.workspace)
    assert address is not None
    page.goto(address.link(server.workspace))
    page.get_by_role("navigation", name="Screens").wait_for()
    state = context.storage_state()
    context.close()
    return state


def open_tab(browser: Browser, state: Any, url: str) -> Page:
    """A tab of a browser whose cache is empty."""
    context = browser.new_context(
        storage_state=state,
        viewport=SIZE,  # type: ignore[arg-type]
        # The policy of the page allows no script of a measurement.
        bypass_csp=True,
    )
    context.set_default_timeout(WAIT_S * 1000)
    page = context.new_page()
    page.goto(url)
    return page


def make_workspace(folder: Path, model: Path) -> Workspace:
    """A workspace that holds a copy of a model."""
    workspace = open_workspace(folder / "studio")
    workspace.models.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, workspace.models / model.name)
    return workspace


def make_document(workspace: Workspace, model: Path, sound: Path, seconds: float) -> str:
    """Id of a document that repeats the codes of a sound until it has a length."""
    grid = distill.encode(distill.load(model), sound)
    frames = round(seconds * grid.frame_rate)
    longer = replace(
        grid,
        codes=np.resize(grid.codes, (frames, grid.codes.shape[1])),
        n_samples=round(frames * grid.sample_rate / grid.frame_rate),
        locked=None,
    )
    return create_document(workspace, longer, f"{seconds:.0f} s").id
