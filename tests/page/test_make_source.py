"""Make from a sound: what is selected on its waveform is drawn anew, the rest stays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import Page, expect

from distill.settings import SAMPLE_RATE
from tests.page.asking import Server
from tests.page.conftest import Studio
from tests.page.waiting import until

NAME = "high/pluck 7.wav"


def test_what_is_selected_on_the_waveform_of_a_sound_is_drawn_anew(
    page: Page, server: Server, studio: Studio, corpus_dir: Path
) -> None:
    # Before its length is there a sound can be named, not heard.
    rows = page.get_by_role("row").filter(has=page.get_by_title(NAME))
    rows.filter(has_text="0:00.").click()
    expect(page.get_by_role("region", name="Player")).to_contain_text("pluck 7")
    page.get_by_role("link", name="Make", exact=True).click()
    page.get_by_role("radio", name="infill").check()
    page.get_by_role("button", name=f"Take {NAME}").click()
    lanes = page.locator("section").filter(has_text="Starts from").locator(".lanes")
    box = lanes.bounding_box()
    assert box is not None
    length = sf.info(corpus_dir / NAME).duration
    y = box["y"] + box["height"] - 20
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.move(box["x"] + box["width"] * 0.75, y)
    page.mouse.up()
    first, last = (
        float(page.get_by_label(name, exact=True).input_value()) for name in ("from", "to")
    )
    assert first == pytest.approx(0.25 * length, abs=0.02)
    assert last == pytest.approx(0.75 * length, abs=0.02)
    page.get_by_role("button", name="Make a take").click()

    def made() -> Any:
        return next((line for line in server.renders() if line["way"] == "infill"), None)

    view = server.get(f"/renders/{until(made, 'the take is made')['id']}")
    recording, _ = sf.read(corpus_dir / NAME)
    filled, _ = sf.read(view["file"])
    before, after = round(0.2 * length * SAMPLE_RATE), round(0.8 * length * SAMPLE_RATE)
    assert len(filled) == len(recording)
    kept = np.corrcoef(filled[:before], recording[:before])[0, 1]
    assert kept > 0.9
    inside = slice(round(first * SAMPLE_RATE), round(last * SAMPLE_RATE))
    assert np.max(np.abs(filled[inside] - recording[inside])) > 0.01
    assert after < len(filled)
