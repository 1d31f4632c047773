"""Sounds: every file of a folder, by name at once, then as a scan sees it; heard by keys."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import Locator, Page, Route, expect

import distill
from distill.library.corpus_folders import remember_corpus
from distill.settings import SAMPLE_RATE
from tests.page import speaker
from tests.page.conftest import OpenTab, Studio


def rows(page: Page) -> Locator:
    """Rows of the list of sounds, without its head."""
    return page.get_by_role("grid", name="Sounds").locator(".sound-row")


@pytest.fixture
def odd_folder(tmp_path: Path, corpus_dir: Path) -> Path:
    """The eight plucks, one that clips, a copy, and a file that is no sound."""
    folder = tmp_path / "odd"
    shutil.copytree(corpus_dir, folder)
    shutil.copyfile(folder / "low" / "pluck 0.wav", folder / "copy.wav")
    (folder / "broken.wav").write_bytes(b"RIFF" + bytes(40))
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    loud = np.clip(1.5 * np.sin(2 * np.pi * 220 * seconds), -1, 1)
    sf.write(folder / "loud.wav", loud, SAMPLE_RATE)
    return folder


@speaker.LISTEN
def test_a_folder_is_listed_and_heard_with_the_arrow_keys(page: Page, corpus_dir: Path) -> None:
    # All are measured: before that only their names are known.
    expect(page.locator(".verdict")).to_have_text("go")
    expect(rows(page).filter(has_text="pluck")).to_have_count(8)
    sounds = {path.name: sf.read(path)[0] for path in corpus_dir.rglob("*.wav")}
    since = 0
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        name = page.locator("[aria-selected=true] .cut").first.get_attribute("title")
        heard = speaker.wait_for_sound(page, 0.1, since)[:4800]
        likeness = {key: speaker.likeness(heard, sound) for key, sound in sounds.items()}
        assert max(likeness, key=lambda key: likeness[key]) == Path(str(name)).name
        assert max(likeness.values()) > 0.99
        speaker.wait_for_silence(page)
        since = speaker.now(page)


def test_names_are_there_before_the_scan_and_its_words_after_it(
    open_tab: OpenTab, studio: Studio, odd_folder: Path
) -> None:
    corpus = remember_corpus(studio.workspace, odd_folder)
    page = open_tab(f"/sounds/{studio.corpus}")
    held: list[Route] = []
    page.route("**/scan", lambda route: held.append(route))
    page.get_by_role("button", name="Other folder").click()
    with page.expect_request("**/scan"):
        page.get_by_role("link", name=str(odd_folder)).click()
    # The scan has not begun: all of this is known by name alone.
    expect(rows(page)).to_have_count(11)
    expect(rows(page).filter(has_text="not measured yet")).to_have_count(11)
    # They are heard all the same.
    rows(page).filter(has_text="loud.wav").click()
    expect(page.get_by_label("Player").locator(".dock-time")).to_have_text(re.compile("/ 0:01.0$"))
    expect(page.locator(".details")).to_contain_text("its facts come once the scan has read it")
    for route in held:
        route.continue_()
    expect(page.locator(".verdict")).to_have_text("go")

    facts = distill.describe.corpus_facts(distill.scan_corpus(odd_folder))
    assert {file.reason for file in facts.files if not file.used} != {""}
    for file in facts.files:
        row = rows(page).filter(has=page.locator(f'[title="{file.name}"]'))
        words = [file.reason] if file.reason else list(file.flags)
        for word in words or ["ok"]:
            expect(row.locator(".remarks")).to_contain_text(word)
    assert len(facts.advice) >= 2
    for sentence in facts.advice:
        expect(page.locator(".advice")).to_contain_text(sentence)
    expect(page.get_by_text(f"{facts.used} used · {facts.skipped} skipped")).to_be_visible()
    assert corpus.id in page.url
