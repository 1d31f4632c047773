"""All that a tab sends to the speaker: its samples, not a claim that something plays."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.page.waiting import until

HERE = Path(__file__).parent

AUDIBLE = 1e-3
"""Amplitude from which a sample counts as sound: -60 dBFS."""


LISTEN = pytest.mark.parametrize("context", [{"bypass_csp": True}], indirect=True)
"""Tests that listen: the policy of the page lets no script of another address into its audio."""


def tap(context: BrowserContext) -> None:
    """Keep what the tabs of a browser play, from their first script on."""
    worklet = (HERE / "tap-worklet.js").read_text()
    context.add_init_script(f"window.tapWorklet = {json.dumps(worklet)};")
    context.add_init_script(path=HERE / "tap.js")


def now(page: Page) -> int:
    """Samples that a tab has played so far, silence among them."""
    return int(page.evaluate("heard.length"))


def samples(page: Page, since: int = 0) -> np.ndarray:
    """Samples that a tab has played, mono, `[N]`."""
    content = base64.b64decode(page.evaluate("since => heardFrom(since)", since))
    return np.frombuffer(content, dtype=np.float32)


def rate(page: Page) -> int:
    """Sample rate of what a tab plays, in Hz."""
    return int(page.evaluate("heard.rate"))


def wait_for_sound(page: Page, seconds: float = 0.1, since: int = 0) -> np.ndarray:
    """The samples from the first audible one on, once so many seconds of them are there."""

    def sound() -> np.ndarray | None:
        heard = samples(page, since)
        audible = np.flatnonzero(np.abs(heard) > AUDIBLE)
        if not len(audible) or len(heard) - audible[0] < seconds * rate(page):
            return None
        return heard[audible[0] :]

    return np.asarray(until(sound, "sound"))


def likeness(heard: np.ndarray, sound: np.ndarray) -> float:
    """Highest correlation of a stretch that was heard with any place of a sound, at most 1.

    Args:
        heard: `[N]`.
        sound: `[M]`, longer than `heard`, at the same rate.
    """
    return float(np.max(_likenesses(heard, sound)))


def place_of(heard: np.ndarray, sound: np.ndarray) -> int:
    """The sample of a sound at which it is most like a stretch that was heard."""
    return int(np.argmax(_likenesses(heard, sound)))


def _likenesses(heard: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Correlation of `heard` with each place of `sound`."""
    n = 1 << (len(heard) + len(sound)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, n) * np.conj(np.fft.rfft(heard, n)), n)
    places = product[: len(sound) - len(heard) + 1]
    squares = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    powers = squares[len(heard) :] - squares[: len(squares) - len(heard)]
    scale = np.sqrt(np.maximum(powers, 1e-9) * np.sum(heard.astype(np.float64) ** 2))
    return np.asarray(places / scale)


def wait_for_silence(page: Page, seconds: float = 0.1) -> None:
    """Until a tab has been silent for so many seconds."""

    def is_silent() -> bool:
        length = round(seconds * rate(page))
        tail = samples(page, max(0, now(page) - length))
        return len(tail) >= length and bool(np.max(np.abs(tail)) < AUDIBLE)

    until(is_silent, "silence")
