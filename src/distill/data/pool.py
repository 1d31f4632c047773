"""Processes that fill the sound cache ahead of a scan: it finds there what it needs.

The scan itself does all in its own order, so that its result does not depend on their number. What
a process cannot do (a broken file, a full disk), the scan meets again, and says in its own words.
The processes are plain commands: those of `multiprocessing` would run the caller's script again.
"""

import json
import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from distill.cancellation import check_cancellation

WORKER = "distill.data.worker"
"""Module that each process runs."""

LEAST_S = 1.5
"""Estimated seconds of work for which a process is started: to load its libraries takes one."""

_LOOK_S = 0.1
"""Seconds between two looks whether the scan is to be left."""

_PATIENCE_S = 1.0
"""Seconds that processes have to remove their half-written files; then they are killed."""

_ON_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Variables for the processes: together they fill the cores already."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Task:
    """Work for a process.

    Attributes:
        order: Words for `distill.data.worker`, as JSON can hold them.
        seconds: About how long it takes.
    """

    order: dict[str, Any]
    seconds: float


class Pool:
    """Processes, started once there is enough to do; they end with the block.

    Args:
        jobs: Processes at most. With one, the caller does all the work itself.

    Example:
        with Pool(jobs=4) as pool:
            wait = pool.begin({path: sound_task(path, 1) for path in paths})
            for path in paths:
                wait(path)
                sound = cached_sound(path)
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._processes: list[_Process] = []
        # None once all have ended.
        self._idle: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        # A thread waits for the answer of each process: on Windows, pipes know no other way.
        self._threads = ThreadPoolExecutor(max_workers=jobs)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            for process in self._processes:
                process.ask_to_end()
        finally:
            deadline = time.monotonic() + _PATIENCE_S
            for process in self._processes:
                process.end(deadline)
            self._threads.shutdown(cancel_futures=True)

    def begin(self, tasks: Mapping[Key, Task]) -> Callable[[Key], None]:
        """Begin with tasks, in their order.

        Returns:
            A function that waits until the task of a key is done, well or not. It returns at once
            where there is none, or no process to do it.
        """
        self._start(sum(task.seconds for task in tasks.values()))
        pending: dict[Key, Future[None]] = {}
        if self._processes:
            pending = {key: self._threads.submit(self._do, t.order) for key, t in tasks.items()}

        def wait(key: Key) -> None:
            future = pending.pop(key, None)
            while future is not None:
                check_cancellation()
                with suppress(TimeoutError):
                    future.result(timeout=_LOOK_S)
                    return

        return wait

    def _start(self, seconds: float) -> None:
        """Start as many processes as are worth it for so many seconds of work."""
        count = min(self._jobs, int(seconds / LEAST_S))
        if count < 2:
            return
        # Where none can be started, the caller does the work.
        with suppress(OSError):
            for _ in range(count - len(self._processes)):
                process = _Process()
                self._processes.append(process)
                self._idle.put(process)

    def _do(self, order: dict[str, Any]) -> None:
        process = self._idle.get()
        if process is not None:
            process.do(order)
        if process is None or not process.has_ended:
            self._idle.put(process)
        elif all(process.has_ended for process in self._processes):
            self._idle.put(None)


class _Process:
    """One process, which does one task at a time.

    Attributes:
        has_ended: Whether it was found to have ended in the midst of a task.
    """

    def __init__(self) -> None:
        self.has_ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # The scan says what is wrong.
            stderr=subprocess.DEVNULL,
            env=os.environ | _ON_ONE_THREAD,
        )

    def do(self, order: dict[str, Any]) -> None:
        """Do a task; returns once it is done, or the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        answer = b""
        with suppress(OSError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        self.has_ended = not answer

    def ask_to_end(self) -> None:
        """Ask it to leave its task and end."""
        self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait until it has ended, and make it end at a `deadline` on the monotonic clock."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            # What lies in a pipe whose other end is gone is lost.
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
