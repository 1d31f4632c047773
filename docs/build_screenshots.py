"""Write docs/page/*.webp, every screen of the page in both themes.

    python docs/build_screenshots.py FOLDER [--model MODEL.sda] [--minutes 1] [--out docs/page]

It copies the folder of sounds into a new workspace, trains a small model on it, makes sounds, codes
and a comparison, and looks at each screen with the Chromium of the system (`DISTILL_CHROMIUM` names
another). A trained model of the same sounds makes the pictures of Make and Library better.
"""

import argparse
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from distill.errors import UsageError
from distill.library.workspace import Workspace, open_workspace
from distill.ui.server import Address, running_server

PAGES = Path(__file__).with_name("page")

SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 400, "height": 800}
"""Pixels of the windows."""

QUALITY = 82
"""Of the WebP files: text stays sharp at about 40 kB."""

WAIT_S = 900.0
"""Seconds after which the script gives up on what it waits for."""

TAKES: list[tuple[str, dict[str, Any]]] = [
    ("slow bells", {"duration": 8.0, "nearness": 0.2}),
    ("", {"duration": 4.0}),
    ("for the bridge", {"duration": 6.0, "brightness": 70.0}),
    ("", {"duration": 8.0, "temperature": 1.1}),
    ("quiet one", {"duration": 5.0, "loudness": 30.0}),
    ("opening", {"duration": 8.0}),
]
"""Names and settings of the sounds that are made, the last of them first in lists."""

SCRIPT = (
    "reverse --from 30f --to 54f --levels 1-2",
    "repeat --times 2 --from 60f --to 72f",
    "lock --from 90f --to 120f --levels 1-3",
)
"""Edits of the document."""


def main() -> None:
    arguments = parse()
    with home(arguments.at) as folder:
        sounds = folder / arguments.sounds.name
        shutil.copytree(arguments.sounds, sounds)
        workspace = open_workspace(folder / "Distill")
        if arguments.model:
            workspace.models.mkdir(exist_ok=True)
            shutil.copyfile(arguments.model, workspace.models / f"{sounds.name}.sda")
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "distill",
                "ui",
                str(sounds),
                "--no-browser",
                "--port",
                "0",
                "--workspace",
                str(workspace.root),
            ],
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(folder)},
        )
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium_path(),
                    args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
                )
                Studio(browser, workspace, arguments).shoot_all()
        finally:
            server.terminate()
            server.wait()


@contextmanager
def home(path: Path | None) -> Iterator[Path]:
    """A new folder that is deleted afterwards: pictures show its name."""
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sounds", type=Path, help="folder of sounds")
    parser.add_argument("--model", type=Path, help="model of these sounds that can generate")
    parser.add_argument("--minutes", type=float, default=1.0, help="minutes of training")
    parser.add_argument("--at", type=Path, help="new folder to work in, which the pictures show")
    parser.add_argument("--out", type=Path, default=PAGES)
    return parser.parse_args()


def chromium_path() -> str | None:
    """The Chromium of the system."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("DISTILL_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def until(value: Callable[[], Any]) -> Any:
    """The first value of a function that counts as true."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        with suppress(UsageError):
            if found := value():
                return found
        time.sleep(0.3)
    raise SystemExit(f"Nothing came within {WAIT_S:.0f} s.")


class Screen(NamedTuple):
    """A picture to take: its name, its place, and what is done there before."""

    name: str
    place: str
    act: Callable[[Page], None] = lambda page: None


