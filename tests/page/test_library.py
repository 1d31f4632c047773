"""Library: what was made is found, kept, made again, heard beside its source, and taken away."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import Locator, Page, expect

from distill.inference.codes.file import load_codes
from distill.library.renders import file_hash
from distill.settings import SAMPLE_RATE
from tests.page import speaker
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

CUT_S = 0.3
"""Seconds of the render that a repeated passage was cut from."""

CUT_GAIN = 0.5
"""Gain of the passage in the render."""

SOURCE_S = 0.2
OUTPUT_S = 0.05
"""Where the passage lies in the recording and in the render."""


@pytest.fixture
def made(server: Server) -> list[dict[str, Any]]:
    """Two renders of 0.5 s, of seeds 1 and 2; made by the first test that needs them."""
    lines = [line for line in server.renders() if line["way"] == "new" and line["duration_s"] < 1]
    if len(lines) < 2:
        lines = server.takes(2, seed=1, duration=0.5)
    return sorted(lines, key=lambda line: int(line["seed"]))[:2]


@pytest.fixture
def page(open_tab: OpenTab, made: list[dict[str, Any]]) -> Page:
    """A tab at the renders."""
    return open_tab("/library")


def rows(page: Page) -> Locator:
    table = page.get_by_role("grid", name="Generated sounds")
    return table.get_by_role("row").filter(has=page.get_by_role("gridcell"))


def details(page: Page) -> Locator:
    return page.get_by_role("complementary", name="The selected sound")


def sound_of(server: Server, render: str) -> np.ndarray:
    """The samples of a render, mono."""
    path = Path(server.get(f"/renders/{render}")["file"])
    samples, _ = sf.read(path, always_2d=True)
    return np.asarray(samples.mean(axis=1))


def test_a_name_and_a_note_are_searched_and_stars_are_filtered(
    page: Page, server: Server, made: list[dict[str, Any]]
) -> None:
    expect(rows(page)).to_have_count(2)
    rows(page).first.click()
    details(page).get_by_label("Notes").fill("glass on stone")
    details(page).get_by_label("Notes").press("Tab")
    until(lambda: server.renders_like("glass") or None, "the note is kept")
    page.get_by_label("Search names and notes").fill("glass")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Search names and notes").fill("")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("grid", name="Generated sounds").focus()
    page.keyboard.press("End")
    page.keyboard.press("k")
    starred = rows(page).last.get_by_role("button", name="Star")
    expect(starred).to_have_attribute("aria-pressed", "true")
    page.get_by_label("only stars").check()
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.get_by_label("only stars").uncheck()
    expect(rows(page)).to_have_count(2)


def test_sounds_go_by_the_present_name_of_their_model(
    page: Page, server: Server, made: list[dict[str, Any]]
) -> None:
    model = server.model()
    row = rows(page).filter(has=page.get_by_title(made[0]["title"], exact=True))
    row.click()
    expect(details(page)).to_contain_text(model["name"])
    # Another tab, or the command, may rename it.
    server.ask("PATCH", f"/models/{model['id']}", {"name": "Evening"})
    expect(row).to_contain_text("Evening")
    expect(details(page)).to_contain_text("Evening")
    page.get_by_role("searchbox").fill("evening")
    expect(row).to_be_visible()
    server.ask("PATCH", f"/models/{model['id']}", {"name": ""})


def test_a_sound_is_made_again_the_same_and_longer_with_the_same_begin(
    page: Page, server: Server, made: list[dict[str, Any]]
) -> None:
    first = made[0]["id"]
    earlier = {line["id"] for line in server.renders()}
    page.goto(page.url + f"?render={first}")
    details(page).get_by_role("button", name="again", exact=True).click()
    details(page).get_by_role("button", name="twice as long").click()

    def new() -> Any:
        lines = [line for line in server.renders() if line["id"] not in earlier]
        return lines if len(lines) == 2 else None

    again, longer = sorted(until(new, "both are made"), key=lambda line: float(line["duration_s"]))
    sound = sound_of(server, first)
    np.testing.assert_array_equal(sound_of(server, again["id"]), sound)
    long = sound_of(server, longer["id"])
    assert len(long) == 2 * len(sound)
    half = len(sound) // 2
    np.testing.assert_allclose(long[:half], sound[:half], atol=1e-4)
    expect(rows(page)).to_have_count(len(earlier) + 2)


def test_a_sound_leaves_in_each_format(
    page: Page, server: Server, made: list[dict[str, Any]], tmp_path: Path
) -> None:
    page.goto(page.url + f"?render={made[0]['id']}")
    sound = sound_of(server, made[0]["id"])
    details(page).get_by_role("button", name="download").click()
    for name in ("WAV", "AIFF", "FLAC", "MP3", "OPUS", "OGG", "CODES"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        if name == "CODES":
            assert load_codes(path).codes.shape[1] == 3
            continue
        exported, rate = sf.read(path)
        assert (rate, len(exported)) == (SAMPLE_RATE, len(sound))
        likeness = np.corrcoef(exported, sound)[0, 1]
        assert likeness > (0.8 if name in ("OGG", "OPUS", "MP3") else 0.9999), name
    page.get_by_label("sample rate").select_option("44.1 kHz")
    details(page).get_by_label("loudness").select_option("−23 LUFS")
    with page.expect_download() as download:
        page.get_by_role("link", name="WAV", exact=True).click()
    download.value.save_as(tmp_path / "other.wav")
    other = sf.info(tmp_path / "other.wav")
    assert (other.samplerate, other.frames) == (44_100, round(len(sound) * 0.91875))


# --- beside the recording -------------------------------------------------------------------------


@pytest.fixture
def copy(server: Server, studio: Studio, corpus_dir: Path, made: list[dict[str, Any]]) -> str:
    """Id of a render that holds 0.3 s of a recording, with the report that says so."""
    # Once the corpus was scanned, its recordings are found by their content.
    server.sound(studio.corpus, "pluck 7.wav")
    line = server.takes(1, seed=9, duration=0.5)[0]
    record = next(studio.workspace.hidden.rglob(f"renders/*/{line['id']}.json"))
    content = json.loads(record.read_text())
    name = "high/pluck 7.wav"
    recording, _ = sf.read(corpus_dir / name)
    sound = np.zeros(round(0.5 * SAMPLE_RATE))
    at, source = round(OUTPUT_S * SAMPLE_RATE), round(SOURCE_S * SAMPLE_RATE)
    length = round(CUT_S * SAMPLE_RATE)
    sound[at : at + length] = CUT_GAIN * recording[source : source + length]
    path = studio.workspace.root / content["path"]
    sf.write(path, sound, SAMPLE_RATE)
    content |= {"sha256": file_hash(path), "bytes": path.stat().st_size}
    passage = {"seconds": CUT_S, "output_s": OUTPUT_S, "source": name, "source_s": SOURCE_S}
    content["copy"] = (content["copy"] or {}) | {"passage_percent": 60.0, "repeats": [passage]}
    record.write_text(json.dumps(content))
    return str(line["id"])


@speaker.LISTEN
def test_a_repeated_passage_is_heard_beside_its_recording_at_the_places_that_are_named(
    open_tab: OpenTab, server: Server, copy: str, corpus_dir: Path
) -> None:
    page = open_tab(f"/library?render={copy}")
    mark = details(page).get_by_role("button", name=re.compile(r"pluck 7\.wav from 0\.20 s"))
    expect(mark).to_contain_text("0.05 s")
    page.keyboard.press("l")
    with (
        page.expect_response(re.compile(rf"/loudness\?start={OUTPUT_S:.4f}&")),
        page.expect_response(re.compile(rf"/loudness\?start={SOURCE_S:.4f}&")),
    ):
        mark.click()
    sides = page.get_by_role("group", name="Side that is heard")
    expect(sides.get_by_role("button", name=re.compile("^B: .*pluck 7.wav"))).to_be_visible()
    recording, _ = sf.read(corpus_dir / "high/pluck 7.wav")
    begin = round(SOURCE_S * SAMPLE_RATE)
    heard = speaker.wait_for_sound(page, 0.1)[480:2880]
    # What the render has there is what the recording has: it was cut from it.
    assert speaker.likeness(heard, sound_of(server, copy)) > 0.99
    page.keyboard.press("b")
    expect(sides.get_by_role("button", name=re.compile("^B: "))).to_have_attribute(
        "aria-pressed", "true"
    )
    # The passage alone goes round: from the place that is named, as long as it is.
    since = speaker.now(page)
    period = round(CUT_S * SAMPLE_RATE)
    loop = until(lambda: _enough(page, since, 3 * period), "three rounds of the loop")
    np.testing.assert_allclose(loop[-period:], loop[-2 * period : -period], atol=1e-5)
    passage = recording[begin : begin + period]
    assert speaker.likeness(loop[-period:], np.concatenate([passage, passage])) > 0.99
    # The recording is as loud as the passage of the render, which is the softer one.
    volume = float(page.get_by_role("slider", name="Volume").input_value())
    rms = [float(np.sqrt(np.mean(np.square(sound)))) for sound in (loop[-period:], passage)]
    assert rms[0] / rms[1] == pytest.approx(volume * CUT_GAIN, rel=0.02)


def _enough(page: Page, since: int, count: int) -> Any:
    heard = speaker.samples(page, since)
    return heard if len(heard) >= count else None
