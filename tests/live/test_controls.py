"""Controls by name and range, and the box that threads fill."""

import math

import pytest

from distill.errors import UsageError
from distill.live.controls import MOST_NOTES, Control, ControlBox, read_control


@pytest.mark.parametrize(
    ("name", "values", "value"),
    [
        ("brightness", [80], 80.0),
        ("pitch", [], None),
        ("pitch", ["free"], None),
        ("temperature", [0.5], 0.5),
        ("level", [-6], -6.0),
        ("seed", [7.0], 7.0),
        ("record", [True], 1.0),
        ("tag", ["drums", 0.7], ("drums", 0.7)),
        ("tag", ["drums"], ("drums", 1.0)),
        ("note", [60, 100], (60.0, 100.0)),
    ],
)
def test_controls_are_read(name: str, values: list[object], value: object) -> None:
    assert read_control(name, values) == Control(name, value)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("colour", [1], "no control 'colour'"),
        ("brightness", [101], "between 0 and 100"),
        ("brightness", [math.nan], "between 0 and 100"),
        ("brightness", ["loud"], "takes a number"),
        ("brightness", [1, 2], "one number"),
        ("temperature", [], "one number"),
        ("level", [math.inf], "between -80 and 12"),
        ("tag", [3], "a name and a weight"),
        ("tag", ["drums", 2], "between 0 and 1"),
        ("note", [60], "a number and a velocity"),
        ("note", [200, 1], "between 0 and 127"),
    ],
)
def test_what_is_no_control_is_refused(name: str, values: list[object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_control(name, values)


def test_the_last_value_of_a_control_counts_and_all_notes_do() -> None:
    box = ControlBox()
    for value in range(100):
        box.put(Control("brightness", float(value)))
        box.put(Control("note", (60.0, 1.0)))
    box.put(Control("tag", ("low", 1.0)))
    box.put(Control("tag", ("high", 1.0)))
    taken = box.take()
    assert taken[:3] == [
        Control("brightness", 99.0),
        Control("tag", ("low", 1.0)),
        Control("tag", ("high", 1.0)),
    ]
    assert taken[3:] == [Control("note", (60.0, 1.0))] * MOST_NOTES
    assert box.take() == []
