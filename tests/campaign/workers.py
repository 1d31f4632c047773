"""Use of mutated files in forked processes, so that a crash or a hang is found and work goes on.

A worker tells its parent before and after each input. The kernel ends one that computes longer
than `LONGEST_S`, and the parent one that waits longer than `LONGEST_WAIT_S`.
"""

import ctypes
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from distill.errors import DistillError
from distill.printable import one_line
from tests.campaign.minimise import minimise
from tests.campaign.report import Fault, Plan, Tally

LONGEST_S = 5.0
"""Seconds of processor time for one input: more is a hang."""

LONGEST_WAIT_S = 60.0
"""Seconds for one input by the clock; long, since other processes may have the processor."""

LARGEST_MINIMISED = 100_000
"""Bytes of an input that is minimised: the search in a longer one would not come to an end."""

LARGEST_EXTRA = 1 << 30
"""Bytes of memory beyond those that whole inputs take: more is a fault."""

LONGEST_MESSAGE = 1000
"""Characters of a sentence that a musician may get."""

SEARCH_S = 20.0
"""Seconds that go into a smaller input with the same fault."""

MOST_SEARCHES = 12
"""Faults of a kind whose inputs are minimised."""

_LIBC = ctypes.CDLL(None)

_fork = multiprocessing.get_context("fork")


class Case(Protocol):
    """A kind of file: how to make a mutated one, and what users do with it."""

    name: str
    suffix: str

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A mutated file. Code in it, if it ran, would create the file `canary`."""

    def whole(self) -> Sequence[bytes]:
        """Files that are whole."""

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Use the file as users do; the outcome in a word. `DistillError` refuses it."""


@dataclass(frozen=True)
class Judgement:
    """What came of one input; `what` is empty if it did no harm."""

    outcome: str = ""
    what: str = ""
    place: str = ""
    message: str = ""


def run_case(case: Case, plan: Plan) -> Tally:
    """Make and use the inputs of `plan`, in `plan.workers` processes."""
    began = time.monotonic()
    tally = Tally(case.name, plan.count)
    team = [_Worker(case, plan, number) for number in range(min(plan.workers, plan.count))]
    running = list(team)
    while running:
        ready = wait([worker.pipe for worker in running], timeout=1.0)
        for worker in list(running):
            if worker.pipe in ready:
                worker.listen(tally)
            worker.end_long_wait()
            if worker.is_done:
                running.remove(worker)
    peak = max((worker.peak_bytes for worker in team), default=0)
    tally.notes.append(f"at most {peak / 1e6:.0f} MB beyond whole inputs")
    tally.faults = [
        _minimised(case, plan, fault) if number < MOST_SEARCHES else fault
        for number, fault in enumerate(tally.faults)
    ]
    tally.seconds = time.monotonic() - began
    return tally


def judge_alone(case: Case, content: bytes, folder: Path, index: int = 0) -> Judgement:
    """Use one input in a process of its own."""
    receiver, sender = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_judge_once, args=(case, content, folder, index, sender))
    process.start()
    sender.close()
    judgement = None
    if receiver.poll(LONGEST_WAIT_S):
        with suppress(EOFError):
            judgement = receiver.recv()
    else:
        process.kill()
    process.join()
    return judgement or _death(process.exitcode)


