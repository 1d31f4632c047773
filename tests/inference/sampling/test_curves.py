import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from distill.errors import UsageError
from distill.inference.sampling.curves import (
    Steering,
    change_steering,
    parse_curve,
    parse_tags,
    steer,
)


@pytest.mark.parametrize(
    ("given", "curve"),
    [
        (80, ((0, 80),)),
        ("80", ((0, 80),)),
        ("0:20,5:90,10:40", ((0, 20), (5, 90), (10, 40))),
        ([10, 20, 30], ((0, 10), (2, 20), (4, 30))),
        (np.array([[0.5, 10], [1, 20]]), ((0.5, 10), (1, 20))),
        (None, ()),
    ],
)
def test_what_may_be_given(given: Any, curve: tuple[tuple[float, float], ...]) -> None:
    assert parse_curve("pitch", given, 4.0) == curve


@pytest.mark.parametrize("given", ["high", "0:20,5", "0:1:2", "", [], [[1, 2, 3]], {"a": 1}])
def test_what_is_no_curve(given: Any) -> None:
    with pytest.raises(UsageError, match="--pitch takes a number"):
        parse_curve("pitch", given, 4.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loudness": 101}, "between 0 and 100"),
        ({"loudness": "-1"}, "between 0 and 100"),
        ({"loudness": "nan"}, "between 0 and 100"),
        ({"loudness": "0:20,5:90,5:40"}, "must increase"),
        ({"loudness": "5:20,0:90"}, "must increase"),
        ({"loudness": "-1:20,0:90"}, "seconds from 0 on"),
        ({"guidance": -1.0}, "--guidance"),
        ({"tags": ["low:0"]}, "--tag low"),
        ({"tags": ["low:much"]}, "drums:0.7"),
    ],
)
def test_what_makes_no_sense(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        steer(None, 4.0, **given)


def test_it_goes_through_a_file() -> None:
    steering = steer(None, 4.0, ["low:0.3", "high"], 2.0, pitch=[1, 2], onsets=5)
    assert Steering.from_dict(json.loads(json.dumps(asdict(steering)))) == steering
    with pytest.raises(ValueError, match="colour"):
        Steering.from_dict({"colour": []})


def test_what_is_not_given_stays_as_it_was() -> None:
    earlier = steer(None, 4.0, {"low": 1}, 2.0, pitch=10, onsets=5)
    assert steer(earlier, 8.0, pitch="20") == steer(None, 4.0, ["low"], 2.0, pitch=20, onsets=5)


def test_the_last_colon_separates_a_weight() -> None:
    assert parse_tags(["a:b:2"]) == (("a:b", 2.0),)


def test_a_change_leaves_what_it_does_not_name_and_none_frees() -> None:
    first = steer(None, 0.0, {"low": 1.0}, 2.0, brightness="0:20,5:90", pitch=30)
    changed = change_steering(first, brightness=70, tags={}, onsets="40")
    assert changed == steer(None, 0.0, None, 2.0, brightness=70, pitch=30, onsets=40)
    free = change_steering(changed, brightness=None, pitch=None, onsets=None, guidance=None)
    assert free == Steering()
    assert change_steering(first) == first
