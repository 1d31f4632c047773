"""Takes beside one another and beside their sources: A and B, marks of repeated passages."""

import time
from pathlib import Path

import soundfile as sf
from playwright.sync_api import Route, expect

from distill.library.models import list_models
from tests.library.makers import keep
from tests.page import speaker
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until


def test_two_takes_are_a_and_b(open_tab: OpenTab, studio: Studio) -> None:
    (model,) = list_models(studio.workspace).models
    recipe = {"model_id": model.model_id}
    for number in (1, 2):
        keep(studio.workspace, studio.workspace.renders / f"side-{number}.wav", number, recipe)
    page = open_tab(f"/make/{model.id}")
    rows = page.get_by_role("grid", name="Takes").locator(".take-row")
    rows.filter(has_text="side-1").click()
    page.keyboard.press("c")
    rows.filter(has_text="side-2").click()
    sides = page.get_by_role("group", name="Side that is heard")
    expect(sides.get_by_role("button", name="A: side-2")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(sides.get_by_role("button", name="B: side-1")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="blind test with side-1")).to_be_visible()


def test_a_blind_test_opens_though_it_is_made_before_the_answer_is_read(
    open_tab: OpenTab, server: Server, studio: Studio
) -> None:
    (model,) = list_models(studio.workspace).models
    for number in (1, 2):
        path = studio.workspace.renders / f"quick-{number}.wav"
        keep(studio.workspace, path, number, {"model_id": model.model_id})
    before = len(server.get("/comparisons")["comparisons"])

    def answer_late(route: Route) -> None:
        response = route.fetch()
        until(lambda: len(server.get("/comparisons")["comparisons"]) > before, "the pair is made")
        # And its end has come to the tab.
        time.sleep(1)
        route.fulfill(response=response)

    page = open_tab(f"/make/{model.id}")
    page.route("**/comparisons/sounds", answer_late)
    rows = page.get_by_role("grid", name="Takes").locator(".take-row")
    rows.filter(has_text="quick-1").click()
    page.keyboard.press("c")
    rows.filter(has_text="quick-2").click()
    page.get_by_role("button", name="blind test with quick-1").click()
    page.wait_for_url("**/compare/*")


@speaker.LISTEN
def test_a_mark_plays_the_source_at_its_time(
    open_tab: OpenTab, studio: Studio, corpus_dir: Path
) -> None:
    (model,) = list_models(studio.workspace).models
    recording, rate = sf.read(corpus_dir / "high" / "pluck 7.wav")
    mark = {"seconds": 0.4, "output_s": 0.05, "source": "high/pluck 7.wav", "source_s": 0.2}
    facts = {"passage_percent": 50.0, "repeats": [mark]}
    path = studio.workspace.renders / "marked.wav"
    render = keep(studio.workspace, path, 9, {"model_id": model.model_id}, copy=facts)
    page = open_tab(f"/sounds/{studio.corpus}")
    # A sound is known by its content once the folder was scanned.
    expect(page.get_by_text("8 used")).to_be_visible()
    page = open_tab(f"/make/{model.id}?take={render.id}")
    page.get_by_role("button", name="high/pluck 7.wav from 0.20 s").click()
    # The passage loops until Space stops it.
    speaker.wait_for_sound(page)
    page.keyboard.press("b")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    speaker.wait_for_silence(page)
    since = speaker.now(page)
    page.keyboard.press("Space")
    heard = speaker.wait_for_sound(page, 0.1, since)[:4800]
    assert speaker.likeness(heard, recording[round(0.2 * rate) :]) > 0.99


def test_an_order_is_shown_as_a_command(open_tab: OpenTab, studio: Studio) -> None:
    (model,) = list_models(studio.workspace).models
    page = open_tab(f"/make/{model.id}")
    page.get_by_role("spinbutton", name="length").fill("2")
    page.locator(".knobs").get_by_text("as a command").click()
    expect(page.locator(".knobs code")).to_contain_text(f"{model.path.name} --duration 2 ")
