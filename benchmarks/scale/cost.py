"""Cost of a command: processor time, time on the clock, and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.common import MemoryWatch


class Cost(NamedTuple):
    """Cost of a command.

    Attributes:
        cpu_s: Processor time in s, that of the processes it starts included.
        wall_s: Time on the clock in s, which depends on what else the machine does.
        peak_mb: Peak anonymous memory in MB of the command itself.
        load: Processes that wanted a core in the last minute, as the system counts them.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cpu_s:.1f} s of processor time, {self.wall_s:.1f} s on the clock "
            f"(load {self.load:.1f}), {self.peak_mb:.0f} MB"
        )


def cost_of(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, with more variables of the environment. POSIX only."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | dict(variables or {})
    )
    watch = MemoryWatch(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    # Else `Popen` would wait for a process that is gone.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.perf_counter() - began,
        peak_mb=watch.peak_mb,
        load=os.getloadavg()[0],
    )
