"""Every screen: WCAG by axe in both themes, by keys alone, narrow, enlarged, with still motion."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page import speaker
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

NARROW = [{"viewport": {"width": 400, "height": 800}}]
"""A phone."""

ENLARGED = [{"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}]
"""A window of 1280 by 800 pixels at a zoom of 200 %."""


@pytest.fixture
def places(server: Server, studio: Studio) -> dict[str, str]:
    """Each screen, in each of its states that a small workspace can have."""
    renders = server.renders() or server.takes(1, seed=1, duration=0.5)
    documents = server.get("/documents")["documents"]
    if not documents:
        documents = [server.post("/documents", {"kind": "render", "id": renders[0]["id"]})]
    comparisons = server.get("/comparisons")["comparisons"]
    if not comparisons:
        sound = {"kind": "render", "id": renders[0]["id"]}
        server.post("/comparisons/sounds", {"pairs": [{"first": sound, "second": sound}]})
        comparisons = until(
            lambda: server.get("/comparisons")["comparisons"] or None, "the pair is made"
        )
    model = server.model()["id"]
    return {
        "sounds": "/sounds",
        "one corpus": f"/sounds/{studio.corpus}",
        "train": "/train",
        "make": f"/make/{model}?take={renders[0]['id']}",
        "codes": "/codes",
        "a document": f"/codes/{documents[0]['id']}?region=2,6,1,3",
        "library": f"/library?render={renders[0]['id']}",
        "models": "/library?show=models",
        "compare": "/compare",
        "a comparison": f"/compare/{comparisons[0]['id']}",
    }


def settle(page: Page) -> None:
    """Until a screen has loaded what it shows."""
    page.wait_for_load_state("networkidle")
    page.locator("main :is(h1, h2, [role=grid])").first.wait_for()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_on_any_screen(
    open_tab: OpenTab, places: dict[str, str], theme: Any, studio: Studio
) -> None:
    page = open_tab("/sounds")
    page.emulate_media(color_scheme=theme)
    for name, place in places.items():
        page.goto(studio.url + place)
        settle(page)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{name}: {results.generate_report()}"


# --- narrow, enlarged, still ----------------------------------------------------------------------


def overflow(page: Page) -> int:
    """Pixels by which a screen is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("context", [*NARROW, *ENLARGED], indirect=True, ids=["400 px", "200 %"])
def test_no_screen_is_wider_than_its_window_and_each_plays(
    open_tab: OpenTab, places: dict[str, str], studio: Studio
) -> None:
    page = open_tab("/sounds")
    for name, place in places.items():
        page.goto(studio.url + place)
        settle(page)
        assert overflow(page) <= 0, name
    page.goto(studio.url + places["library"])
    page.get_by_role("grid", name="Generated sounds").get_by_role("row").nth(1).click()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "context", [{"reduced_motion": "reduce", "bypass_csp": True}], indirect=True
)
def test_with_still_motion_nothing_moves_by_itself_and_sounds_play(
    open_tab: OpenTab, places: dict[str, str]
) -> None:
    page = open_tab(places["library"])
    page.keyboard.press("l")
    page.get_by_role("grid", name="Generated sounds").get_by_role("row").nth(1).click()
    speaker.wait_for_sound(page, 1.0)
    assert page.evaluate("document.getAnimations().length") == 0


# --- by keys alone --------------------------------------------------------------------------------

MOST_TABS = 150
"""Presses of the tab key that lead round any screen."""


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until what has the focus has a name."""
    met = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if focus.count() != 1:
            continue
        met.append(focus.evaluate(NAME))
        if met[-1].startswith(name):
            return
    raise AssertionError(f"the tab key never led to {name}, but to {met}")


NAME = """
element => {
  const labelled = element.getAttribute("aria-label") || element.labels?.[0]?.textContent;
  return (labelled || element.textContent || "").trim();
}
"""
"""About the name that a screen reader tells."""


def test_sounds_are_found_made_kept_edited_and_judged_by_keys_alone(
    open_tab: OpenTab, server: Server, studio: Studio
) -> None:
    page = open_tab(f"/sounds/{studio.corpus}")
    # Before its length is there a sound can be named, not heard.
    page.get_by_role("row").filter(has_text="0:00.").nth(7).wait_for()
    before = {line["id"] for line in server.renders()}
    # Hear a recording.
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="Player")).to_contain_text("pluck")
    # Make two takes of half a second, hear one, keep it.
    tab_to(page, "Make")
    page.keyboard.press("Enter")
    page.wait_for_url("**/make/**")
    page.get_by_role("button", name="Make a take").wait_for()
    tab_to(page, "length")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.5")
    page.keyboard.press("Control+Enter")
    tab_to(page, "Make a take")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    def made() -> Any:
        lines = [line for line in server.renders() if line["id"] not in before]
        return lines if len(lines) == 2 else None

    take = until(made, "the takes are made")[0]
    row = page.get_by_role("grid", name="Takes").get_by_role("row", selected=True)
    # The latest take is the first row once the page has heard of it.
    page.get_by_role("grid", name="Takes").get_by_text(take["title"]).wait_for()
    page.keyboard.press("Escape")
    tab_to(page, "Takes")
    page.keyboard.press("Home")
    expect(row).to_contain_text(take["title"])
    page.keyboard.press("k")
    until(lambda: server.get(f"/renders/{take['id']}")["starred"], "the star is kept")
    # Open its codes, lock two frames, reverse the rest, undo.
    page.keyboard.press("Enter")
    page.wait_for_url("**/library**")
    tab_to(page, "as codes")
    page.keyboard.press("Enter")
    page.wait_for_url("**/codes/**")
    document = page.url.split("/codes/")[1].split("?")[0]
    page.get_by_role("grid", name="Codes", exact=True).wait_for()
    tab_to(page, "Codes")
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "k"):
        page.keyboard.press(key)
    until(lambda: server.grid(document)[1].sum() == 2 or None, "two codes are locked")
    page.keyboard.press("Control+a")
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    until(lambda: len(server.get(f"/documents/{document}")["edits"]) == 2 or None, "an edit")
    page.keyboard.press("Control+z")
    until(lambda: server.get(f"/documents/{document}")["cursor"] == 1 or None, "an undo")
    # Judge both takes blind.
    tab_to(page, "Library")
    page.keyboard.press("Enter")
    page.wait_for_url("**/library**")
    tab_to(page, "Generated sounds")
    for key in ("Home", "c", "ArrowDown"):
        page.keyboard.press(key)
    page.get_by_role("button", name="blind test with").wait_for()
    tab_to(page, "blind test with")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare/*")
    comparison = page.url.rpartition("/")[2]
    page.get_by_role("region", name="Pair 1", exact=True).wait_for()
    player = page.get_by_role("region", name="Player")
    page.keyboard.press("l")
    page.keyboard.press("y")
    sides = player.get_by_role("group", name="Side that is heard").get_by_role("button")
    expect(sides.last).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(sides.first).to_have_attribute("aria-pressed", "true")
    expect(player.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    tab_to(page, "why?")
    page.keyboard.type("warmer")
    # In a text, a key is a letter of it; Escape leaves the text.
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.get_by_text("equal 0. Chance gives as much")).to_be_visible()
    (pair,) = server.get(f"/comparisons/{comparison}")["pairs"]
    assert (pair["choice"], pair["why"]) == ("y", "warmer")
