"""Events of a job, read from disk: one line of JSON each, in `events.jsonl`.

A line that a kill or a full disk cut short is no event; nothing is lost but that line. Source of
the form: https://jsonlines.org.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from distill.files import parse_json
from distill.library.job_types import (
    JobDone,
    JobEvent,
    JobFailed,
    JobRunning,
    JobStopped,
    JobWaiting,
    PreviewMade,
    Remark,
    ScanComplete,
    ScanProgress,
)
from distill.training.metrics import (
    BatchHalved,
    LevelHealth,
    ModelSaved,
    PreparationMetrics,
    PriorEpochMetrics,
    PriorStepMetrics,
    PriorTrainingCompleteEvent,
    StepMetrics,
    StoppingEarly,
    TrainingCompleteEvent,
    ValidationMetrics,
)

MOST_POINTS = 2000
"""Points of a curve, at most: more than a screen has columns."""

MOST_EVENTS = 500
"""Events that are read at once, at most: a whole training would not fit into a small server."""

TAIL_BYTES = 4096
"""Bytes at the end of a file that hold its last event, as a rule."""

TAIL_GROWTH = 8
"""Times as many bytes are read where those do not hold what is looked for."""

LONGEST_TAIL = 1 << 18
"""Bytes at the end of a file in which events are looked for, at most: over a minute of steps."""

LONGEST_HEAD = 120
"""Bytes of a line that hold number, time and type."""

ENDS = frozenset(kind.__name__ for kind in (JobDone, JobStopped, JobFailed))
"""Types of the events that end a job."""

CURVES = tuple(
    kind.__name__ for kind in (StepMetrics, ValidationMetrics, PriorStepMetrics, PriorEpochMetrics)
)
"""Types of events that are points of a curve."""


# --- reading --------------------------------------------------------------------------------------


def parse_event(line: bytes) -> JobEvent | None:
    """The event of a line; None if the line is torn or damaged."""
    try:
        content = parse_json(line)
        n = content.pop("n")
        t = content.pop("t")
        kind = content.pop("type")
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    if not (type(n) is int and n > 0 and isinstance(t, int | float) and isinstance(kind, str)):
        return None
    return JobEvent(n=n, t=float(t), type=kind, data=content)


class EventReader:
    """Reads the events of a file as they come.

    Args:
        path: The file; it may come later.
        after: Number of the last event that is not wanted.
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        self.path = path
        self.after = after
        self._offset = 0

    def read(self) -> list[JobEvent]:
        """Events that came since the last call, at most `MOST_EVENTS`; none once all are read.

        A line that is still being written comes later.
        """
        events: list[JobEvent] = []
        for line in self.read_lines():
            event = parse_event(line)
            if event is not None and event.n > self.after:
                self.after = event.n
                events.append(event)
                if len(events) == MOST_EVENTS:
                    break
        return events

    def read_lines(self) -> Iterator[bytes]:
        """Whole lines that came since the last call."""
        try:
            if self.path.stat().st_size <= self._offset:
                return
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    self._offset += len(line)
                    yield line
        except OSError:
            # Not there yet, or not there any more.
            return


def read_tail(path: Path, size: int = TAIL_BYTES) -> list[bytes]:
    """Whole lines in the last `size` bytes of a file, the last one first; empty without a file."""
    try:
        with open(path, "rb") as file:
            length = file.seek(0, os.SEEK_END)
            start = max(0, length - size)
            file.seek(start)
            block = file.read(length - start)
    except OSError:
        return []
    lines = block.split(b"\n")
    # The end of the last line comes after it. The first line may have begun before the block.
    lines = lines[:-1] if start == 0 else lines[1:-1]
    return lines[::-1]


@dataclass(frozen=True)
class Latest:
    """The last event of a job, and the last one of each of some groups of types."""

    event: JobEvent | None
    of_groups: tuple[JobEvent | None, ...]


