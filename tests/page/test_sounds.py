"""Sounds: every file of a folder, heard with the arrow keys."""

from pathlib import Path

import soundfile as sf
from playwright.sync_api import Page, expect

from tests.page import speaker


@speaker.LISTEN
def test_a_folder_is_listed_and_heard_with_the_arrow_keys(page: Page, corpus_dir: Path) -> None:
    rows = page.get_by_role("grid", name="Sounds").get_by_role("row").filter(has_text="pluck")
    expect(rows).to_have_count(8)
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
