"""`distill` in forked processes: nothing is loaded anew for each, and each may be killed.

The process that forks has loaded all of Distill and has computed nothing: PyTorch's threads do not
survive a fork.
"""

import functools
import importlib
import multiprocessing
import os
import pkgutil
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import distill
from distill.cli import main

GRACE_S = 120.0
"""Longest that a command may take here, in s, unless a trial says less."""

MEMORY_FUSE = 6 << 30
"""Bytes of address space that a command may add: what takes more ends in a traceback, and the
machine lives."""

LOGS = ("stdout", "stderr", "numbers")
"""Files that a process leaves for the one that started it."""

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.link")
"""Audit events that change a folder; files that are opened come beside them."""

_fork = multiprocessing.get_context("fork")


class Death(NamedTuple):
    """When a process is killed; all fields None: never.

    Attributes:
        after_s: Seconds after its start.
        at_operation: At this operation on files, counted from 1, before it is done.
        at_byte: When a file grows beyond so many bytes.
    """

    after_s: float | None = None
    at_operation: int | None = None
    at_byte: int | None = None


ALIVE = Death()
"""The process is not killed."""

Deed = Callable[[], object]
"""What a process does; it ends as `distill` does."""


class Ended(NamedTuple):
    """A command that has ended.

    Attributes:
        code: Exit code; minus the number of the signal that killed it; None after `GRACE_S`.
        stdout: Text on stdout.
        stderr: Text on stderr.
        seconds: Time from start to end.
        operations: Operations on files; 0 for a killed one.
        added_bytes: Most memory beyond that of the start; 0 for a killed one.
    """

    code: int | None
    stdout: str
    stderr: str
    seconds: float
    operations: int
    added_bytes: int

    def fault(self, may_fail: bool = False) -> str:
        """A sentence on what no command may do; empty if it ended as commands should."""
        if self.code is None:
            return f"hung for {self.seconds:.0f} s"
        if self.code < 0:
            return f"died of signal {-self.code}"
        if "Traceback" in self.stderr or "Exception ignored" in self.stderr:
            return f"traceback: {self.stderr[-600:]}"
        if self.code and not may_fail:
            return f"exit code {self.code}: {self.stderr[-300:]}"
        if self.code and not (self.stderr + self.stdout).strip():
            return f"exit code {self.code} without a word"
        return ""


class Running:
    """A command that runs in a process of its own.

    Args:
        deed: What it does, such as `command("info", "my.sda")`.
        folder: Its current folder; `folder/cache` is its cache.
        logs: Folder for its output, which the command does not see; `logs/workspace` is its
            workspace.
        death: When it is killed.
        prepare: Called in the new process before the deed.
        environment: Variables that the process gets beside those of this one.
    """

    def __init__(
        self,
        deed: Deed,
        folder: Path,
        logs: Path,
        death: Death = ALIVE,
        prepare: Callable[[], None] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        # A process may be killed before it opens them.
        for name in LOGS:
            (logs / name).write_bytes(b"")
        self.logs = logs
        self.death = death
        self.began = time.monotonic()
        arguments = (deed, folder, logs, death, environment or {}, prepare)
        self.process = _fork.Process(target=_run, args=arguments)
        self.process.start()

    def wait(self, limit_s: float = GRACE_S) -> Ended:
        """Wait for the end, which comes after `limit_s` at the latest."""
        if self.death.after_s is not None:
            self.process.join(max(0.0, self.began + self.death.after_s - time.monotonic()))
            self.process.kill()
        self.process.join(limit_s)
        code = self.process.exitcode
        if code is None:
            self.process.kill()
            self.process.join()
        self.process.close()
        seconds = time.monotonic() - self.began
        operations, added = _read_numbers(self.logs / "numbers")
        return Ended(
            code=code,
            stdout=(self.logs / "stdout").read_text(errors="replace"),
            stderr=(self.logs / "stderr").read_text(errors="replace"),
            seconds=seconds,
            operations=operations,
            added_bytes=added,
        )


@functools.cache
def load_everything() -> None:
    """Import every module of Distill, and what PyTorch imports late."""
    for module in pkgutil.walk_packages(distill.__path__, "distill."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("torch._dynamo")


def command(*arguments: object) -> Deed:
    """The deed of `distill` with these arguments."""

    def main_with_arguments() -> None:
        sys.argv = ["distill", *(str(argument) for argument in arguments)]
        main()

    return main_with_arguments


def run_to_end(deed: Deed, folder: Path, logs: Path, **options: Any) -> Ended:
    """Do a deed to its end; `options` as for `Running`."""
    return Running(deed, folder, logs, **options).wait()


def _run(
    deed: Deed,
    folder: Path,
    logs: Path,
    death: Death,
    environment: dict[str, str],
    prepare: Callable[[], None] | None,
) -> None:
    """Live the life of the new process, from its first step to its end."""
    for number, name in enumerate(LOGS[:2], 1):
        file = os.open(logs / name, os.O_WRONLY)
        os.dup2(file, number)
        os.close(file)
    # As Python opens them; they live as long as the process.
    sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", closefd=False, encoding="utf-8", errors="backslashreplace"
    )
    os.chdir(folder)
    os.environ["DISTILL_CACHE"] = str(folder / "cache")
    # Outside: files in the folder are those of the deed.
    os.environ["DISTILL_WORKSPACE"] = str(logs / "workspace")
    os.environ.update(environment)
    before = _peak_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (_size_bytes() + MEMORY_FUSE, resource.RLIM_INFINITY))
    counter = _arm(death, folder)
    if prepare is not None:
        prepare()
    try:
        deed()
    finally:
        with open(logs / "numbers", "w") as numbers:
            numbers.write(f"{counter.count} {_peak_bytes() - before}")


class _Operations:
    """Counts operations on the files of a folder, and kills the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self.last = last
        self.count = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CHANGES and not (event == "open" and _is_for_writing(arguments)):
            return
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def _is_for_writing(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _arm(death: Death, folder: Path) -> _Operations:
    """Make the process die as `death` says, without a last word."""
    counter = _Operations(death.at_operation)
    sys.addaudithook(counter)
    if death.at_byte is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        limit_file_size(death.at_byte)
    return counter


def limit_file_size(size: int) -> None:
    """Let no file of this process grow beyond `size` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _peak_bytes() -> int:
    # macOS counts bytes, others KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _size_bytes() -> int:
    """Address space of this process; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 40


def _read_numbers(path: Path) -> tuple[int, int]:
    words = path.read_text().split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)
