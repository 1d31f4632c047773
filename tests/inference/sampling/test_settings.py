"""Sampling settings are checked where they are made."""

from typing import Any

import pytest

from distill.errors import UsageError
from distill.inference.sampling.settings import Sampling

NONSENSE: list[dict[str, Any]] = [
    {"temperature": -1},
    {"temperature": 11},
    {"top_p": 0},
    {"top_p": 1.1},
    {"top_k": -1},
    {"lead_in": -1},
    {"lead_in": 61},
    {"lead_in": 0, "like": "drums"},
    {"free_levels": 0},
    {"closeness": -0.1},
    {"closeness": 1.1},
]


@pytest.mark.parametrize("bad", NONSENSE)
def test_nonsense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Sampling(**bad)
