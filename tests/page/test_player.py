"""The player: loops without a gap, two sides at one instant, formats that browsers do not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from playwright.sync_api import Locator, Page, expect

from distill.audio.level import integrated_loudness
from distill.settings import SAMPLE_RATE
from tests.page import speaker
from tests.page.asking import Server
from tests.page.conftest import OpenTab, Studio
from tests.page.waiting import until

AIFF = "bell.aiff"


@pytest.fixture(scope="module")
def bell(studio: Studio) -> Path:
    """A sound of the corpus in AIFF, which no browser reads: 0.4 s of noise that decays."""
    path = studio.workspace.root.parent / "plucks" / AIFF
    noise = np.random.default_rng(3).standard_normal(round(0.4 * SAMPLE_RATE))
    sf.write(path, 0.1 * noise * np.linspace(1, 0.05, len(noise)), SAMPLE_RATE, "PCM_24")
    return path


@pytest.fixture
def sounds(bell: Path, open_tab: OpenTab, studio: Studio) -> Iterator[Page]:
    """A tab at the sounds of the corpus, AIFF among them."""
    page = open_tab(f"/sounds/{studio.corpus}")
    row_with_length(page, AIFF).wait_for()
    return page


def row_with_length(page: Page, name: str) -> Locator:
    """The row of a sound once its length is there: before that it can be named, not heard."""
    return page.get_by_role("row").filter(has_text=name).filter(has_text="0:00.")


def play(page: Page, name: str) -> None:
    row_with_length(page, name).click()


def wait_for_samples(page: Page, count: int, since: int = 0) -> np.ndarray:
    """So many samples that a tab has played after `since`, as soon as they are there."""

    def heard() -> Any:
        samples = speaker.samples(page, since)
        return samples[:count] if len(samples) >= count else None

    return np.asarray(until(heard, f"{count} samples"))


@speaker.LISTEN
def test_an_aiff_file_is_heard_as_it_is(sounds: Page, bell: Path) -> None:
    play(sounds, AIFF)
    heard = speaker.wait_for_sound(sounds, 0.3)[:9600]
    sound, _ = sf.read(bell)
    assert speaker.likeness(heard, sound) > 0.9999
    assert speaker.place_of(heard, sound) <= 2


@speaker.LISTEN
def test_a_loop_repeats_to_the_sample(sounds: Page, bell: Path) -> None:
    sounds.keyboard.press("l")
    play(sounds, AIFF)
    period = sf.info(bell).frames
    heard = speaker.wait_for_sound(sounds, 4 * period / SAMPLE_RATE)
    assert speaker.likeness(heard[:period], np.tile(sf.read(bell)[0], 2)) > 0.9999
    for n in (1, 2):
        again = heard[n * period : (n + 1) * period]
        np.testing.assert_allclose(again, heard[:period], atol=1e-6)


@speaker.LISTEN
def test_b_is_heard_at_the_same_instant_without_a_gap_and_as_loud(
    open_tab: OpenTab, server: Server
) -> None:
    first, second = server.takes(2, seed=1, duration=1.0)
    page = open_tab("/library")
    page.get_by_title(second["title"], exact=True).click()
    page.keyboard.press("c")
    page.keyboard.press("l")
    page.get_by_title(first["title"], exact=True).click()
    sides = page.get_by_role("group", name="Side that is heard").get_by_role("button")
    expect(sides).to_have_count(2)
    period = SAMPLE_RATE
    sound_a, sound_b = (sound_of(server, line["id"]) for line in (first, second))
    wait_for_loop(page, sound_a)
    since = speaker.now(page)
    wait_for_samples(page, 2 * period, since)
    page.keyboard.press("b")
    expect(sides.last).to_have_attribute("aria-pressed", "true")
    wait_for_samples(page, 2 * period, speaker.now(page))
    stream = speaker.samples(page, since)
    ahead, behind = stream[:period], stream[-period:]
    place_a, gain_a = place_in_loop(ahead, sound_a)
    place_b, gain_b = place_in_loop(behind, sound_b)
    # One instant: both sides have the same place in their sound.
    assert (place_a + len(stream) - period - place_b) % period == 0
    times = np.arange(len(stream)) + place_a
    is_a = np.abs(stream - gain_a * sound_a[times % period]) < 1e-4
    is_b = np.abs(stream - gain_b * sound_b[times % period]) < 1e-4
    last_a = int(np.argmin(is_a))
    first_b = len(stream) - int(np.argmin(is_b[::-1]))
    assert last_a <= first_b <= last_a + round(0.012 * SAMPLE_RATE)
    # Rounds as they began, since loudness is that of blocks of 400 ms.
    rounds = (np.roll(ahead, place_a), np.roll(behind, place_b))
    loudness = [integrated_loudness(sound[None], SAMPLE_RATE) for sound in rounds]
    assert loudness[0] == pytest.approx(loudness[1], abs=0.5)


def wait_for_loop(page: Page, sound: np.ndarray) -> None:
    """Until a tab plays a looped sound: what was chosen before it may be heard at first."""
    length = SAMPLE_RATE // 10
    rounds = np.concatenate([sound, sound])

    def plays() -> bool:
        tail = speaker.samples(page, max(0, speaker.now(page) - length))
        return len(tail) >= length and speaker.likeness(tail[-length:], rounds) > 0.999

    until(plays, "the loop")


def sound_of(server: Server, render: str) -> np.ndarray:
    """The samples of a render, mono."""
    samples, _ = sf.read(server.get(f"/renders/{render}")["file"], always_2d=True)
    return np.asarray(samples.mean(axis=1))


def place_in_loop(heard: np.ndarray, sound: np.ndarray) -> tuple[int, float]:
    """Where one round of a looped sound begins in it, and its gain."""
    place = speaker.place_of(heard, np.concatenate([sound, sound]))
    aligned = np.roll(sound, -place)
    gain = float(heard @ aligned / (aligned @ aligned))
    np.testing.assert_allclose(heard, gain * aligned, atol=1e-4)
    return place, gain
