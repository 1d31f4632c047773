"""The page in Firefox and in WebKit: it loads, plays files and new sound, and edits codes.

`make test-browsers` runs these; a browser that is not there is a failure then.
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from distill.library.workspace import open_workspace
from tests.page import engines
from tests.page.conftest import Studio, serve
from tests.page.engines import Engine
from tests.page.waiting import until

pytestmark = [
    pytest.mark.other_browsers,
    # Selenium warns of its own class for WebKitGTK.
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]

WATCH = """
window.faults = [];
addEventListener("error", (event) => faults.push(event.message));
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
console.error = (...all) => faults.push(all.join(" "));
"""

ASK = """
const answer = await fetch("/api/v1%s", {
  method: "%s", body: %s, headers: { "X-Distill": "1", "Content-Type": "application/json" },
});
return answer.json();
"""


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, corpus_dir: Path
) -> Iterator[Studio]:
    """A server whose corpus has a WAV file and a FLAC file."""
    folder = tmp_path_factory.mktemp("browsers")
    (folder / "plucks").mkdir()
    for path, ending in zip(sorted(corpus_dir.rglob("*.wav")), ["wav", "flac"], strict=False):
        sound, rate = sf.read(path)
        sf.write(folder / "plucks" / f"pluck.{ending}", sound, rate)
    workspace = open_workspace(folder / "studio")
    workspace.models.mkdir()
    shutil.copyfile(trained, workspace.models / "plucks.sda")
    with engines.silent_speaker(), serve(workspace, str(folder / "plucks")) as (url, process):
        corpus = next((workspace.hidden / "corpora").glob("plucks-*")).stem
        yield Studio(workspace=workspace, url=url, corpus=corpus, process=process)


@pytest.fixture(scope="module", params=[engines.firefox, engines.webkit], ids=lambda f: f.__name__)
def engine(request: pytest.FixtureRequest, studio: Studio) -> Iterator[Engine]:
    """A browser that has logged in, at the sounds of the corpus."""
    start: Any = request.param
    opened: AbstractContextManager[Engine] = start()
    with opened as engine:
        engine.open(studio.link(f"/sounds/{studio.corpus}"))
        engine.run(WATCH)
        yield engine
        assert engine.run("return faults") == []


def ask(engine: Engine, method: str, path: str, body: str = "undefined") -> Any:
    """The answer of the server to a request of the page."""
    return engine.run(ASK % (path, method, body))


def text(engine: Engine, selector: str) -> str:
    """All text of the elements that a selector finds."""
    script = f"return [...document.querySelectorAll('{selector}')].map((e) => e.textContent).join()"
    return str(engine.run(script))


def click(engine: Engine, selector: str, name: str = "") -> None:
    """Click on an element as soon as it is there."""
    script = f"""
    const found = [...document.querySelectorAll("{selector}")];
    const element = found.find((each) => each.textContent.includes("{name}"));
    element?.click();
    return Boolean(element);
    """
    until(lambda: engine.run(script), f"{selector} {name}")


def test_a_wav_and_a_flac_file_play(engine: Engine) -> None:
    # Files can be heard once the first scan has measured them.
    scanned = "return document.querySelectorAll('[role=row] canvas').length === 2"
    until(lambda: engine.run(scanned), "the list")
    for name in ("pluck.flac", "pluck.wav"):
        engine.press("ArrowDown")
        until(lambda name=name: text(engine, ".dock-title") == name, name)  # type: ignore[misc]
        until(lambda: not text(engine, ".dock-time").startswith("0:00.0 "), "time that passes")


def test_new_sound_plays_as_it_is_drawn(engine: Engine) -> None:
    click(engine, "header a", "Make")
    until(lambda: "plucks" in text(engine, "main"), "the model")
    click(engine, "main button", "Play new sound")
    until(lambda: "As it is drawn" in text(engine, "main"), "sound without end")
    click(engine, "main button", "Stop")


def test_codes_are_selected_and_edited(engine: Engine, studio: Studio) -> None:
    corpus = ask(engine, "GET", f"/corpora/{studio.corpus}")
    digest = corpus["listing"]["files"][0]["hash"]
    body = f'JSON.stringify({{kind: "sound", id: "{digest}", model: "plucks"}})'
    document = ask(engine, "POST", "/documents", body)["id"]
    click(engine, "header a", "Codes")
    click(engine, "main a", "pluck")
    box = until(
        lambda: engine.run(
            "const box = document.querySelector('.code-grid')?.getBoundingClientRect();"
            "return box && [box.x, box.y, box.width, box.height]"
        ),
        "the grid",
    )
    x, y, width, height = map(int, box)
    engine.drag((x + width // 4, y + 5), (x + width // 2, y + height - 5))
    until(
        lambda: engine.run(
            "return document.querySelectorAll('[role=gridcell][aria-selected=true]').length"
        ),
        "cells",
    )
    click(engine, ".selection-panel button", "reverse")
    until(lambda: ask(engine, "GET", f"/documents/{document}")["rev"] == 1, "the edit")
