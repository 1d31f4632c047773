"""The process beside others: its priority, cores and further processes. Free of torch."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from distill.bounds import BOUNDS, check_bound
from distill.errors import UsageError

LOW = 3
"""Niceness of low priority: a busy program of normal priority (0) gets twice as much of a core. At
10, a training beside a program that computes all day would hardly go on, nor stop soon."""

CONTAINER_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Limit of a container (Linux, control groups version 2): processor time granted per period, both
in microseconds, or "max"."""

UPTIME = Path("/proc/uptime")
"""Seconds since the start, and those that all cores together were idle (Linux, proc(5))."""

_LOOK_S = 0.25
"""Seconds between two looks at how long cores were idle, which counts in steps of 10 ms."""

MOST_JOBS = 8
"""Most processes by default: each takes 0.1 GB of memory, and more would wait for the disk."""

_JOBS = "DISTILL_JOBS"


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


def available_cores() -> int:
    """Count the cores that this process may use: those it is bound to, within its container."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = CONTAINER_QUOTA.read_text().split()
        limit = int(quota) // int(period)
    except (OSError, ValueError):
        # No container, or one without a limit ("max").
        return cores
    return max(1, min(cores, limit))


def idle_cores() -> float:
    """Count the cores that other programs leave alone at this moment, in fractions.

    Of the whole machine, whatever the container. Without a way to know, all of them.
    """
    before = _idle_s()
    if before is not None:
        began = time.monotonic()
        time.sleep(_LOOK_S)
        after = _idle_s() or before
        return (after - before) / (time.monotonic() - began)
    cores = os.cpu_count() or 1
    if hasattr(os, "getloadavg"):
        # Of the last minute; it takes a while to rise and fall.
        return max(0.0, cores - os.getloadavg()[0])
    return float(cores)


def _idle_s() -> float | None:
    """Seconds that all cores together have been idle since the machine started (Linux)."""
    try:
        _, idle_s = UPTIME.read_text().split()
        return float(idle_s)
    except (OSError, ValueError):
        return None


def default_jobs() -> int:
    """Processes that read sounds: `$DISTILL_JOBS`, else one a core, at most `MOST_JOBS`.

    Raises:
        UsageError: If the variable is no whole number within the bounds of `--jobs`.
    """
    text = os.environ.get(_JOBS)
    if not text:
        return min(available_cores(), MOST_JOBS)
    limits = BOUNDS["--jobs"]
    if not text.isdecimal() or not limits.least <= int(text) <= limits.most:
        raise UsageError(
            f"{_JOBS} must be a whole number from {limits.least} to {limits.most}, not '{text}'."
        )
    return int(text)


@contextmanager
def using_jobs(jobs: int | None) -> Iterator[None]:
    """Let `default_jobs` be `jobs` for the length of the block, in processes started there too.

    None changes nothing.

    Raises:
        UsageError: If `jobs` is out of the bounds of `--jobs`.
    """
    check_bound("--jobs", jobs)
    before = os.environ.get(_JOBS)
    if jobs is not None:
        os.environ[_JOBS] = str(jobs)
    try:
        yield
    finally:
        if before is not None:
            os.environ[_JOBS] = before
        elif jobs is not None:
            del os.environ[_JOBS]
