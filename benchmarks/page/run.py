"""The page against its budgets: first view, grid, edits, sound, lists, events, memory.

    python -m benchmarks.page.run MODEL SOUNDS

Serves a workspace with a copy of MODEL (with a prior), SOUNDS as its corpus, 2,000 records of
renders, and two documents of 60 s and an hour. Drives the page in the Chromium of the system, whose
graphics are drawn by software. Needs `pip install -e '.[dev]'`. Takes about 4 minutes.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.common import Bound, parser_of, run_main
from benchmarks.library.listing import fill_renders
from benchmarks.page import studio
from benchmarks.page.studio import Server

RENDERS = 2_000
"""Records of renders in the library."""

TIMES = 5
"""Times that each action is timed."""

MINUTE_S = 60.0
HOUR_S = 3600.0

ANSWER_S = Bound(1.5)
MEMORY_MB = Bound(60.0)
FIRST_PAINT_S = Bound(1.0)
USABLE_S = Bound(1.5)
REQUESTS = Bound(12)
FIRST_VIEW_KB = Bound(180.0)
SCRIPT_KB = Bound(120.0)
FRAMES_A_SECOND = Bound(58.0, is_upper=False)
GAP_MS = Bound(25.0)
EDIT_S = Bound(0.1)
REGION_S = Bound(0.3)
STREAM_S = Bound(1.2)
LIST_S = Bound(0.150)
WAVEFORM_S = Bound(0.3)
EVENT_S = Bound(0.25)
HEAP_MB = Bound(150.0)

FRAMES = """
async ([selector, kind]) => {
  const element = document.querySelector(selector);
  const box = element.getBoundingClientRect();
  const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true,
    cancelable: true, pointerId: 1, isPrimary: true, button: 0, buttons: 1 };
  const steps = {
    zoom: (n) => element.dispatchEvent(
      new WheelEvent("wheel", { ...at, deltaY: n % 90 < 45 ? -40 : 40 })),
    pan: (n) => element.dispatchEvent(
      new WheelEvent("wheel", { ...at, shiftKey: true, deltaY: n % 90 < 45 ? 40 : -40 })),
    drag: (n) => element.dispatchEvent(
      new PointerEvent("pointermove", { ...at, clientX: box.x + 50 + (n * 7) % (box.width - 60) })),
    scroll: (n) => { document.getElementById("screen").scrollTop = (n * 30) % 60_000; },
  };
  if (kind === "drag") element.dispatchEvent(new PointerEvent("pointerdown", at));
  const next = () => new Promise((done) => requestAnimationFrame(done));
  const gaps = [];
  const scripts = [];
  let last = await next();
  const end = last + 3000;
  for (let n = 0; last < end; n++) {
    const before = performance.now();
    steps[kind](n);
    scripts.push(performance.now() - before);
    const now = await next();
    gaps.push(now - last);
    last = now;
  }
  if (kind === "drag") element.dispatchEvent(new PointerEvent("pointerup", at));
  const p95 = (values) => [...values].sort((a, b) => a - b)[Math.floor(0.95 * values.length)];
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return [1000 / mean, p95(gaps), p95(scripts)];
}
"""

CHANGE = """
async ([act, holds]) => {
  const isTrue = new Function(`return ${holds}`);
  const began = performance.now();
  new Function(act)();
  while (!isTrue()) await new Promise((done) => requestAnimationFrame(done));
  return (performance.now() - began) / 1000;
}
"""


def show(title: str, value: float, unit: str, bound: Bound | None = None) -> None:
    """Print a figure beside its budget."""
    verdict = f" ({bound}: {bound.verdict(value)})" if bound else ""
    print(f"{title}: {value:.3g} {unit}{verdict}", flush=True)


def first_view(browser: Browser, state: Any, server: Server, place: str) -> None:
    """Time and weigh the first view of a browser that has nothing in its cache."""
    paints, ready, weights, scripts, counts = [], [], [], [], []
    for _ in range(TIMES):
        page = studio.open_tab(browser, state, "about:blank")
        page.goto(server.url + place, wait_until="commit")
        page.locator("[role=grid] [role=row]").nth(1).wait_for()
        ready.append(page.evaluate("performance.now()") / 1000)
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        paints.append(page.evaluate(paint) / 1000)
        entries = page.evaluate(
            "[...performance.getEntriesByType('navigation'), "
            "...performance.getEntriesByType('resource')].map((e) => [e.name, e.transferSize])"
        )
        own = [entry for entry in entries if "/peaks" not in entry[0]]
        counts.append(len(own))
        weights.append(sum(size for _, size in own) / 1e3)
        scripts.append(sum(size for name, size in own if name.endswith(".js")) / 1e3)
        page.context.close()
    show("first contentful paint", statistics.median(paints), "s", FIRST_PAINT_S)
    show("list of sounds there", statistics.median(ready), "s", USABLE_S)
    show("requests but thumbnails", statistics.median(counts), "", REQUESTS)
    show("first view but thumbnails", statistics.median(weights), "kB", FIRST_VIEW_KB)
    show("scripts", statistics.median(scripts), "kB", SCRIPT_KB)


def grid(page: Page, title: str) -> None:
    """Frames a second of the code grid while it is zoomed, moved and dragged on."""
    page.locator(".code-grid").wait_for()
    for kind in ("zoom", "pan", "drag"):
        frames, gap, script = page.evaluate(FRAMES, [".code-grid", kind])
        show(f"{title}, {kind}", frames, "frames a second", FRAMES_A_SECOND)
        show("  95th percentile of gaps", gap, "ms", GAP_MS)
        show("  95th percentile of the script", script, "ms")


def change(page: Page, act: str, holds: str) -> float:
    """Seconds from an action in a page until something holds there, looked at each frame."""
    return float(page.evaluate(CHANGE, [act, holds]))


def median_of(action: Callable[[], float], times: int = TIMES) -> float:
    """The median of an action's seconds, without the first, which warms up."""
    action()
    return statistics.median(action() for _ in range(times))


