"""Entries of files against the types that their readers rely on."""

from typing import Any

import pytest
import torch

from distill.models.plain_types import Array, Choice, find_fault, maybe

TYPES = {
    "name": str,
    "steps?": maybe(int),
    "curve?": [{"loss": float}],
    "codes?": Array(2, whole=True),
    "stereo?": Choice(({"side": [float]}, None)),
}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a"},
        {"name": "a", "steps": None, "more": object()},
        {"name": "a", "steps": 3, "curve": [{"loss": 1}, {"loss": 0.5}]},
        {"name": "a", "codes": torch.zeros(3, 2, dtype=torch.uint8), "stereo": {"side": [1.0]}},
    ],
)
def test_right_entries_have_no_fault(value: dict[str, Any]) -> None:
    assert find_fault(value, TYPES, "metadata") is None


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (7, "metadata"),
        ({}, "metadata.name"),
        ({"name": 3}, "metadata.name"),
        ({"name": "a", "steps": True}, "metadata.steps"),
        ({"name": "a", "steps": 2**63}, "metadata.steps"),
        ({"name": "a", "steps": -1}, "metadata.steps"),
        ({"name": "a", "steps": 1.5}, "metadata.steps"),
        ({"name": "a", "curve": {}}, "metadata.curve"),
        ({"name": "a", "curve": [{"loss": 1.0}, {"loss": "x"}]}, "metadata.curve[1].loss"),
        ({"name": "a", "curve": [{"loss": 2**70}]}, "metadata.curve[0].loss"),
        ({"name": "a", "codes": torch.zeros(3)}, "metadata.codes"),
        ({"name": "a", "codes": torch.zeros(3, 2)}, "metadata.codes"),
        ({"name": "a", "codes": torch.zeros(3, 2, dtype=torch.bool)}, "metadata.codes"),
        ({"name": "a", "stereo": {"side": 1.0}}, "metadata.stereo.side"),
    ],
)
def test_the_first_fault_is_named(value: Any, fault: str) -> None:
    assert find_fault(value, TYPES, "metadata") == fault
