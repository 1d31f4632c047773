"""Messages between the player and its process: one that cannot be sent or read is one sentence."""

import json

import numpy as np
import pytest

from distill.errors import UsageError
from distill.library.player_messages import encode_order, refusal_of
from distill.library.player_requests import Stream


def test_an_order_is_a_line_and_curves_are_lists() -> None:
    line = encode_order("a", Stream("my.sda", {"brightness": np.array([1.0, 2.0])}), None, 8)
    assert line.count(b"\n") == 1
    assert json.loads(line)["request"]["settings"] == {"brightness": [1.0, 2.0]}


def test_a_request_that_json_cannot_hold_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    for value in (object(), {1, 2}, b"x", 1j, loop):
        with pytest.raises(UsageError, match="cannot send this request"):
            encode_order("a", Stream("my.sda", {"seed": value}), None, 8)


@pytest.mark.parametrize(
    ("line", "task_id"),
    [
        (b'{"type": "run", "id": "a"}\n', "a"),
        (b'{"type": "cancel", "id": "a"}\n', None),
        (b"[]\n", None),
        (b"{\n", None),
        (b"[" * 100_000, None),
        (b"\xff\n", None),
    ],
)
def test_a_refusal_ends_the_task_that_the_line_begins_and_no_other(
    line: bytes, task_id: str | None
) -> None:
    refusal = refusal_of(line, KeyError("request"))
    assert (refusal["type"], refusal["id"]) == ("failed", task_id)
    assert refusal["sentence"].count("\n") == 0
