"""Share of the second model in a sound: frames counted, and distances between spectra."""

import math
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.prior.blending import FrameCount, distance_db
from distill.inference.sampling.event_chooser import Decision
from distill.inference.sampling.event_draw import EventDraw
from distill.settings import SAMPLE_RATE


class Recorded:
    """A draw of three events: of the first model, of the second, of both."""

    def __init__(self) -> None:
        self.bank = self
        self.recording = np.arange(3)
        self.recordings = [self._of(0), self._of(1), self._of(0, 1)]

    @staticmethod
    def _of(*origins: int) -> Any:
        return type("Recording", (), {"origins": origins})


def test_frames_count_for_the_model_that_alone_has_their_recording() -> None:
    count = FrameCount()
    assert math.isnan(count.share)
    draw = cast(EventDraw, Recorded())
    count.add(draw, Decision(0), 30)
    count.add(draw, Decision(1), 10)
    count.add(draw, Decision(2), 7)
    assert count.share == pytest.approx(0.25)
    assert count.both == 7
    # Two events in one slot, the second a bit more.
    count.add(draw, Decision(0, 1, (0.4, 0.5)), 100)
    assert count.frames == pytest.approx([75, 65])


def test_the_distance_of_two_sounds_is_that_of_their_spectra() -> None:
    sound = 0.1 * np.random.default_rng(0).standard_normal((2, SAMPLE_RATE)).astype(np.float32)
    assert distance_db(sound, sound, SAMPLE_RATE) == 0
    assert distance_db(sound, 2 * sound, SAMPLE_RATE) == pytest.approx(6.02, abs=0.01)
    assert distance_db(sound, 2 * sound[:, :-1000], SAMPLE_RATE) == pytest.approx(6.02, abs=0.05)
