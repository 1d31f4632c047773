"""Processes of a server that are forked in place of being started: PyTorch takes seconds to load.

A nursery is a process with one thread that has loaded all of Distill. It forks whoever is asked
for: the server, and for that its player and its jobs. They run the same modules with the same
arguments, pipes and folders as processes of their own; `subprocess.Popen` asks the nursery.
"""

import gc
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

LOOK_S = 0.01
"""Seconds between two looks whether a process has ended."""

LARGEST_ORDER = 1 << 16
"""Bytes of an order, at most."""

_fork = multiprocessing.get_context("fork")

_PYTHON_OPTIONS = ("-P", "-m")
"""What stands before the name of a module in the commands of Distill."""


class Child(subprocess.Popen):  # type: ignore[type-arg]
    """A process that the nursery forks; it is used as one that was started.

    Args:
        command: Python, its options, the module and its arguments.
        stdin: As for `Popen`.
        stdout: As for `Popen`.
        stderr: As for `Popen`.
        start_new_session: Ignored: no terminal is near.
    """

    line: socket.socket
    """Takes the orders for the nursery; set in every process that it forks."""

    def __init__(  # Not that of `Popen`, which would start a process.
        self,
        command: Sequence[str],
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        start_new_session: bool = False,
    ) -> None:
        self.args = command
        self.returncode = None
        self._lock = threading.Lock()
        ends = [_end(given, number) for number, given in enumerate((stdin, stdout))]
        self.stdin, self.stdout = (own for own, _ in ends)
        self.stderr = None
        files = [other for _, other in ends]
        files.append(files[1] if stderr == subprocess.STDOUT else stderr.fileno())
        self._answers, answers = socket.socketpair()
        words = command[1 + len(_PYTHON_OPTIONS) :]
        order = json.dumps({"words": words}).encode()
        socket.send_fds(self.line, [order], [*files, answers.fileno()])
        answers.close()
        for given, (_, other) in zip((stdin, stdout), ends, strict=True):
            if isinstance(given, int):
                os.close(other)
        self.pid = json.loads(_line_of(self._answers))

    def poll(self) -> int | None:
        """The exit code; None while it lives."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and give the exit code."""
        if self.returncode is None:
            # Several threads may wait.
            ready, _, _ = select.select([self._answers], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            with self._lock:
                if self.returncode is None:
                    # Without an answer the nursery is gone, and all its processes with it.
                    self.returncode = int(_line_of(self._answers) or -signal.SIGKILL)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def __del__(self, *_: object) -> None:
        """Nothing is left to do: the nursery waits for it."""


def _end(given: Any, number: int) -> tuple[IO[bytes] | None, int]:
    """The end of a pipe that is kept, and the file that the process gets."""
    if given == subprocess.PIPE:
        reading, writing = os.pipe()
        if number == 0:
            return os.fdopen(writing, "wb"), reading
        return os.fdopen(reading, "rb"), writing
    if given == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    return None, given.fileno()


def _line_of(answers: socket.socket) -> bytes:
    content = b""
    while not content.endswith(b"\n"):
        more = answers.recv(64)
        if not more:
            break
        content += more
    return content


# --- the nursery ----------------------------------------------------------------------------------


class Member(NamedTuple):
    """A process of the nursery: its id and its module."""

    pid: int
    module: str


class Nursery:
    """A nursery, from the process that makes a trial. Use as a context manager.

    Args:
        folder: Current folder of all its processes.
        environment: Variables of all its processes.
        prepare: Called once in the nursery.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str], prepare: Callable[[], None]
    ) -> None:
        self.folder = folder
        self._members = folder / "members"
        inner, self.line = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._process = _fork.Process(
            target=_serve, args=(inner, self.line, folder, environment, prepare, self._members)
        )
        self._members.write_text("[]")
        self._process.start()
        inner.close()

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.line.send(b"end")
        self._process.join()
        self.line.close()

    def start(self, words: Sequence[str], log: Path) -> Child:
        """Start `python -m` with these words; what it prints goes into `log`."""
        Child.line = self.line
        command = [sys.executable, *_PYTHON_OPTIONS, *words]
        with open(log, "ab") as file:
            return Child(command, subprocess.DEVNULL, file, subprocess.STDOUT)

    def members(self) -> list[Member]:
        """Processes that live."""
        return [Member(*entry) for entry in json.loads(self._members.read_text())]


def _serve(
    line: socket.socket,
    outer: socket.socket,
    folder: Path,
    environment: dict[str, str],
    prepare: Callable[[], None],
    members: Path,
) -> None:
    """Fork whoever is asked for, until the trial is over."""
    os.chdir(folder)
    os.environ.update(environment)
    prepare()
    # Collections would copy the pages of all that is loaded, in each process.
    gc.collect()
    gc.freeze()
    Child.line = outer
    subprocess.Popen = Child  # type: ignore[misc]
    parent = os.getppid()
    living: list[tuple[Any, str, socket.socket]] = []
    while os.getppid() == parent:
        ready, _, _ = select.select([line], [], [], LOOK_S)
        order, files = socket.recv_fds(line, LARGEST_ORDER, 4)[:2] if ready else (b"", [])
        if order == b"end":
            break
        if order:
            living.append(_bear(json.loads(order)["words"], files, line))
        rest = [entry for entry in living if not _has_ended(entry)]
        if order or len(rest) < len(living):
            living = rest
            _write_members(members, living)
    for process, _, _ in living:
        process.kill()
        process.join()


def _bear(
    words: list[str], files: list[int], line: socket.socket
) -> tuple[Any, str, socket.socket]:
    answers = socket.socket(fileno=files[3])
    process = _fork.Process(target=_live, args=(words, files, line))
    process.start()
    for file in files[:3]:
        with suppress(OSError):
            os.close(file)
    answers.send(f"{process.pid}\n".encode())
    return process, words[0], answers


def _has_ended(entry: tuple[Any, str, socket.socket]) -> bool:
    process, _, answers = entry
    code = process.exitcode
    if code is None:
        return False
    with suppress(OSError):
        answers.send(f"{code}\n".encode())
    answers.close()
    process.close()
    return True


def _write_members(path: Path, living: list[tuple[Any, str, socket.socket]]) -> None:
    new = path.with_name("members.new")
    new.write_text(json.dumps([(process.pid, module) for process, module, _ in living]))
    os.replace(new, path)


def _live(words: list[str], files: list[int], line: socket.socket) -> None:
    """Live the life of `python -m` with these words."""
    # Else the end of a pipe would never come: others hold it open.
    keep = {Child.line.fileno(), *files[:3]}
    for file in map(int, os.listdir("/dev/fd")):
        if file > 2 and file not in keep:
            with suppress(OSError):
                os.close(file)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in set(files[:3]) - {0, 1, 2}:
        os.close(file)
    # As Python opens them; they live as long as the process.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, encoding="utf-8", buffering=1)  # noqa: SIM115
    sys.argv = list(words)
    with warnings.catch_warnings():
        # It is loaded already, and that does no harm: its names are those of others.
        warnings.simplefilter("ignore", RuntimeWarning)
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def wait_until(is_so: Callable[[], Any], limit_s: float, what: str) -> Any:
    """What `is_so` gives once it is true. `TimeoutError` after `limit_s` seconds."""
    end = time.monotonic() + limit_s
    while not (value := is_so()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {limit_s:.0f} s")
        time.sleep(LOOK_S)
    return value
