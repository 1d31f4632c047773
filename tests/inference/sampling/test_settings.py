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
    {"nearness": -0.1},
    {"nearness": 1.1},
    {"swing": 1.5},
    {"form_variation": -1.0},
    {"tempo": 19.0},
    {"tempo": 401.0},
    {"tempo": float("nan")},
    {"form": "A B"},
    {"form": "aaba"},
    {"form": "ÄB"},
    {"form": 65 * "A"},
    {"free_time": True, "tempo": 120.0},
    {"free_time": True, "swing": 0.5},
    {"free_time": True, "form": "AB"},
]


@pytest.mark.parametrize("bad", NONSENSE)
def test_nonsense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Sampling(**bad)
