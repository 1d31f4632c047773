"""The process beside other programs: how its threads wait, and its priority. Free of torch."""

import os
from enum import StrEnum

SHORT_WAITS = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
"""How long a thread that waits for others keeps its core busy, for the OpenMP libraries of PyTorch.

10,000 turns (about 0.4 ms) of GNU's, on Linux: as fast as its own 12 ms on an idle machine, and not
stuck on a busy one; see docs/log. 1 ms of Intel's and LLVM's, elsewhere, in place of 200 ms: by
analogy.
"""

WAIT_SETTINGS = ("OMP_WAIT_POLICY", *SHORT_WAITS)
"""Settings by which users say themselves how threads wait."""

LOW = 3
"""Niceness of low priority: a busy program of normal priority (0) gets twice as much of a core. At
10, a training beside a program that computes all day would hardly go on, nor stop soon."""


def wait_briefly() -> None:
    """Let waiting threads soon give up their core, unless the user has set how they wait.

    OpenMP reads its settings once: call it before torch loads.
    """
    if not any(name in os.environ for name in WAIT_SETTINGS):
        os.environ.update(SHORT_WAITS)


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
