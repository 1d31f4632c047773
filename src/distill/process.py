"""The priority of the process beside other programs. Free of torch."""

import os
from enum import StrEnum

LOW = 3
"""Niceness of low priority: a busy program of normal priority (0) gets twice as much of a core. At
10, a training beside a program that computes all day would hardly go on, nor stop soon."""


class Priority(StrEnum):
    """Priority of a training beside other programs."""

    LOW = "low"
    NORMAL = "normal"


def set_priority(priority: Priority) -> None:
    """Let other programs go first, for good, if `priority` is low; does nothing on Windows.

    On Linux, only threads that start later follow: call it before torch loads.
    """
    if priority == Priority.LOW and hasattr(os, "nice"):
        # No lower than it is already.
        os.nice(max(0, LOW - os.nice(0)))