DRAWN = """
async (act) => {
  const canvas = document.querySelector(".code-grid canvas");
  const context = canvas.getContext("2d");
  // One line through the first level: enough, and quick to read.
  const pixels = () => context.getImageData(0, 5, canvas.width, 1).data.join();
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const first = pixels();
  const began = performance.now();
  new Function(act)();
  while (pixels() === first) await frame();
  return (performance.now() - began) / 1000;
}
"""
"""Seconds from an action until the cells of the grid have other colours."""


def edit(page: Page) -> None:
    """Time an edit of the whole document until its grid is drawn anew."""
    page.locator(".selection-panel").wait_for()
    button = "document.querySelector('.selection-panel [data-name=reverse]')"

    def reverse() -> float:
        page.wait_for_function(f"!{button}.disabled")
        return float(page.evaluate(DRAWN, f"{button}.click()"))

    show("edit of 60 s until it is drawn", median_of(reverse), "s", EDIT_S)


PLAYS = "document.querySelector('.dock .play').getAttribute('aria-label') === 'Stop'"
SOUNDS = f"{PLAYS} && !document.querySelector('.dock-time').textContent.startsWith('0:00.0 ')"


def region(page: Page) -> None:
    """Time a region of 40 frames from the key until it is heard."""
    starts = iter(range(40, 40 * (TIMES + 3), 40))

    def play() -> float:
        first = next(starts)
        page.evaluate(f"{PLAYS} && document.querySelector('.dock .play').click()")
        page.evaluate(
            "(from) => { history.replaceState(null, '', `?region=${from}-${from + 40}`);"
            " dispatchEvent(new PopStateEvent('popstate')); }",
            first,
        )
        return change(page, "document.querySelector('.selection-panel button').click()", SOUNDS)

    show("region until it is heard", median_of(play), "s", REGION_S)


def stream(page: Page) -> None:
    """Time new sound from the click until it is heard."""
    page.locator("main button", has_text="Play new sound").wait_for()
    find = "[...document.querySelectorAll('main button')].find((b) => b.textContent.includes('%s'))"
    heard = "document.querySelector('[aria-label=\"Sound without end\"]')"
    heard = f"{heard}?.textContent.includes('As it is drawn')"

    def listen() -> float:
        taken = change(page, f"{find % 'Play new sound'}.click()", heard)
        page.evaluate(f"{find % 'Stop'}.click()")
        page.wait_for_function(find % "Play new sound")
        return taken

    show("new sound, cold", listen(), "s")
    show("new sound, warm", median_of(listen), "s", STREAM_S)


