"""Compare: a blind test from the form to the count, without a name before the end."""

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Response, Route, expect

from distill.library.comparison import chance_of
from distill.library.comparisons import draw_sides
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

SEED = 5
PAIRS = 4


NAMES = ("plucks", "shifted")


@pytest.fixture
def models(server: Server, studio: Studio, shifted: Path) -> list[str]:
    """Ids of both models of the library, in the order of their names."""
    shutil.copyfile(shifted, studio.workspace.models / "shifted.sda")

    def listed() -> Any:
        models = server.get("/models")["models"]
        return models if len(models) == 2 else None

    found = {model["file"]: model["id"] for model in until(listed, "both models are listed")}
    models = [found[f"{name}.sda"] for name in NAMES]
    server.ask("PATCH", f"/models/{models[1]}", {"name": NAMES[1]})
    return models


def test_a_blind_test_tells_no_side_before_the_end_and_counts_right(
    open_tab: OpenTab, models: list[str]
) -> None:
    page = open_tab("/compare")
    told: list[str] = []
    page.locator("select[name=first]").select_option(models[0])
    page.locator("select[name=second]").select_option(models[1])
    page.get_by_label("Pairs").fill(str(PAIRS))
    page.get_by_label("Seconds").fill("0.3")
    page.get_by_label("First seed").fill(str(SEED))
    page.get_by_role("button", name="Make pairs").click()
    page.wait_for_url(re.compile(r"/compare/\S+"))
    page.on("response", lambda response: note(response, told))
    page.reload()
    page.get_by_role("region", name="Pair 1", exact=True).wait_for()
    page.keyboard.press("l")
    swapped = draw_sides(PAIRS, SEED)
    assert sum(swapped) == PAIRS // 2
    for number, is_swapped in enumerate(swapped, 1):
        pair = page.get_by_role("region", name=f"Pair {number}", exact=True)
        pair.get_by_role("button", name="Hear X").click()
        expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
        page.keyboard.press("b")
        for name in NAMES:
            assert name not in pair.inner_text()
            assert name not in page.get_by_role("region", name="Player").inner_html()
            assert name not in page.url
        # Three votes for the first model, one for the second.
        is_for_first = number > 1
        letter = "Y" if is_for_first == is_swapped else "X"
        pair.get_by_role("button", name=f"{letter} is better").click()
    expect(
        page.get_by_text(re.compile(r"plucks\S* preferred 3, shifted\S* 1, equal 0"))
    ).to_be_visible()
    # 62.5 % is said as 63 %.
    percent = math.floor(100 * chance_of(3, 1) + 0.5)
    expect(page.get_by_text(f"in {percent} %")).to_be_visible()
    assert told
    assert not [text for text in told if any(name in text for name in NAMES)]
    page.get_by_text("Which was which").click()
    table = page.get_by_role("table")
    x = table.get_by_role("columnheader").all_inner_texts().index("X")
    for number, is_swapped in enumerate(swapped, 1):
        sides = NAMES[::-1] if is_swapped else NAMES
        cells = table.get_by_role("row").nth(number).get_by_role("cell")
        expect(cells.nth(x)).to_contain_text(sides[0])
        expect(cells.nth(x + 1)).to_contain_text(sides[1])

    place = page.url
    page.get_by_role("button", name="To the bin").click()
    page.wait_for_url("**/compare")
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name=re.compile("plucks")).click()
    assert page.url == place
    expect(page.get_by_text(f"in {percent} %")).to_be_visible()


def test_a_screen_that_was_left_asks_no_more_for_what_is_in_the_bin(
    open_tab: OpenTab, server: Server, models: list[str]
) -> None:
    page = open_tab("/compare")
    page.locator("select[name=first]").select_option(models[0])
    page.locator("select[name=second]").select_option(models[1])
    page.get_by_label("Pairs").fill("1")
    page.get_by_label("Seconds").fill("0.3")
    page.get_by_role("button", name="Make pairs").click()
    page.get_by_role("region", name="Pair 1", exact=True).wait_for()
    requests: list[Route] = []
    page.route(re.compile(r"/api/v1/comparisons/[^/]+$"), lambda route: hold(route, requests))
    # The first change asks for the comparison; the second comes while its answer is on the way.
    for name in ("other", NAMES[1]):
        server.ask("PATCH", f"/models/{models[1]}", {"name": name})
        page.wait_for_timeout(1_000)
    assert len(requests) == 1
    answer = requests[0].fetch()
    page.get_by_role("button", name="To the bin").click()
    page.wait_for_url("**/compare")
    page.get_by_role("button", name="Undo").wait_for()
    requests[0].fulfill(response=answer)
    page.wait_for_timeout(1_000)
    assert len(requests) == 1


def hold(route: Route, requests: list[Route]) -> None:
    """Hold back requests for a comparison; let others pass."""
    if route.request.method == "GET":
        requests.append(route)
    else:
        route.continue_()


def note(response: Response, told: list[str]) -> None:
    """Keep what an answer tells of the pairs before the end."""
    # What went to the bin was over.
    if "/comparisons/" not in response.url or response.request.method == "DELETE":
        return
    told.append(response.url + json.dumps(response.headers))
    if response.url.endswith("/audio"):
        return
    view = response.json()
    if not view["is_over"]:
        told.append(json.dumps(view["pairs"]) + json.dumps(view["result"]))