def read_latest(path: Path, groups: Sequence[frozenset[str]]) -> Latest:
    """The last event of a file, and the last one of each group.

    If the last event ends the job, no others are looked for: a long list of jobs is quick.

    Args:
        path: The file.
        groups: Groups of names of types.
    """
    size = TAIL_BYTES
    while True:
        latest = _find_latest(read_tail(path, size), groups)
        is_found = latest.event is not None and None not in latest.of_groups
        is_over = latest.event is not None and latest.event.type in ENDS
        if is_found or is_over or size >= min(LONGEST_TAIL, _size(path)):
            return latest
        size = min(LONGEST_TAIL, size * TAIL_GROWTH)


def _find_latest(lines: Iterable[bytes], groups: Sequence[frozenset[str]]) -> Latest:
    last: JobEvent | None = None
    events: list[JobEvent | None] = [None] * len(groups)
    for line in lines:
        name = type_of_line(line)
        open_groups = [i for i, group in enumerate(groups) if events[i] is None and name in group]
        # Parsing takes long: only what is wanted is parsed.
        event = parse_event(line) if last is None or open_groups else None
        if event is None:
            continue
        last = last or event
        if last.type in ENDS:
            break
        for i in open_groups:
            events[i] = event
    return Latest(event=last, of_groups=tuple(events))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def type_of_line(line: bytes) -> str:
    """The type of the event of a line, without parsing it; empty if the line is damaged."""
    _, _, rest = line[:LONGEST_HEAD].partition(b'"type":"')
    name, mark, _ = rest.partition(b'"')
    return name.decode("ascii", "replace") if mark else ""


# --- curves ---------------------------------------------------------------------------------------


class _Sample:
    """At most `most` of the lines that are added, evenly spread; the last one is among them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.every = 1
        self.count = 0
        self.rows: list[bytes] = []
        self.last = b""

    def add(self, line: bytes) -> None:
        if self.count % self.every == 0:
            self.rows.append(line)
            if len(self.rows) > self.most:
                self.rows = self.rows[::2]
                self.every *= 2
        self.count += 1
        self.last = line

    def lines(self) -> list[bytes]:
        if not self.rows or self.rows[-1] is self.last:
            return self.rows
        return [*self.rows[: self.most - 1], self.last]


def read_curves(path: Path, most: int = MOST_POINTS) -> dict[str, list[JobEvent]]:
    """Curves of a job: events by type, at most `most` of each, evenly spread.

    Args:
        path: The file of events.
        most: Points of a curve, at most.
    """
    samples = {name: _Sample(most) for name in CURVES}
    for line in EventReader(path).read_lines():
        name = type_of_line(line)
        if name in samples:
            samples[name].add(line)
    curves = {}
    for name, lines in samples.items():
        events = [event for event in map(parse_event, lines.lines()) if event is not None]
        if events:
            curves[name] = events
    return curves


# --- records --------------------------------------------------------------------------------------

_RECORDS = {
    kind.__name__: kind
    for kind in (
        StepMetrics,
        ValidationMetrics,
        BatchHalved,
        StoppingEarly,
        ModelSaved,
        TrainingCompleteEvent,
        PreparationMetrics,
        PriorStepMetrics,
        PriorEpochMetrics,
        PriorTrainingCompleteEvent,
        PreviewMade,
        ScanProgress,
        ScanComplete,
        Remark,
        JobWaiting,
        JobRunning,
        JobDone,
        JobStopped,
        JobFailed,
    )
}


def restore(event: JobEvent) -> Any:
    """The dataclass that an event was written from; None if this Distill does not know its type.

    Numbers that JSON cannot hold (infinity, NaN) have become None.
    """
    record = _RECORDS.get(event.type)
    if record is None:
        return None
    names = {field.name for field in fields(record)}
    data = {name: value for name, value in event.data.items() if name in names}
    try:
        if levels := data.get("levels"):
            data["levels"] = tuple(LevelHealth(**level) for level in levels)
        return record(**data)
    except TypeError:
        # A newer Distill wrote it otherwise.
        return None
