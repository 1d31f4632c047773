"""Sculpting: what is chosen about the sounds is what the next version learns from."""

from pathlib import Path
from typing import Any

import soundfile as sf
from playwright.sync_api import Locator, Page, expect

from distill.library.corpora import load_corpus
from distill.library.models import list_models
from distill.settings import SAMPLE_RATE
from tests.conftest import pluck
from tests.page.conftest import OpenTab, Studio
from tests.page.trainings import expect_state, make_small, order_by_form


def row(page: Page, name: str) -> Locator:
    """The row of a sound."""
    return page.get_by_role("grid", name="Sounds").locator(".sound-row").filter(has_text=name)


def test_mute_weight_and_add_then_go_on(
    open_tab: OpenTab, studio: Studio, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    page = open_tab(f"/sounds/{studio.corpus}")
    # Before a scan there is nothing to choose about.
    expect(page.locator(".verdict")).to_have_text("go")
    row(page, "pluck 2").click()
    page.keyboard.press("m")
    expect(row(page, "pluck 2")).to_contain_text("muted")
    row(page, "pluck 5").click()
    details = page.get_by_role("complementary", name="The selected sound")
    details.get_by_role("slider").press("ArrowRight")
    expect(row(page, "pluck 5")).to_contain_text("× 2")
    sf.write(tmp_path / "late take.wav", pluck(330, 0.4, seed=9), SAMPLE_RATE)
    page.locator("input[type=file][accept]").set_input_files(tmp_path / "late take.wav")
    expect(row(page, "late take")).to_contain_text("ok")
    expect(page.get_by_text("8 used · 0 skipped · 1 muted")).to_be_visible()
    corpus = load_corpus(studio.workspace, studio.corpus)
    assert sorted(choice.name for choice in corpus.files.values()) == [
        "high/pluck 5.wav",
        "low/pluck 2.wav",
    ]
    # The folder of the musician is as it was.
    assert not list(corpus.folder.rglob("late*"))

    (first,) = list_models(studio.workspace).models
    page.get_by_role("link", name="Library").click()
    page.get_by_role("radio", name="models").check()
    page.get_by_role("link", name="Go on from it").click()
    make_small(page, {"steps": 6, "batch_size": tiny["batch_size"], "threads": 1})
    page.get_by_role("combobox", name="Sounds").select_option(studio.corpus)
    order_by_form(page)
    expect_state(page, "done")
    second = next(model for model in list_models(studio.workspace).models if model.version == 2)
    assert second.parent is not None
    assert second.family == first.family
    by_name = {file.name: file for file in second.corpus if not file.muted}
    assert len(by_name) == 8
    assert "low/pluck 2.wav" not in by_name
    assert by_name["high/pluck 5.wav"].weight == 2
    assert "late take (added).wav" in by_name
    # The first version is there as before, beside it.
    assert first.path.exists()
    page.get_by_role("link", name="Library").click()
    page.get_by_role("radio", name="models").check()
    card = page.locator(".model-card").filter(has_text="v2")
    expect(card).to_contain_text("+1, −1")
    expect(page.locator(".model-card")).to_have_count(2)
