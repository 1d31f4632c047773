"""Waiting for something that another process does."""

import time
from collections.abc import Callable
from typing import Any

WAIT_S = 120.0
"""Seconds after which a test counts as hanging."""


def until(holds: Callable[[], Any], what: str, wait_s: float = WAIT_S) -> Any:
    """The first value of a function, asked again and again, that is neither None nor False.

    Args:
        holds: The function.
        what: Says in the message what was waited for.
        wait_s: Seconds after which it has failed.
    """
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        value = holds()
        if value is not None and value is not False:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {wait_s:.0f} s")