def library(page: Page) -> None:
    """Time the list of renders, and its frames a second."""
    page.locator("[role=grid] [role=row]").nth(5).wait_for()

    def listing() -> float:
        script = (
            "async () => { const began = performance.now();"
            " await (await fetch('/api/v1/renders')).json();"
            " return (performance.now() - began) / 1000; }"
        )
        return float(page.evaluate(script))

    show(f"list of {RENDERS:,} renders", median_of(listing), "s", LIST_S)
    frames, gap, _ = page.evaluate(FRAMES, ["[role=grid]", "scroll"])
    show("scrolling it", frames, "frames a second", FRAMES_A_SECOND)
    show("  95th percentile of gaps", gap, "ms", GAP_MS)


def events(first: Page, second: Page) -> None:
    """Time a star until both tabs show it."""
    row = first.locator("[role=grid] [role=row]").nth(1)
    row.wait_for()
    second.locator("[role=grid] [role=row]").nth(1).wait_for()
    script = """
    () => {
      window.stars = [];
      const count = () => document.querySelectorAll("[role=grid] [aria-pressed=true]").length;
      let before = count();
      new MutationObserver(() => {
        if (count() !== before) stars.push(Date.now());
        before = count();
      }).observe(document.body, { subtree: true, attributes: true, childList: true });
    }
    """
    for page in (first, second):
        page.evaluate(script)
    stars = first.locator("[role=grid] [aria-pressed]")
    late = []
    for number in range(TIMES):
        began = stars.nth(number).evaluate(
            "(e) => { const now = Date.now(); e.click(); return now; }"
        )
        for page in (first, second):
            page.wait_for_function(f"stars.length > {number}")
            late.append(page.evaluate(f"stars[{number}]") - began)
    show("a star until both tabs have it, at most", max(late) / 1000, "s", EVENT_S)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path, help="model file with a prior")
    parser.add_argument("sounds", type=Path, help="folder of its sounds")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name, studio.chromium() as browser:
        workspace = studio.make_workspace(Path(name), options.model)
        fill_renders(workspace, RENDERS)
        sound = next(path for path in sorted(options.sounds.rglob("*")) if path.is_file())
        minute, hour = (
            studio.make_document(workspace, options.model, sound, seconds)
            for seconds in (MINUTE_S, HOUR_S)
        )
        with studio.serve(workspace, options.sounds) as server:
            show("first answer", server.start_s, "s", ANSWER_S)
            show("memory of the server", server.megabytes, "MB", MEMORY_MB)
            measure(browser, server, minute, hour)


def measure(browser: Browser, server: Server, minute: str, hour: str) -> None:
    """Drive the page through all its budgets."""
    state = studio.login(browser, server)
    corpora = server.workspace.hidden / "corpora"
    corpus = next(corpora.glob("*")).stem
    page = studio.open_tab(browser, state, f"{server.url}/sounds/{corpus}")
    # The first scan ends before anything is timed.
    page.wait_for_function("document.querySelectorAll('main progress').length === 0")
    page.context.close()
    first_view(browser, state, server, f"/sounds/{corpus}")
    page = studio.open_tab(browser, state, f"{server.url}/codes/{minute}")
    grid(page, "grid of 60 s, while its sound is decoded")
    page.locator(".curve-table").wait_for()
    grid(page, "grid of 60 s, with waveform, spectrum and curves")
    # Nothing is selected in a document just opened: an edit is one of the whole sound.
    page.goto(f"{server.url}/codes/{minute}")
    page.locator(".curve-table").wait_for()
    edit(page)
    region(page)
    page.goto(f"{server.url}/codes/{hour}")
    grid(page, "grid of an hour")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    show("heap with an hour open", heap, "MB", HEAP_MB)
    page.goto(f"{server.url}/make")
    stream(page)
    page.goto(f"{server.url}/library")
    library(page)
    # Both tabs show the first rows: the list was scrolled.
    page.goto(f"{server.url}/library")
    second = page.context.new_page()
    second.goto(f"{server.url}/library")
    events(page, second)


if __name__ == "__main__":
    run_main(main)
