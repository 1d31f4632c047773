"""Records of jobs: their order, their state, and the events that are theirs alone."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    CUT_OFF = "cut-off"

    @property
    def is_alive(self) -> bool:
        """Whether a process works on the job, or waits to do so."""
        return self in (JobState.WAITING, JobState.RUNNING)

    @property
    def can_go_on(self) -> bool:
        """Whether something is left to do, and nobody does it."""
        return self in (JobState.STOPPED, JobState.FAILED, JobState.CUT_OFF)


@dataclass(frozen=True)
class JobOrder:
    """The order for a job, as `job.json` keeps it.

    Attributes:
        id: Its id.
        kind: Name of its kind.
        title: What it does, for people: "voices → voices.sda".
        arguments: Fields of the arguments of its kind.
        created: Time of the order, in seconds since 1970.
        distill: Version of Distill that wrote it.
    """

    id: str
    kind: str
    title: str
    arguments: dict[str, Any]
    created: float
    distill: str


@dataclass(frozen=True)
class Job:
    """A job as it stands.

    Attributes:
        id: Its id.
        kind: `scan`, `train`, `train-prior`, ….
        title: What it does, for people.
        state: Where it stands.
        sentence: How it goes, or how it ended.
        stage: `scan`, `codec`, `encode` or `prior`; empty before the first.
        progress: Share of the stage that is done, 0 to 1; None where nobody can tell.
        remaining_s: Seconds left in the stage; None where nobody can tell.
        ahead: Trainings that come before it, while it waits.
        is_stopping: Whether it was asked to stop, and has not ended yet.
        created: Time of the order, in seconds since 1970.
        changed: Time of its last event, or of the order before the first.
        saved: Time at which a usable model was last saved; None before that.
        last_event: Number of its last event; 0 before the first.
        arguments: Its arguments, by name.
        distill: Version of Distill that it was ordered with.
    """

    id: str
    kind: str
    title: str
    state: JobState
    sentence: str
    stage: str
    progress: float | None
    remaining_s: float | None
    ahead: int
    is_stopping: bool
    created: float
    changed: float
    saved: float | None
    last_event: int
    arguments: dict[str, Any]
    distill: str


@dataclass(frozen=True)
class JobEvent:
    """An event of a job, as `events.jsonl` keeps it.

    Attributes:
        n: Number; later events have larger ones, not always the next.
        t: Time, in seconds since 1970.
        type: Name of the class of the event, such as `StepMetrics`.
        data: Fields of the event.
    """

    n: int
    t: float
    type: str
    data: dict[str, Any] = field(default_factory=dict)


# --- events of every job --------------------------------------------------------------------------


@dataclass(frozen=True)
class JobWaiting:
    """The process of the job is there, and waits for its turn."""


@dataclass(frozen=True)
class JobRunning:
    """The work begins, or goes on."""


@dataclass(frozen=True)
class ScanProgress:
    """Progress of a scan: `done` of `total` sound files; `name` is the next one."""

    done: int
    total: int
    name: str


@dataclass(frozen=True)
class ScanComplete:
    """End of a scan, whose whole report is in `report.json` beside the events.

    Attributes:
        used: Sounds that can be used.
        skipped: Files that cannot.
        total_s: Seconds of usable sound.
        verdict: "go" or "fix".
        advice: Sentences for people, the most important first.
    """

    used: int
    skipped: int
    total_s: float
    verdict: str
    advice: tuple[str, ...]


@dataclass(frozen=True)
class PreviewMade:
    """Sounds of a best epoch of a prior can be heard.

    Attributes:
        number: Number of the preview, which is that of the event of the epoch.
        epoch: Number of the epoch.
    """

    number: int
    epoch: int


@dataclass(frozen=True)
class Remark:
    """A warning in a sentence: training goes on."""

    text: str


@dataclass(frozen=True)
class JobDone:
    """All is done; the sentence says how it went."""

    sentence: str


@dataclass(frozen=True)
class JobStopped:
    """Stopped by hand; the sentence says what is there."""

    sentence: str


@dataclass(frozen=True)
class JobFailed:
    """An error ended the job: its sentence, and the name of its class."""

    error: str
    kind: str