class Studio:
    """A logged-in browser, and what the workspace is filled with."""

    def __init__(
        self, browser: Browser, workspace: Workspace, arguments: argparse.Namespace
    ) -> None:
        self.arguments = arguments
        address: Address = until(lambda: running_server(workspace))
        self.url = address.url
        self.page = browser.new_page(viewport=SIZE)
        self.page.goto(address.link(workspace))
        self.page.get_by_role("navigation", name="Screens").wait_for()

    # --- the workspace ----------------------------------------------------------------------------

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer of the server."""
        answer = self.page.request.fetch(
            f"{self.url}/api/v1{path}",
            method=verb,
            headers={"X-Distill": "1", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body),
        )
        if not answer.ok:
            raise SystemExit(f"{verb} {path}: {answer.text()}")
        return answer.json()

    def train(self, corpus: str) -> str:
        """A training that runs; its id."""
        order = {
            "kind": "train",
            "corpus": corpus,
            "settings": {"minutes": self.arguments.minutes},
            # Its best epochs are heard on the screen of the training.
            "prior": {"minutes": self.arguments.minutes},
        }
        return str(self.ask("POST", "/jobs", order)["id"])

    def model(self) -> Any:
        """The first model that can generate, once there is one."""
        models = self.ask("GET", "/models")["models"]
        return next((model for model in models if model["has_prior"]), None)

    def make_takes(self, model: str) -> list[Any]:
        """Renders of `TAKES`, some with names and stars, the latest first."""
        for seed, (name, settings) in enumerate(TAKES, 1):
            body = {"model": model, "seed": seed, "settings": settings}
            self.ask("POST", "/takes", body)
            lines = until(lambda seed=seed: self.renders(seed))
            if name:
                render = f"/renders/{lines[0]['id']}"
                self.ask("PATCH", render, {"name": name, "starred": seed % 2 == 0})
        return self.renders(len(TAKES))

    def renders(self, count: int) -> list[Any]:
        lines = self.ask("GET", "/renders")["renders"]
        return list(lines) if len(lines) >= count else []

    def edit(self, render: str) -> str:
        """A document with edits; its id."""
        document = str(self.ask("POST", "/documents", {"kind": "render", "id": render})["id"])
        self.ask("POST", f"/documents/{document}/edits", {"rev": 0, "lines": list(SCRIPT)})
        return document

    def compare(self, renders: list[Any], name: str, votes: int) -> str:
        """A blind test of pairs of renders with some votes; its id."""
        sides = [{"kind": "render", "id": line["id"]} for line in renders]
        pairs = [{"first": one, "second": two} for one, two in itertools.pairwise(sides)]
        body = {"pairs": pairs, "sides": ["version 1", "version 2"], "seed": 3, "name": name}
        earlier = {each["id"] for each in self.ask("GET", "/comparisons")["comparisons"]}
        self.ask("POST", "/comparisons/sounds", body)

        def new() -> Any:
            made = self.ask("GET", "/comparisons")["comparisons"]
            return next((each["id"] for each in made if each["id"] not in earlier), None)

        comparison = str(until(new))
        for number in range(1, votes + 1):
            vote = {"pair": number, "choice": ("x", "y", "same")[number % 3], "why": ""}
            self.ask("POST", f"/comparisons/{comparison}/votes", vote)
        return comparison

    # --- the pictures -----------------------------------------------------------------------------

    def shoot_all(self) -> None:
        corpus = self.ask("GET", "/corpora")["corpora"][0]["id"]
        self.page.goto(f"{self.url}/sounds/{corpus}")
        until(lambda: (self.ask("GET", f"/corpora/{corpus}")["listing"] or {}).get("total_s"))
        self.shoot(Screen("sounds", f"/sounds/{corpus}", third_row))
        job = self.train(corpus)
        # Takes come before the training is looked at: by then it has something to show.
        if self.arguments.model is None:
            until(lambda: self.is_done(job))
        model = until(self.model)["id"]
        self.ask("PATCH", f"/models/{model}", {"name": self.arguments.sounds.name})
        self.shoot_model(model)
        until(lambda: self.has_preview(job))
        self.shoot(Screen("train", f"/train/{job}"))
        until(lambda: self.is_done(job))
        self.shoot(Screen("train-end", f"/train/{job}"), Screen("models", "/library?show=models"))

    def shoot_model(self, model: str) -> None:
        """The screens that take a model that can generate."""
        renders = self.make_takes(model)
        document = self.edit(renders[0]["id"])
        self.end(self.compare(renders[:4], "bells, version 1 against 2", 3))
        blind = self.compare(renders, "loops, version 1 against 2", 2)
        make = Screen("make", f"/make/{model}?take={renders[0]['id']}", third_row)
        self.shoot(
            make,
            Screen("codes", f"/codes/{document}?region=30,54,0,2", play_region),
            Screen("library", f"/library?render={renders[1]['id']}", third_row),
            Screen("compare", "/compare"),
            Screen("blind", f"/compare/{blind}"),
        )
        self.page.set_viewport_size(PHONE)
        self.shoot(make._replace(name="make-narrow"), themes=("dark",))
        self.page.set_viewport_size(SIZE)

    def end(self, comparison: str) -> None:
        self.ask("POST", f"/comparisons/{comparison}/end")

    def is_done(self, job: str) -> bool:
        state = self.ask("GET", f"/jobs/{job}")["job"]["state"]
        if state not in ("waiting", "running", "done"):
            raise SystemExit(f"The training ended as {state}.")
        return bool(state == "done")

    def has_preview(self, job: str) -> bool:
        return bool(self.ask("GET", f"/jobs/{job}")["previews"])

    def shoot(self, *screens: Screen, themes: tuple[str, ...] = ("dark", "light")) -> None:
        self.arguments.out.mkdir(exist_ok=True)
        for screen in screens:
            for theme in themes:
                self.page.emulate_media(color_scheme="light" if theme == "light" else "dark")
                self.page.goto(self.url + screen.place)
                self.page.wait_for_load_state("networkidle")
                screen.act(self.page)
                self.page.wait_for_load_state("networkidle")
                # What is painted on canvases has no event of its own.
                self.page.wait_for_timeout(1500)
                picture = Image.open(io.BytesIO(self.page.screenshot()))
                path = self.arguments.out / f"{screen.name}-{theme}.webp"
                picture.save(path, quality=QUALITY, method=6)
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB", file=sys.stderr)


def third_row(page: Page) -> None:
    """Play the third row of the list."""
    page.get_by_role("row").nth(3).click()


def play_region(page: Page) -> None:
    """Play the region that is selected."""
    page.get_by_role("button", name="region").click()


if __name__ == "__main__":
    main()
