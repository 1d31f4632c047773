"""Codes: the grid under the pointer and under keys, every operation, and undo."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from typer.testing import CliRunner

from distill.cli import app
from distill.inference.codes.file import load_codes
from distill.library.workspace import Workspace
from distill.models.levels import level_names
from distill.workflows.edit_lines import parse_line, split_line
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

LINES = {
    "reverse": "reverse --from 6f --to 16f --levels 2-3",
    "shuffle": "shuffle --block 0.1 --seed 3 --from 6f --to 16f --levels 2-3",
    "drift": "drift --amount 0.5 --seed 3 --steps 2 --from 6f --to 16f --levels 2-3",
    "clear": "clear --from 6f --to 16f --levels 2-3",
    "set": "set --code 5 --from 6f --to 16f --levels 2-3",
    "replace": "replace --old {code} --new 7 --from 6f --to 16f --levels 2-3",
    "repeat": "repeat --times 3 --from 6f --to 16f --levels 2-3",
    "stretch": "stretch --factor 1.5 --from 6f --to 16f --levels 2-3",
    "move": "move --at 0.5 --from 6f --to 16f --levels 2-3",
    "copy": "copy --at 0.5 --mode overwrite --from 6f --to 16f --levels 2-3",
    "cut": "cut --from 6f --to 16f --levels 2-3",
    "crop": "crop --from 6f --to 16f",
    "heal": "heal --temperature 0.8 --seed 3 --from 6f --to 16f --levels 2-3",
    "lock": "lock --from 6f --to 16f --levels 2-3",
    "unlock": "unlock --from 6f --to 16f --levels 2-3",
    "paste": "paste {other} --at 0.3 --mode overwrite --levels 2-3",
    "swap": "swap {other} --from 6f --to 16f --levels 2-3",
    "transplant": "transplant {other} --from 6f --to 16f --levels 2-3",
    "blend": "blend {other} --amount 0.4 --from 6f --to 16f --levels 2-3",
}
"""Each operation, as the page is to say it after `REGION` and its numbers were entered."""

AT_ONCE = ("reverse", "clear", "cut", "crop", "lock", "unlock")
"""Operations without numbers."""

LEVELS = level_names(3)

REGION = (6, 16, 2, 3)
"""First frame, frame after the last, first and last level."""


@pytest.fixture
def documents(server: Server, corpus_dir: Path) -> Callable[[str], str]:
    """A function that makes a document of a pluck and gives its id."""
    model = server.model()["id"]

    def make(name: str) -> str:
        sound = next(corpus_dir.rglob(name))
        return str(server.put(f"/documents?name={name}&model={model}", sound)["id"])

    return make


@pytest.fixture
def document(documents: Callable[[str], str]) -> str:
    """Id of a document of 0.92 s."""
    return documents("pluck 7.wav")


@pytest.fixture
def tab(open_tab: OpenTab, document: str) -> Page:
    """A tab at the document."""
    return open_document(open_tab, document)


def open_document(open_tab: OpenTab, document: str) -> Page:
    page = open_tab(f"/codes/{document}")
    grid(page).wait_for()
    return page


def grid(page: Page) -> Locator:
    return page.get_by_role("grid", name="Codes", exact=True)


def edits(server: Server, document: str) -> list[str]:
    """The lines in force."""
    view = server.get(f"/documents/{document}")
    return [edit["line"] for edit in view["edits"][: view["cursor"]]]


def wait_for_edits(server: Server, document: str, count: int) -> list[str]:
    def made() -> Any:
        lines = edits(server, document)
        return lines if len(lines) == count else None

    return list(until(made, f"{count} edits are in force"))


# --- the pointer ----------------------------------------------------------------------------------


def place(page: Page, server: Server, document: str, frame: int, level: int) -> tuple[float, float]:
    """The middle of a cell on the screen; levels from 1, the whole sound in sight."""
    box = grid(page).bounding_box()
    assert box is not None
    frames = len(server.grid(document)[0])
    label = page.locator(".level-label").filter(has_text=LEVELS[level - 1]).first
    row = label.bounding_box()
    assert row is not None
    x = box["x"] + box["width"] * (frame + 0.5) / frames
    return x, row["y"] + row["height"] / 2


def drag(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def test_a_drag_selects_the_frames_and_levels_under_it(
    tab: Page, server: Server, document: str
) -> None:
    begin = place(tab, server, document, 6, 2)
    drag(tab, begin, place(tab, server, document, 15, 3))
    rate = server.get(f"/documents/{document}")["frame_rate"]
    panel = tab.get_by_role("complementary", name="Selection")
    expect(panel.get_by_role("heading").first).to_have_text(
        f"{6 / rate:.2f}–{16 / rate:.2f} s · 2 levels"
    )
    expect(tab).to_have_url(re.compile("region=6%2C16%2C1%2C3"))
    cells = tab.get_by_role("gridcell", selected=True)
    expect(cells.filter(has_text="Structure")).to_have_count(0)
    tab.reload()
    expect(panel.get_by_role("heading").first).to_contain_text("2 levels")


def test_a_drag_of_the_selection_moves_it_and_with_alt_copies_it(
    tab: Page, server: Server, document: str
) -> None:
    select(tab, server, document)
    before, _ = server.grid(document)
    middle = place(tab, server, document, 10, 2)
    drag(tab, middle, place(tab, server, document, 20, 2))
    assert wait_for_edits(server, document, 1) == ["move --at 16f --from 6f --to 16f --levels 2-3"]
    moved, _ = server.grid(document)
    np.testing.assert_array_equal(moved[16:26, 1:], before[6:16, 1:])
    np.testing.assert_array_equal(moved[:, 0], before[:, 0])


# --- the operations -------------------------------------------------------------------------------


def select(page: Page, server: Server, document: str) -> None:
    """The region of all lines, by its fields."""
    rate = server.get(f"/documents/{document}")["frame_rate"]
    first, last, top, bottom = REGION
    panel = page.get_by_role("complementary", name="Selection")
    for name, frame in (("to, s", last), ("from, s", first)):
        field = panel.get_by_label(name)
        field.fill(str(frame / rate))
        field.press("Tab")
    panel.get_by_label("last level").select_option(index=bottom - 1)
    panel.get_by_label("first level").select_option(index=top - 1)
    expect(panel.get_by_role("heading").first).to_contain_text("2 levels")


def order(page: Page, name: str, line: str, other: str) -> None:
    """Order an operation with the numbers of a line, by the pointer alone."""
    panel = page.get_by_role("complementary", name="Selection")
    panel.get_by_role("button", name=re.compile(rf"^{name}( …)?$")).click()
    if name in AT_ONCE:
        return
    form = panel.get_by_role("form", name=name)
    if other in line.split() and form.get_by_role("button", name="Choose").is_visible():
        form.get_by_role("button", name="Choose").click()
        page.get_by_role("dialog").get_by_role("button", name="pluck 5").first.click()
        expect(form.get_by_text("pluck 5")).to_be_visible()
    for flag, value in re.findall(r"(--\w+) (\S+)", line):
        field = form.locator(f"[id='parameter{flag}']")
        if not field.count():
            continue
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    for box in form.get_by_role("checkbox").all():
        box.set_checked(False)
    form.get_by_role("button", name="Keep").click()


def options_of(line: str) -> tuple[str, dict[str, Any]]:
    """The operation of a line, and its options in any order; of another sound, whether it is."""
    name, options = parse_line(split_line(line))
    return name, {key: value != "" if key == "other" else value for key, value in options.items()}


class ByCommand:
    """What `distill edit run` makes of the same codes and the same line."""

    def __init__(self, server: Server, workspace: Workspace, document: str, folder: Path) -> None:
        self._folder = folder
        self._model = str(next(workspace.models.glob("*.sda")))
        self._server = server
        self.base = self.codes_of(document)

    def codes_of(self, document: str) -> Path:
        """The codes file of a document as it is now."""
        path = self._folder / f"{document}.json.gz"
        path.write_bytes(self._server.fetch("GET", f"/documents/{document}/codes").body())
        return path

    def run(self, *lines: str) -> tuple[np.ndarray, np.ndarray]:
        """Codes and locks after lines."""
        script = self._folder / "script.txt"
        script.write_text("\n".join(lines))
        out = self._folder / "out.json.gz"
        command = ["edit", "run", self._model, str(self.base), "--script", str(script)]
        result = CliRunner().invoke(app, [*command, "-o", str(out), "--overwrite"])
        assert result.exit_code == 0, result.output
        edited = load_codes(out)
        locked = edited.locked
        return edited.codes, np.zeros(edited.codes.shape, bool) if locked is None else locked


@pytest.fixture
def by_command(
    server: Server, studio: Studio, document: str, tmp_path: Path
) -> Iterator[ByCommand]:
    return ByCommand(server, studio.workspace, document, tmp_path)


def test_each_operation_makes_what_the_command_makes_of_its_line(
    tab: Page,
    server: Server,
    document: str,
    documents: Callable[[str], str],
    by_command: ByCommand,
) -> None:
    other = documents("pluck 5.wav")
    first, _ = server.grid(document)
    select(tab, server, document)
    tab.get_by_label("hear edits").uncheck()
    for name, template in LINES.items():
        line = template.format(other=other, code=first[6, 1])
        if name == "unlock":
            order(tab, "lock", LINES["lock"], other)
            wait_for_edits(server, document, 1)
        order(tab, name, line, other)
        lines = wait_for_edits(server, document, 2 if name == "unlock" else 1)
        assert options_of(lines[-1]) == options_of(line)
        run = [*lines[:-1], line.replace(other, str(by_command.codes_of(other)))]
        codes, locks = server.grid(document)
        expected, expected_locks = by_command.run(*run)
        np.testing.assert_array_equal(codes, expected, err_msg=line)
        np.testing.assert_array_equal(locks, expected_locks, err_msg=line)
        undo_all(tab, server, document)
        np.testing.assert_array_equal(server.grid(document)[0], first)


def undo_all(page: Page, server: Server, document: str) -> None:
    for count in reversed(range(len(edits(server, document)))):
        undo = page.get_by_role("button", name=re.compile("^Undo"))
        expect(undo).to_be_enabled()
        undo.click()
        wait_for_edits(server, document, count)


# --- what holds -----------------------------------------------------------------------------------


def test_locked_codes_stay_and_the_page_says_how_many(
    tab: Page, server: Server, document: str
) -> None:
    select(tab, server, document)
    order(tab, "lock", LINES["lock"], "")
    wait_for_edits(server, document, 1)
    before, locks = server.grid(document)
    assert locks[6:16, 1:].all()
    assert locks.sum() == 20
    cell = grid(tab)
    cell.focus()
    cell.press("Control+a")
    order(tab, "reverse", "", "")
    wait_for_edits(server, document, 2)
    after, _ = server.grid(document)
    np.testing.assert_array_equal(after[6:16, 1:], before[6:16, 1:])
    np.testing.assert_array_equal(after[:, 0], before[::-1, 0])
    kept = int(np.sum(locks & (before[::-1] != before)))
    expect(tab.get_by_role("status").get_by_text(f"{kept} locked codes stay")).to_be_attached()


def test_fifty_edits_are_undone_and_redone_code_by_code_also_after_a_reload(
    open_tab: OpenTab, server: Server, document: str
) -> None:
    rng = np.random.default_rng(1)
    states = [server.grid(document)[0]]
    for n in range(50):
        rev = server.get(f"/documents/{document}")["rev"]
        line = f"set --code {rng.integers(32)} --from {n % 40}f --to {n % 40 + 3}f --levels 2"
        line = "repeat --times 2 --from 3f --to 5f" if n % 10 == 9 else line
        server.post(f"/documents/{document}/edits", {"rev": rev, "line": line})
        states.append(server.grid(document)[0])
    tab = open_document(open_tab, document)
    undo = tab.get_by_role("button", name=re.compile("^Undo"))
    expect(undo).to_contain_text("repeat --from 3f --to 5f")
    grid(tab).focus()
    for count in reversed(range(25)):
        tab.keyboard.press("Control+z")
        wait_for_edits(server, document, 25 + count)
        np.testing.assert_array_equal(server.grid(document)[0], states[25 + count])
    tab.reload()
    expect(undo).to_be_enabled()
    for _ in range(25):
        tab.keyboard.press("Control+z")
    wait_for_edits(server, document, 0)
    np.testing.assert_array_equal(server.grid(document)[0], states[0])
    expect(undo).to_be_disabled()
    for _ in range(50):
        tab.keyboard.press("Control+Shift+z")
    wait_for_edits(server, document, 50)
    np.testing.assert_array_equal(server.grid(document)[0], states[50])


COUNT_COLUMNS = """
window.columns = 0;
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (image, ...rest) {
  window.columns += image.width;
  return put.call(this, image, ...rest);
};
"""
"""Counts columns of codes that a tab paints: nothing else on the screen puts pixels."""


def test_an_edit_repaints_the_columns_that_it_changed_alone(
    context: BrowserContext, open_tab: OpenTab, server: Server, document: str
) -> None:
    context.add_init_script(COUNT_COLUMNS)
    # The use of the codes shades all of them anew: its answer is held back until the end.
    held: list[Route] = []
    context.route(re.compile("/codebook$"), lambda route: held.append(route))
    page = open_document(open_tab, document)
    frames = len(server.grid(document)[0])
    page.get_by_label("hear edits").uncheck()
    select(page, server, document)
    page.wait_for_function("frames => columns >= frames", arg=frames)
    before = page.evaluate("columns")
    order(page, "reverse", "", "")
    wait_for_edits(server, document, 1)
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    painted = page.evaluate("columns") - before
    # Those of the codes, and the one or two that stand for 16 frames each from afar.
    assert 1 <= painted <= 10 + 2, painted
    assert frames > 40
    for route in held:
        route.continue_()
    page.wait_for_function("least => columns >= least", arg=before + painted + frames)


def test_an_edit_for_an_older_revision_is_offered_again_and_nothing_is_lost(
    open_tab: OpenTab, server: Server, document: str, faults: list[str], context: BrowserContext
) -> None:
    first = open_document(open_tab, document)
    # The second hears of nothing: its connection has gone.
    context.route_web_socket(re.compile("/events"), lambda socket: socket.close())
    second = open_document(open_tab, document)
    for page in (first, second):
        page.get_by_label("hear edits").uncheck()
        select(page, server, document)
    order(first, "reverse", "", "")
    wait_for_edits(server, document, 1)
    order(second, "cut", "", "")
    offer = second.locator(".toast").filter(has_text=re.compile("“cut .*” was not made"))
    expect(offer).to_be_visible()
    assert [line.split()[0] for line in edits(server, document)] == ["reverse"]
    expect(second.get_by_role("button", name=re.compile("^Undo “reverse"))).to_be_visible()
    offer.get_by_role("button", name="Make it now").click()
    lines = wait_for_edits(server, document, 2)
    assert [line.split()[0] for line in lines] == ["reverse", "cut"]
    expect(first.get_by_role("button", name=re.compile("^Undo “cut"))).to_be_visible()
    assert [text for text in faults if "409" in text]
    faults.clear()
