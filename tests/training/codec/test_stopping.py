"""When to stop, told from curves."""

import math
from collections.abc import Callable

import pytest

from distill.training.codec.stopping import (
    gain,
    has_diverged,
    is_worsening,
    overfits_since,
    should_stop,
)
from distill.training.curves import Point


def curve(
    own: Callable[[float], float], held_out: Callable[[float], float] | None, until: float = 0.5
) -> list[Point]:
    """20 validations over the whole budget, as far as progress `until`; distances are functions of
    progress."""
    points = []
    for i in range(1, round(20 * until) + 1):
        point = {
            "step": 100 * i,
            "progress": i / 20,
            "train_loss": own(i / 20),
            "own_loss": own(i / 20),
        }
        points.append(point | ({"val_loss": held_out(i / 20)} if held_out else {}))
    return points


def power(progress: float) -> float:
    """What real trainings look like: ten times as long, a third less."""
    return 1.6 * progress**-0.17


def flat(progress: float) -> float:
    return 2.0 + 3.0 * math.exp(-40 * progress)


def rising(progress: float) -> float:
    return 2.0 + abs(progress - 0.2)


def test_goes_on_while_either_distance_still_falls() -> None:
    for own, held_out in ((power, power), (power, flat), (flat, power), (power, None)):
        assert not any(should_stop(curve(own, held_out, n / 20)) for n in range(1, 21))


def test_a_real_training_goes_on_to_its_end() -> None:
    """Ten minutes on two threads on loops and pads: distances while training, and of held-out
    sounds."""
    own = (2.742, 2.241, 2.011, 1.887, 1.8, 1.753, 1.718, 1.662, 1.621, 1.587, 1.58, 1.575)
    held_out = (2.717, 2.564, 2.579, 2.525, 2.584, 2.467, 2.486, 2.369, 2.394, 2.32, 2.346, 2.384)
    points = [
        {"step": 338 * i, "progress": i / 12, "own_loss": a, "val_loss": b}
        for i, (a, b) in enumerate(zip(own, held_out, strict=True), 1)
    ]
    assert not any(should_stop(points[:n]) for n in range(1, 13))
    assert gain(points) > 0.05
    assert overfits_since(points) is None


def test_stops_once_both_are_flat() -> None:
    assert not should_stop(curve(flat, flat, 0.3))
    assert should_stop(curve(flat, flat, 0.5))
    assert should_stop(curve(flat, None, 0.5))


def test_stops_when_held_out_sounds_have_long_been_getting_worse() -> None:
    assert not should_stop(curve(power, rising, 0.3))
    points = curve(power, rising, 0.6)
    assert overfits_since(points) == 3
    assert should_stop(points)
    assert overfits_since(curve(power, None, 0.6)) is None


def test_near_the_end_it_is_not_worth_it() -> None:
    assert not should_stop(curve(flat, flat, 0.85))


def test_gain_is_that_of_the_better_distance() -> None:
    assert gain(curve(flat, flat)) == pytest.approx(0, abs=1e-3)
    assert gain(curve(power, flat)) == gain(curve(power, None)) > 0.03
    assert gain(curve(power, None, 0.1)) == 1.0


def test_diverged_is_far_above_the_beginning_or_the_best() -> None:
    points = curve(power, power)
    best = points[-1]["train_loss"]
    assert has_diverged(12.0, [23.0] * 20, [])
    assert not has_diverged(12.0, [23.0] * 19, [])
    assert not has_diverged(12.0, [14.0] * 20, [])
    assert has_diverged(12.0, [2.2 * best] * 20, points)
    assert not has_diverged(12.0, [1.8 * best] * 20, points)
    assert not has_diverged(12.0, [23.0, *[best] * 20], points)


def test_astray_is_worse_than_untrained_or_clearly_worse_than_the_best() -> None:
    points = curve(power, power)
    best = points[-1]["train_loss"]
    assert is_worsening(12.0, [13.0] * 20, [])
    assert not is_worsening(12.0, [11.0] * 20, [])
    assert is_worsening(12.0, [1.3 * best] * 20, points)
    assert not is_worsening(12.0, [1.2 * best] * 20, points)
    assert not is_worsening(math.inf, [], [])
