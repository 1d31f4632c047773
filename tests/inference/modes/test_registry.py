"""Every mode declares itself, and completes its requests."""

import numpy as np
import pytest

from distill.errors import UsageError
from distill.inference.modes.base import Mode, SequentialMode
from distill.inference.modes.registry import MODES, complete, mode_of
from distill.inference.modes.request import (
    DEFAULT_AMOUNT,
    ModeSettings,
    Request,
    Source,
)
from distill.inference.modes.traits import TRAITS
from distill.inference.sampling.curves import Steering
from distill.inference.sampling.settings import Sampling
from distill.settings import SAMPLE_RATE

SOURCE = Source("tone.wav", "ab", np.zeros((1, 2 * SAMPLE_RATE), np.float32))
WITH_SOURCE = [mode for mode in MODES.values() if mode.traits.takes_source]


def request(cls: type[Mode], **changes: object) -> Request:
    """A request that the mode `cls` can complete."""
    numbers = {"start": 0.5, "stop": 1.0} if "start" in cls.traits.settings else {}
    source = SOURCE if cls.traits.takes_source else None
    values = {"mode": ModeSettings(cls.traits.kind, **numbers), "source": source}
    return Request(**(values | changes))


def subclasses(of: type) -> set[type]:
    result = set(of.__subclasses__())
    return result.union(*map(subclasses, result))


def test_every_mode_is_registered() -> None:
    """Kinds are written into sound files: they must stay."""
    assert set(MODES) == {"new", "continue", "one-shot", "loop", "variation", "infill"}
    assert tuple(MODES) == tuple(TRAITS)
    assert subclasses(Mode) - {SequentialMode} == set(MODES.values())
    assert mode_of(ModeSettings()).traits.option == ""


def test_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="backwards"):
        complete(Request(mode=ModeSettings("backwards")))


@pytest.mark.parametrize("mode", MODES.values())
def test_a_complete_request_stays_as_it_is(mode: type[Mode]) -> None:
    once = complete(request(mode))
    repeat = complete(once)
    assert repeat.source is once.source
    assert (repeat.mode, repeat.duration) == (once.mode, once.duration)


@pytest.mark.parametrize("mode", WITH_SOURCE)
def test_a_source_is_recorded_and_gives_its_length(mode: type[Mode]) -> None:
    completed = complete(request(mode, duration=7.0))
    assert (completed.mode.source, completed.mode.source_hash) == ("tone.wav", "ab")
    assert completed.duration == (2.0 if mode.traits.lasts_as_source else 7.0)
    with pytest.raises(UsageError, match=f"{mode.traits.option} needs a sound file"):
        complete(request(mode, source=None))
    with pytest.raises(UsageError, match="leave out --like"):
        complete(request(mode, sampling=Sampling(like="low")))


def test_the_usual_amount_of_a_variation() -> None:
    assert complete(request(MODES["variation"])).mode.amount == DEFAULT_AMOUNT
    none = ModeSettings("variation", amount=0.0)
    assert complete(request(MODES["variation"], mode=none)).mode.amount == 0


def test_a_loop_takes_no_curve() -> None:
    with pytest.raises(UsageError, match="give --pitch one value"):
        complete(request(MODES["loop"], steering=Steering(pitch=((0.0, 20.0), (1.0, 30.0)))))


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (None, 1.0, "needs --from and --to"),
        (0.5, 2.01, r"past the end: 'tone.wav' lasts 2\.00 s"),
        (0.0, 2.0, "would be left to hear"),
    ],
)
def test_a_gap_lies_in_its_source(start: float | None, stop: float, message: str) -> None:
    gap = ModeSettings("infill", start=start, stop=stop)
    with pytest.raises(UsageError, match=message):
        complete(request(MODES["infill"], mode=gap))
