"""Requests, their defaults and ranges; free of torch."""

import subprocess
import sys

import numpy as np
import pytest

from distill.errors import UsageError
from distill.inference.modes.request import ModeSettings, Request, Source
from distill.inference.sampling.settings import Sampling

HEAVY = {"torch", "numpy", "scipy", "soundfile"}


def test_defaults_are_those_of_a_new_sound() -> None:
    request = Request()
    assert (request.duration, request.seed, request.count) == (10.0, 0, 1)
    assert (request.sampling, request.mode) == (Sampling(), ModeSettings(kind="new"))
    assert {request.source, request.steering, request.max_copy, request.gain} == {None}


def test_a_request_loads_nothing_heavy() -> None:
    code = "import sys, distill.inference.modes.request; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "distill.inference.modes.request" in result.stdout.split()
    assert HEAVY & set(result.stdout.split()) == set()


def test_a_source_lasts_as_long_as_its_samples() -> None:
    assert Source("a.wav", "aa", np.zeros((2, 72_000), np.float32)).seconds == 1.5


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"amount": 1.1}, "--amount must lie between 0 and 1"),
        ({"amount": float("nan")}, "--amount must lie between 0 and 1"),
        ({"start": -0.1}, "from 0 on"),
        ({"start": float("inf")}, "from 0 on"),
        ({"start": 2.0, "stop": 2.0}, "let --from be before --to"),
        ({"stop": float("nan")}, "let --from be before --to"),
    ],
)
def test_numbers_out_of_range(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ModeSettings(**numbers)
