"""Trouble: a server that is killed, a full disk, many files at once, names that are scripts."""

import hashlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import BrowserContext, Page, expect

from distill.library import jobs
from distill.library.corpora import load_corpus
from distill.library.models import list_models
from distill.library.render_table import RenderQuery
from distill.library.renders import find_renders
from distill.library.workspace import Workspace, open_workspace
from distill.settings import SAMPLE_RATE
from distill.ui.server import Address
from tests.page.conftest import OpenTab, Studio, serve
from tests.page.trainings import expect_state, steps_of
from tests.page.waiting import until

SCRIPT = "<img src=x onerror=window.ran=1>.wav"
"""A name that would run if it became a part of a page."""

MANY = 500
"""Files of a drop."""

DISK_BYTES = 48 << 20
"""Size of a small disk."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_training_ends_by_itself_when_the_server_is_killed(
    context: BrowserContext, tmp_path: Path, corpus_dir: Path, tiny: dict[str, Any]
) -> None:
    workspace = open_workspace(tmp_path / "studio")
    with serve(workspace, str(corpus_dir)) as (url, process):
        settings = {"steps": 40, **tiny}
        job = jobs.start(workspace, "train", sounds=corpus_dir, settings=settings)
        page = open_page(context, workspace, url, f"/train/{job.id}")
        expect(page.get_by_role("heading", name=job.title)).to_be_visible()
        process.kill()
        process.wait()
        expect(page.get_by_text("The connection to Distill is lost")).to_be_visible()
    # Nobody watches; the next server finds what came of it.
    until(lambda: not jobs.get(workspace, job.id).state.is_alive, "the end of the training")
    with serve(workspace) as (url, _):
        page = open_page(context, workspace, url, f"/train/{job.id}")
        expect_state(page, "done")
        done = jobs.get(workspace, job.id)
        expect(page.locator(".verdict-sentence")).to_have_text(done.sentence)
        expect(page.locator(".training-curves canvas").first).to_be_visible()
    assert steps_of(workspace, job) == 40


def open_page(context: BrowserContext, workspace: Workspace, url: str, place: str) -> Page:
    """A new tab that logs in at a server."""
    page = context.new_page()
    page.goto(Address(url=url).link(workspace, place))
    page.get_by_role("navigation", name="Screens").wait_for()
    return page


# --- many files -----------------------------------------------------------------------------------


def test_many_files_are_dropped_and_none_is_lost(
    context: BrowserContext, open_tab: OpenTab, studio: Studio, tmp_path: Path
) -> None:
    folder = tmp_path / "takes"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in (*(f"take {number:03}.wav" for number in range(MANY - 2)), SCRIPT):
        sf.write(folder / name, chord(rng), SAMPLE_RATE)
    (folder / "broken.wav").write_bytes(b"RIFF" + bytes(40))
    answer = context.request.post(
        f"{studio.url}/api/v1/corpora", data={"name": "dropped"}, headers={"X-Distill": "1"}
    )
    corpus = answer.json()["id"]
    page = open_tab(f"/sounds/{corpus}")
    page.get_by_role("button", name="Scan again").wait_for()
    drop(page, sorted(folder.iterdir()))
    expect(page.locator(".head-facts")).to_contain_text(f"{MANY} files")
    expect(page.locator(".verdict")).to_be_visible()
    sounds = page.get_by_role("grid", name="Sounds")
    expect(sounds).to_have_attribute("aria-rowcount", str(MANY + 1))
    expect(page.get_by_text(f"{MANY - 1} used · 1 skipped")).to_be_visible()
    on_disk = load_corpus(studio.workspace, corpus).folder
    assert len(list(on_disk.iterdir())) == MANY
    # A name is text, also one that is on the disk already as the musician had it.
    shutil.copyfile(folder / "take 001.wav", on_disk / SCRIPT)
    page.reload()
    search = page.get_by_role("searchbox")
    search.fill("onerror")
    row = page.locator(".sound-row").filter(has_text=SCRIPT)
    expect(row).to_have_count(1)
    expect(page.locator(".sound-row")).to_have_count(2)
    search.fill("broken")
    expect(page.locator(".sound-row")).to_have_count(1)
    expect(page.locator(".sound-row .remarks")).not_to_have_text("ok")
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src=x]").count() == 0


def chord(rng: np.random.Generator) -> np.ndarray:
    """A short sound that is like no other: sounds that are alike are compared at length."""
    seconds = np.arange(SAMPLE_RATE // 20) / SAMPLE_RATE
    tones = np.sin(2 * np.pi * np.outer(rng.uniform(100, 8000, 3), seconds))
    return 0.1 * rng.uniform(0, 1, 3) @ tones


def drop(page: Page, files: list[Path]) -> None:
    """Drop files on the page as a file manager does."""
    session = page.context.new_cdp_session(page)
    data = {
        "items": [],
        "files": [str(path) for path in files],
        "dragOperationsMask": 1,
    }
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"type": kind, "x": 400, "y": 300, "data": data}
        session.send("Input.dispatchDragEvent", place)


# --- a full disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of some megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={DISK_BYTES}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_said_and_what_was_there_stays_whole(
    context: BrowserContext, small_disk: Path, trained: Path, corpus_dir: Path, tiny: dict[str, Any]
) -> None:
    workspace = open_workspace(small_disk)
    workspace.models.mkdir()
    model = workspace.models / "plucks.sda"
    shutil.copyfile(trained, model)
    with serve(workspace, str(corpus_dir)) as (url, _):
        (entry,) = list_models(workspace).models
        page = open_page(context, workspace, url, f"/make/{entry.id}")
        page.get_by_role("spinbutton", name="length").fill("1")
        page.get_by_role("button", name="Make a take").click()
        takes = page.get_by_role("grid", name="Takes").locator(".take-row")
        expect(takes).to_have_count(1)
        expect(page.get_by_text("are free on the disk of the workspace")).to_be_visible()
        before = {path: digest(path) for path in whole_files(workspace)}
        assert len(before) >= 2
        filler = small_disk / "filler"
        fill(filler)
        page.get_by_role("button", name="Make a take").click()
        sentence = page.locator(".toast-bad").filter(has_text="No space left on device")
        expect(sentence).to_have_count(1)
        page.get_by_role("link", name="Train", exact=True).click()
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.locator("form [role=alert]")).to_contain_text("No space left on device")
        assert {path: digest(path) for path in whole_files(workspace)} == before
        filler.unlink()
        # The page is as usable as before.
        page.get_by_role("link", name="Make", exact=True).click()
        page.get_by_role("button", name="Make a take").click()
        expect(takes).to_have_count(2)
        assert len(find_renders(workspace, RenderQuery()).rows) == 2


def whole_files(workspace: Workspace) -> list[Path]:
    """Models and sounds of a workspace."""
    endings = (".sda", ".wav")
    return [path for path in workspace.root.rglob("*") if path.suffix in endings]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fill(filler: Path) -> None:
    """Write until nothing fits on the disk any more."""
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
