"""`/jobs`: scans and trainings."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from starlette.responses import FileResponse

from distill.library import jobs
from distill.library.commands import job_command, jobs_commands
from distill.library.job_arguments import model_of, order_by_ids
from distill.library.job_types import Job, JobEvent, JobState
from distill.library.previews import (
    KeptPreview,
    kept_previews,
    preview_path,
    preview_picture,
)
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.files import FOREVER, NEVER, sound_response
from distill.ui.messages import CommandView
from distill.ui.words import page_words


@dataclass(frozen=True)
class NewJob:
    """A job to start.

    Attributes:
        kind: What to do; `continue` makes the next version of a model.
        corpus: Id of the corpus.
        model: Id of the model: of `train-prior`, or the one to go on from.
        name: Name of the new model; empty for that of the folder.
        settings: Settings of the codec, or of the prior in `train-prior`.
        prior: Settings of the prior to train afterwards; None trains none.
        device: `auto`, `cpu`, `cuda` or `mps`.
    """

    IS_BODY: ClassVar = True
    kind: Literal["scan", "train", "train-prior", "continue"]
    corpus: str
    model: str = ""
    name: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    prior: dict[str, Any] | None = None
    device: str = "auto"


@dataclass(frozen=True)
class JobView:
    """A job as it stands.

    Attributes:
        id: Its id.
        kind: `scan`, `train`, `train-prior`, …
        title: What it does, for people.
        state: Where it stands.
        sentence: How it goes, or how it ended.
        stage: `scan`, `codec`, `encode` or `prior`; empty before the first.
        progress: Share of the stage that is done, 0 to 1; None where nobody can tell.
        remaining_s: Seconds left in the stage; None where nobody can tell.
        ahead: Trainings that come before it, while it waits.
        is_stopping: Whether it was asked to stop, and has not ended yet.
        can_resume: Whether something is left to do, and nobody does it.
        created: Time of the order, in seconds since 1970.
        changed: Time of its last event.
        saved: Time at which a usable model was last saved; None before that.
        last_event: Number of its last event; 0 before the first.
        corpus: Id of its corpus; empty if it is not known.
        arguments: Its arguments, by name.
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
    can_resume: bool
    created: float
    changed: float
    saved: float | None
    last_event: int
    corpus: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class JobDetail:
    """A job with its curves.

    Attributes:
        job: The job.
        model: Id of the model that it writes; empty before the first save.
        curves: Events of curves by type, at most 2,000 of each.
        previews: How the model sounded at its saves.
        commands: The lines for a terminal that do the same, by the name of the action.
    """

    job: JobView
    model: str
    curves: dict[str, list[JobEvent]]
    previews: list[KeptPreview]
    commands: dict[str, str]


def list_jobs(context: Context) -> list[JobView]:
    """All jobs, the newest first."""
    return [view_of(context, job) for job in jobs.list_jobs(context.workspace)]


def start_job(context: Context, body: NewJob) -> JobView:
    """Start a scan or a training; a training waits for its turn."""
    kind, arguments = _order(context, body)
    return view_of(context, jobs.start(context.workspace, kind, **arguments))


def show_job_command(context: Context, body: NewJob) -> CommandView:
    """The line for a terminal that starts the same job."""
    kind, arguments = _order(context, body)
    return CommandView(command=job_command(context.workspace, kind, arguments))


def _order(context: Context, body: NewJob) -> tuple[str, dict[str, Any]]:
    return order_by_ids(
        context.workspace,
        body.kind,
        corpus=body.corpus,
        model=body.model,
        name=body.name,
        settings=body.settings,
        prior=body.prior,
        device=body.device,
    )


def show_job(context: Context, job: str) -> JobDetail:
    """A job with its curves."""
    found = jobs.get(context.workspace, job)
    return JobDetail(
        job=view_of(context, found),
        model=model_of(context.workspace, found),
        curves=jobs.curves(context.workspace, job),
        previews=kept_previews(context.workspace, job),
        commands=jobs_commands(context.workspace, found),
    )


def stop_job(context: Context, job: str) -> JobView:
    """Ask a job to stop: it saves after its current step."""
    return view_of(context, jobs.stop(context.workspace, job))


def resume_job(context: Context, job: str) -> JobView:
    """Go on with a job that was stopped, failed or was cut off."""
    return view_of(context, jobs.resume(context.workspace, job))


def list_job_events(context: Context, job: str, after: int = 0) -> list[JobEvent]:
    """Events of a job after a number, at most 500."""
    return jobs.list_events(context.workspace, job, after)


def play_preview(context: Context, job: str, number: int, place: int) -> FileResponse:
    """A sound of a preview, from 0."""
    return sound_response(preview_path(context.workspace, job, number, place), NEVER)


def show_preview(context: Context, job: str, number: int, place: int) -> FileResponse:
    """Spectrograms of a recording, of its preview and of their difference, one above the other."""
    path = preview_picture(context.workspace, job, number, place)
    return FileResponse(path, media_type="image/webp", headers=FOREVER)


def view_of(context: Context, job: Job) -> JobView:
    """A job as a tab sees it."""
    return JobView(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        sentence=page_words(job.sentence),
        stage=job.stage,
        progress=job.progress,
        remaining_s=job.remaining_s,
        ahead=job.ahead,
        is_stopping=job.is_stopping,
        can_resume=job.state.can_go_on,
        created=job.created,
        changed=job.changed,
        saved=job.saved,
        last_event=job.last_event,
        corpus=jobs.corpus_of(context.workspace, job),
        arguments=job.arguments,
    )


ENDPOINTS = (
    Endpoint("GET", "/jobs", list_jobs),
    Endpoint("POST", "/jobs", start_job, status=201),
    Endpoint("POST", "/jobs/command", show_job_command),
    Endpoint("GET", "/jobs/{job}", show_job),
    Endpoint("POST", "/jobs/{job}/stop", stop_job),
    Endpoint("POST", "/jobs/{job}/resume", resume_job),
    Endpoint("GET", "/jobs/{job}/events", list_job_events),
    Endpoint("GET", "/jobs/{job}/previews/{number}/{place}/audio", play_preview, media="audio/wav"),
    Endpoint(
        "GET",
        "/jobs/{job}/previews/{number}/{place}/picture",
        show_preview,
        media="image/webp",
    ),
)
