"""Results of a campaign: what came of each trial, the faults, and one line for each kind."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from distill.printable import visible

LARGEST_KEPT = 256 << 10
"""Bytes of an input that is kept beside the tests: larger ones would fill the repository."""


@dataclass(frozen=True)
class Plan:
    """What a kind is to do.

    Args:
        seed: Trial `index` depends on the seed, the kind and `index` alone.
        count: Number of trials.
        folder: Empty folder for this kind.
        shared: Folder that all kinds share; see `material`.
        workers: Processes at a time.
        stop_at: `time.monotonic()` after which no trial begins.
    """

    seed: int
    count: int
    folder: Path
    shared: Path
    workers: int = 2
    stop_at: float = float("inf")

    def is_over(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() >= self.stop_at


@dataclass(frozen=True)
class Fault:
    """A trial that did harm.

    Args:
        what: One word: crash, hang, traceback, code, memory, litter, lost, …
        place: Innermost function of Distill, `file:function`; empty where there is none.
        message: The error, on one line.
        index: Number of the trial.
        content: The input; None if the trial was no file.
        suffix: Ending of its name.
    """

    what: str
    place: str
    message: str
    index: int
    content: bytes | None = None
    suffix: str = ""

    @property
    def signature(self) -> tuple[str, str]:
        """Faults with the same are one fault."""
        return self.what, self.place


@dataclass
class Tally:
    """What came of the trials of one kind.

    Args:
        name: The kind.
        planned: Trials that were to be made.
        outcomes: How often each good outcome was seen ("used", "refused", …).
        faults: The first of each signature.
        repeats: How often each signature was seen.
        seconds: How long it took.
        notes: Facts for the summary, such as "most memory 310 MB".
    """

    name: str
    planned: int
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    repeats: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def add_fault(self, fault: Fault) -> None:
        """Count a fault, and keep it if none like it was seen."""
        if fault.signature not in self.repeats:
            self.faults.append(fault)
        self.repeats[fault.signature] += 1

    @property
    def done(self) -> int:
        """Trials that were made."""
        return self.outcomes.total() + self.repeats.total()

    def line(self) -> str:
        """The summary."""
        good = ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items()))
        bad = f"{self.repeats.total():,} faults"
        if self.faults:
            bad += f" of {len(self.faults)} sorts"
        cut = "" if self.done >= self.planned else f" of {self.planned:,} planned"
        notes = "".join(f"; {note}" for note in self.notes)
        return f"{self.name}: {self.done:,} trials{cut}: {good}; {bad}{notes}; {self.seconds:.0f} s"

    def fault_lines(self) -> list[str]:
        """A line for each sort of fault, which may quote any sign that was in a file."""
        return [
            visible(
                f"  {fault.what} x{self.repeats[fault.signature]} (trial {fault.index}) "
                f"{fault.place}: {fault.message}"
            )
            for fault in self.faults
        ]


def keep_fault(folder: Path, name: str, fault: Fault) -> Path | None:
    """Write the input of a fault of the kind `name`, for a test to replay; returns its path."""
    if fault.content is None or len(fault.content) > LARGEST_KEPT:
        return None
    place = fault.place.replace("/", "-").replace(".py", "").replace(":", "-") or "no-place"
    digest = hashlib.sha256(fault.content).hexdigest()[:8]
    path = folder / name / f"{fault.what}-{place}-{digest}{fault.suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fault.content)
    return path


def summary(tallies: Iterable[Tally]) -> str:
    """Lines of all kinds, and of their faults."""
    return "\n".join(line for tally in tallies for line in (tally.line(), *tally.fault_lines()))