class _Worker:
    """A process that works off every n-th input, and starts anew after a crash."""

    def __init__(self, case: Case, plan: Plan, number: int) -> None:
        self.case = case
        self.plan = plan
        self.folder = plan.folder / f"worker-{number}"
        self.folder.mkdir(parents=True)
        self.rest = list(range(number, plan.count, plan.workers))
        self.index = -1
        self.began = time.monotonic()
        self.is_done = False
        self.peak_bytes = 0
        self._start()

    def _start(self) -> None:
        self.pipe, sender = _fork.Pipe(duplex=False)
        arguments = (self.case, self.plan, self.folder, self.rest, sender)
        self.process = _fork.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        sender.close()

    def listen(self, tally: Tally) -> None:
        """Take one message of the process, or its end."""
        try:
            message = self.pipe.recv()
        except EOFError:
            self._ended(tally)
            return
        if isinstance(message, int):
            self.index = message
            self.rest = [index for index in self.rest if index > message]
            self.began = time.monotonic()
            return
        judgement, peak_bytes = message
        self.peak_bytes = max(self.peak_bytes, peak_bytes)
        self._count(judgement, tally)
        self.index = -1

    def _ended(self, tally: Tally) -> None:
        self.process.join()
        if self.index >= 0:
            self._count(_death(self.process.exitcode), tally)
            self.index = -1
        elif self.process.exitcode:
            why = (self.folder / "stderr").read_text(errors="replace")
            raise RuntimeError(f"a worker of {self.case.name} ended between two inputs: {why}")
        if self.rest and not self.plan.is_over():
            self._start()
        else:
            self.is_done = True

    def _count(self, judgement: Judgement, tally: Tally) -> None:
        if not judgement.what:
            tally.outcomes[judgement.outcome] += 1
            return
        signature = (judgement.what, judgement.place)
        # Only the first of a sort is looked at.
        content = None
        if signature not in tally.repeats:
            content = _make(self.case, self.plan, self.index, self.folder)
        tally.add_fault(
            Fault(
                what=judgement.what,
                place=judgement.place,
                message=judgement.message,
                index=self.index,
                content=content,
                suffix=self.case.suffix,
            )
        )

    def end_long_wait(self) -> None:
        """Kill the process if it waits for something that never comes."""
        if self.index >= 0 and time.monotonic() > self.began + LONGEST_WAIT_S:
            self.process.kill()


# --- in the forked process ------------------------------------------------------------------------


def _work(case: Case, plan: Plan, folder: Path, indices: Sequence[int], sender: Connection) -> None:
    _settle(folder)
    start_bytes = _warm_up(case, folder, case.whole())
    for index in indices:
        if plan.is_over():
            break
        content = _make(case, plan, index, folder)
        sender.send(index)
        judgement = _judge(case, content, folder, index)
        extra = _peak_bytes() - start_bytes
        if extra > LARGEST_EXTRA and not judgement.what:
            judgement = Judgement(what="memory", message=f"{extra / 1e6:.0f} MB more than whole")
        sender.send((judgement, extra))
        if extra > LARGEST_EXTRA:
            # The peak of a process never falls: a new one sees the next fault.
            break
    sender.close()
    # Without the ends of the parent: its files and threads are not of this process.
    os._exit(0)


def _judge_once(case: Case, content: bytes, folder: Path, index: int, sender: Connection) -> None:
    _settle(folder)
    start_bytes = _warm_up(case, folder, case.whole()[:2])
    judgement = _judge(case, content, folder, index)
    extra = _peak_bytes() - start_bytes
    if extra > LARGEST_EXTRA and not judgement.what:
        judgement = Judgement(what="memory", message=f"{extra / 1e6:.0f} MB more than whole")
    sender.send(judgement)
    sender.close()
    os._exit(0)


