"""Make: sound without end, takes that hold their recipe, curves by hand and by keys."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import BrowserContext, Locator, Page, expect
from typer.testing import CliRunner

from distill.cli import app
from distill.inference.recipe import read_recipe
from distill.library.models import list_models
from distill.library.render import Render
from distill.library.render_table import RenderQuery
from distill.library.renders import find_renders, load_render
from tests.page import speaker
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

MARGIN = 6
"""Pixels above and below the scale of a curve."""

TOLERANCE = 3.1
"""Percentiles by which the curve of a sound is simplified, and rounded."""

SECONDS = 0.5
"""Length of a take: short, so that it is drawn at once."""


@pytest.fixture(scope="module")
def model(studio: Studio) -> str:
    """Id of the model of the studio."""
    (model,) = list_models(studio.workspace).models
    return model.id


@pytest.fixture
def make_page(context: BrowserContext, open_tab: OpenTab, studio: Studio, model: str) -> Page:
    """A tab at Make with the usual knobs, whose takes are short."""
    context.request.put(
        f"{studio.url}/api/v1/drafts/make-{model}", data={"draft": {}}, headers={"X-Distill": "1"}
    )
    page = open_tab(f"/make/{model}")
    page.get_by_role("spinbutton", name="length").fill(str(SECONDS))
    return page


def takes(page: Page) -> Locator:
    """Rows of the takes."""
    return page.get_by_role("grid", name="Takes").locator(".take-row")


def renders(studio: Studio) -> list[Render]:
    """All renders, the latest first."""
    rows = find_renders(studio.workspace, RenderQuery()).rows
    return [load_render(studio.workspace, row.id) for row in rows]


def make_one(page: Page, studio: Studio, button: str = "Make a take") -> Render:
    """The next render, once the button was pressed."""
    before = len(renders(studio))
    page.get_by_role("button", name=button).click()
    return until(lambda: renders(studio)[0] if len(renders(studio)) > before else None, "a take")


@speaker.LISTEN
def test_space_sounds_as_it_is_drawn_and_stops(make_page: Page) -> None:
    since = speaker.now(make_page)
    make_page.get_by_role("heading", name="Takes").click()
    make_page.keyboard.press("Space")
    assert len(speaker.wait_for_sound(make_page, 0.5, since))
    expect(make_page.get_by_role("region", name="Sound without end")).to_be_visible()
    button = make_page.locator("button[title=Space]")
    expect(button).to_contain_text("Stop")
    make_page.keyboard.press("Space")
    speaker.wait_for_silence(make_page, 0.5)
    expect(button).to_contain_text("Play new sound")


@speaker.LISTEN
def test_the_player_names_sound_without_end_and_stops_it(make_page: Page) -> None:
    make_page.locator("button[title=Space]").click()
    since = speaker.now(make_page)
    assert len(speaker.wait_for_sound(make_page, 0.2, since))
    player = make_page.get_by_role("region", name="Player")
    expect(player).to_contain_text("New sound, as it is drawn")
    player.get_by_role("button", name="Stop", exact=True).click()
    speaker.wait_for_silence(make_page, 0.5)
    expect(player).not_to_contain_text("New sound, as it is drawn")


KEEP_RING = """
() => {
  window.AudioWorkletNode = class extends window.AudioWorkletNode {
    constructor(...given) {
      super(...given);
      window.ring = this;
    }
  };
}
"""

LATE_NEWS = """
ring.port.dispatchEvent(new MessageEvent("message", { data: { played: 1, ahead: 0 } }));
"""


@speaker.LISTEN
def test_news_of_a_sound_that_was_stopped_does_not_start_it(make_page: Page) -> None:
    make_page.evaluate(KEEP_RING)
    button = make_page.locator("button[title=Space]")
    button.click()
    since = speaker.now(make_page)
    assert len(speaker.wait_for_sound(make_page, 0.1, since))
    button.click()
    expect(button).to_contain_text("Play new sound")
    make_page.evaluate(LATE_NEWS)
    make_page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(button).to_contain_text("Play new sound")


def test_a_take_holds_its_knobs_and_is_made_again(
    make_page: Page, studio: Studio, tmp_path: Path
) -> None:
    page = make_page
    page.get_by_role("slider", name="nearness").fill("0.8")
    page.get_by_role("slider", name="wildness").fill("1.25")
    page.get_by_role("spinbutton", name="seed").fill("41")
    page.get_by_text("Steer", exact=True).click()
    page.get_by_role("combobox", name="brightness").select_option("one value")
    page.get_by_label("brightness, percentile").fill("70")
    take = make_one(page, studio)
    recipe = read_recipe(take.path)
    assert (recipe.seed, recipe.duration) == (41, SECONDS)
    assert (recipe.sampling.nearness, recipe.sampling.temperature) == (0.8, 1.25)
    assert recipe.steering.brightness == ((0.0, 70.0),)
    expect(takes(page).first).to_contain_text("41")

    (model,) = list_models(studio.workspace).models
    again = tmp_path / "again.wav"
    arguments = ["generate", str(model.path), "--again", str(take.path), "-o", str(again)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert np.array_equal(sf.read(again)[0], sf.read(take.path)[0])


def test_a_curve_by_mouse_is_the_same_by_keys_and_in_the_recipe(
    make_page: Page, studio: Studio
) -> None:
    page = make_page
    page.get_by_text("Steer", exact=True).click()
    for name in ("brightness", "noisiness"):
        page.get_by_role("combobox", name=name).select_option("curve")
    drawn = page.get_by_role("slider", name="Curve of brightness")
    drag(page, drawn, [(0.0, 25), (0.5, 75), (1.0, 25)])
    typed = page.get_by_role("slider", name="Curve of noisiness")
    typed.focus()
    # A point in the middle, raised by 25 %; then both ends, lowered as much.
    press(page, ["Insert", *up("Up", 25), "ArrowLeft", *up("Down", 25), "ArrowRight", "ArrowRight"])
    press(page, up("Down", 25))
    expect(typed).to_have_attribute("aria-valuetext", f"{SECONDS:.2f} s, 25 %")
    recipe = read_recipe(make_one(page, studio).path)
    half = SECONDS / 2
    assert recipe.steering.noisiness == ((0.0, 25.0), (half, 75.0), (SECONDS, 25.0))
    # A hand is as exact as a pixel.
    box = drawn.bounding_box()
    assert box is not None
    pixel = (SECONDS / box["width"], 100 / (box["height"] - 2 * MARGIN))
    points = list(zip(recipe.steering.brightness, recipe.steering.noisiness, strict=True))
    for by_hand, by_keys in points:
        for mine, theirs, tolerance in zip(by_hand, by_keys, pixel, strict=True):
            assert mine == pytest.approx(theirs, abs=tolerance)


def test_a_curve_from_a_sound_is_what_was_measured_of_it(
    make_page: Page, studio: Studio, model: str
) -> None:
    page = make_page
    take = make_one(page, studio)
    takes(page).filter(has=page.locator(f'[title="{take.title}"]')).click()
    page.get_by_text("Steer", exact=True).click()
    page.get_by_role("combobox", name="loudness").select_option("curve")
    page.get_by_role("button", name="From ").click()
    slider = page.get_by_role("slider", name="Curve of loudness")
    place = f"/api/v1/sounds/{take.sha256}/descriptors?model={model}"
    measured = page.request.get(studio.url + place).json()
    values = measured["curves"]["loudness"]
    assert len(values) > 2
    expect(slider).not_to_have_attribute("aria-valuetext", "0.00 s, 50 %")
    kept = draft(page, studio, model)["steer"]["loudness"]["points"]
    assert kept[-1][0] <= SECONDS
    for seconds, percentile in kept:
        # The last one lies on the line between two that were kept.
        tolerance = TOLERANCE if seconds == SECONDS else 0.1
        frame = min(len(values) - 1, round(seconds * measured["frame_rate"]))
        assert percentile == pytest.approx(values[frame], abs=tolerance)


@speaker.LISTEN
def test_four_takes_are_kept_binned_and_brought_back(make_page: Page, studio: Studio) -> None:
    page = make_page
    before = len(renders(studio))
    page.get_by_role("radio", name="4").check()
    page.get_by_role("button", name="Make 4 takes").click()
    expect(takes(page)).to_have_count(before + 4)
    latest = renders(studio)[:4]
    assert len({take.seed for take in latest}) == 4
    page.keyboard.press("ArrowDown")
    assert len(speaker.wait_for_sound(page, 0.05))
    page.keyboard.press("k")
    expect(takes(page).first.get_by_label("Keep: a star")).to_have_attribute("aria-pressed", "true")
    assert load_render(studio.workspace, latest[0].id).starred
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect(takes(page)).to_have_count(before + 3)
    assert not latest[1].path.exists()
    page.get_by_role("button", name="Undo").click()
    expect(takes(page)).to_have_count(before + 4)
    assert latest[1].path.exists()
    assert load_render(studio.workspace, latest[1].id).path == latest[1].path


# --- hands ----------------------------------------------------------------------------------------


def drag(page: Page, lane: Locator, points: Sequence[tuple[float, float]]) -> None:
    """Draw a stroke through points: shares of the width, and percentiles."""
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    assert box is not None

    def move(point: tuple[float, float], steps: int = 1) -> None:
        share, percentile = point
        height = box["height"] - 2 * MARGIN
        y = box["y"] + box["height"] - MARGIN - height * percentile / 100
        page.mouse.move(box["x"] + share * box["width"], y, steps=steps)

    move(points[0])
    page.mouse.down()
    for point in points[1:]:
        move(point, steps=8)
    page.mouse.up()


def press(page: Page, keys: Sequence[str]) -> None:
    for key in keys:
        page.keyboard.press(key)


def up(way: str, percent: int) -> list[str]:
    """Keys that move a point by so many percent."""
    tens, ones = divmod(percent, 10)
    return [f"Shift+Arrow{way}"] * tens + [f"Arrow{way}"] * ones


def draft(page: Page, studio: Studio, model: str) -> Any:
    """What the server keeps of the knobs, once nothing is left unsent."""
    unsent = f"localStorage.getItem('distill.draft.make-{model}')"
    until(lambda: page.evaluate(unsent) is None, "the draft is with the server")
    return page.request.get(f"{studio.url}/api/v1/drafts/make-{model}").json()["draft"]