def _settle(folder: Path) -> None:
    """Work in `folder`, alone, with stderr in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "work"
    # Of a process that was ended.
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    os.chdir(work)
    torch.set_num_threads(1)
    # Warnings of the library are meant for people; only what others write is noise.
    logging.getLogger().addHandler(logging.NullHandler())
    errors = os.open(folder / "stderr", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    # Libraries of C write to either. What Python prints goes to a runner's own streams.
    os.dup2(errors, 1)
    os.dup2(errors, 2)


def _warm_up(case: Case, folder: Path, whole: Sequence[bytes]) -> int:
    """Use whole inputs, then bound the memory; the bytes that they took at their peak."""
    for number, content in enumerate(whole):
        judgement = _judge(case, content, folder, number)
        if judgement.what or judgement.outcome == "refused":
            raise RuntimeError(f"a whole input of {case.name} fails: {judgement}")
    # Twice the bound, so that the peak shows what was used and no machine suffers.
    limit = _address_space() + 2 * LARGEST_EXTRA
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return _peak_bytes()


def _make(case: Case, plan: Plan, index: int, folder: Path) -> bytes:
    rng = np.random.default_rng([plan.seed, *case.name.encode(), index])
    return case.make(rng, folder / "canary")


def _judge(case: Case, content: bytes, folder: Path, index: int) -> Judgement:
    path = folder / "work" / f"input{case.suffix}"
    path.write_bytes(content)
    rng = np.random.default_rng(index)
    try:
        with _time_limit(), warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("error")
            # But those of Distill to its caller, who is here, are remarks on what it did.
            warnings.filterwarnings("always", category=UserWarning, module=r"tests\.campaign\.")
            judgement = Judgement(outcome=case.use(path, rng))
        for remark in remarks:
            if not _is_sentence(str(remark.message)):
                judgement = Judgement(what="sentence", message=_one_line(str(remark.message)))
    except DistillError as error:
        judgement = _judge_sentence(error)
    except MemoryError as error:
        judgement = Judgement(what="memory", place=_place(error), message=_one_line(error))
    except BaseException as error:
        judgement = Judgement(what="traceback", place=_place(error), message=_one_line(error))
    return _harm(path, content, folder) or judgement


def _judge_sentence(error: DistillError) -> Judgement:
    if _is_sentence(str(error)):
        return Judgement(outcome="refused")
    return Judgement(what="sentence", place=_place(error), message=_one_line(error))


def _is_sentence(text: str) -> bool:
    is_short = 0 < len(text) <= LONGEST_MESSAGE and text.endswith(".")
    return is_short and one_line(text) == text


def _harm(path: Path, content: bytes, folder: Path) -> Judgement | None:
    """What an input left behind, which is cleared."""
    judgement = None
    _LIBC.fflush(None)
    errors = folder / "stderr"
    if errors.stat().st_size:
        text = errors.read_text(errors="replace")
        judgement = Judgement(what="noise", message=" ".join(text.split())[:300])
        os.truncate(errors, 0)
    if path.read_bytes() != content:
        judgement = Judgement(what="lost", message="the input was changed")
    path.unlink()
    litter = sorted(path.parent.iterdir())
    if litter:
        judgement = Judgement(what="litter", message=litter[0].name)
        for left in litter:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    canary = folder / "canary"
    if canary.exists():
        judgement = Judgement(what="code", message="code of the file ran")
        canary.unlink()
    return judgement


@contextmanager
def _time_limit() -> Iterator[None]:
    """End this process by SIGPROF, once the block has computed for `LONGEST_S`."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


# --- names of faults ------------------------------------------------------------------------------


def _death(exit_code: int | None) -> Judgement:
    if exit_code == -signal.SIGPROF:
        return Judgement(what="hang", message=f"computed for {LONGEST_S:.0f} s")
    if exit_code == -signal.SIGKILL:
        return Judgement(what="hang", message=f"took {LONGEST_WAIT_S:.0f} s")
    return Judgement(what="crash", message=f"exit code {exit_code}")


def _place(error: BaseException) -> str:
    """The innermost function of Distill that the error passed."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        _, mark, name = frame.filename.partition("/src/distill/")
        if mark:
            place = f"{name}:{frame.name}"
    return place


def _one_line(error: BaseException | str) -> str:
    name = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    return " ".join(f"{name}{error}".split())[:300]


def _minimised(case: Case, plan: Plan, fault: Fault) -> Fault:
    """The fault with the smallest input that is found to have it."""
    if fault.content is None or len(fault.content) > LARGEST_MINIMISED:
        return fault
    folder = plan.folder / "minimise"

    def has_fault(content: bytes) -> bool:
        judgement = judge_alone(case, content, folder, fault.index)
        return (judgement.what, judgement.place) == fault.signature

    content = minimise(fault.content, has_fault, SEARCH_S)
    return Fault(
        what=fault.what,
        place=fault.place,
        message=fault.message,
        index=fault.index,
        content=content,
        suffix=fault.suffix,
    )
