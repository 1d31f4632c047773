"""Kills of jobs at random moments: each is shown as what it is, and goes on to the same model."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distill.errors import DistillError
from distill.library import job_work, jobs, run_job
from distill.library.job_events import parse_event
from distill.library.job_here import begin_here
from distill.library.job_kinds import kind_of, parse_arguments
from distill.library.job_types import Job, JobState
from distill.library.workspace import Workspace, open_workspace
from distill.training.codec import run as codec_run
from tests.campaign.aftermath import DAMAGE, Whole, contents, is_temporary
from tests.campaign.forked import Deed, Ended, run_to_end
from tests.campaign.jobs import SAVE_EVERY_S
from tests.campaign.kills import draw_death
from tests.campaign.material import CODEC, PRIOR, STEPS, material
from tests.campaign.report import Plan, Tally
from tests.campaign.trials import Harm, Result, in_parallel, work_off

NAME = "job-kills"
COUNT = 200
TAKES_S = 400


class _Case(NamedTuple):
    """A job that is killed: its kind, its arguments, and the file of the material that it needs."""

    kind: str
    arguments: dict[str, Any]
    needs: str = ""


CASES = (
    _Case("train", {"output": "my.sda", "settings": {"steps": STEPS, **CODEC}}),
    _Case("train-prior", {"model": "my.sda", "settings": PRIOR}, "codec.sda"),
    _Case("train", {"output": "my.sda", "settings": {"steps": STEPS, **CODEC}, "prior": PRIOR}),
    _Case("scan", {}),
)


def run(plan: Plan) -> Tally:
    """Kill jobs at random moments, look at them, and go on with each."""
    material(plan.shared)
    numbers = range(min(len(CASES), plan.count))
    wholes = in_parallel(partial(_undisturbed, plan), numbers, plan)
    return work_off(NAME, plan, partial(_trial, plan, wholes))


def _undisturbed(plan: Plan, number: int) -> Whole:
    folder = plan.folder / f"whole-{number}"
    _furnish(plan, CASES[number], folder)
    ended = run_to_end(_begin(CASES[number]), folder, plan.folder / f"whole-logs-{number}")
    if ended.fault():
        raise RuntimeError(f"{CASES[number].kind} fails in peace: {ended}")
    models = {path.relative_to(folder): contents(path) for path in folder.glob("*.sda")}
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Whole(ended=ended, contents=models, largest=largest, added_bytes=0)


def _furnish(plan: Plan, case: _Case, folder: Path) -> None:
    whole = material(plan.shared)
    shutil.copytree(whole / "sounds", folder / "sounds")
    if case.needs:
        shutil.copyfile(whole / case.needs, folder / "my.sda")


def _begin(case: _Case) -> Deed:
    """The deed of somebody who orders a job and does it."""

    def deed() -> None:
        _save_often()
        workspace = open_workspace("workspace")
        given = parse_arguments(case.kind, {"sounds": "sounds", **case.arguments})
        arguments = kind_of(case.kind).check(workspace, given)
        work: Callable[..., None] = getattr(job_work, case.kind.replace("-", "_"))
        with begin_here(workspace.root, case.kind, arguments) as run:
            run.take_turn()
            work(run, arguments)

    return deed


def _go_on(job: Job) -> Deed:
    """The deed of the process of a job."""

    def deed() -> None:
        _save_often()
        code = run_job.main(open_workspace("workspace").jobs.absolute() / job.id)
        if code:
            raise SystemExit(code)

    return deed


def _save_often() -> None:
    codec_run.FIRST_SAVE_S = SAVE_EVERY_S
    codec_run.SAVE_EVERY_S = SAVE_EVERY_S


def _trial(plan: Plan, wholes: list[Whole], index: int) -> Result:
    number = index % len(CASES)
    case = CASES[number]
    death = draw_death(np.random.default_rng([plan.seed, *NAME.encode(), index]), wholes[number])
    folder = plan.folder / f"trial-{index}"
    logs = plan.folder / f"logs-{index}"
    _furnish(plan, case, folder)
    first = run_to_end(_begin(case), folder, logs, death=death)
    harm, again = _judge(case, folder, logs, first, wholes[number])
    if harm is None:
        shutil.rmtree(folder)
        shutil.rmtree(logs)
    else:
        harm = Harm(harm.what, f"{harm.message} ({death}, {folder.name})")
    was_killed = first.code is not None and first.code < 0
    outcome = "killed" if was_killed else "ended before"
    return Result(outcome=outcome, harm=harm, place=case.kind, added_bytes=again.added_bytes)


def _judge(
    case: _Case, folder: Path, logs: Path, first: Ended, whole: Whole
) -> tuple[Harm | None, Ended]:
    """The harm of a kill, if there is any, and how the next run ended."""
    workspace = open_workspace(folder / "workspace")
    killed = jobs.list_jobs(workspace)
    harm = _judge_job(workspace, killed, first) or _judge_files(folder)
    if harm is not None:
        return harm, first
    again = first
    if not killed:
        # It was killed before it was ordered.
        again = run_to_end(_begin(case), folder, logs)
    elif killed[0].state != JobState.DONE:
        again = run_to_end(_go_on(killed[0]), folder, logs)
    if again is not first and again.fault():
        return Harm("next-run", again.fault()), again
    return _judge_end(workspace, folder, whole), again


def _judge_job(workspace: Workspace, killed: list[Job], first: Ended) -> Harm | None:
    """Whether a job is shown as what it is, and its events are whole."""
    if len(killed) > 1:
        return Harm("jobs", f"{len(killed)} jobs of one")
    for job in killed:
        if job.state not in (JobState.DONE, JobState.CUT_OFF):
            return Harm("state", f"{job.state} after exit code {first.code}: {job.sentence}")
        events = workspace.jobs / job.id / "events.jsonl"
        # It may have been killed before its first event.
        lines = events.read_bytes().split(b"\n")[:-1] if events.exists() else []
        if None in map(parse_event, lines):
            return Harm("torn", "a line of events.jsonl")
        try:
            jobs.curves(workspace, job.id)
        except DistillError as error:
            return Harm("torn", str(error))
    return None


def _judge_files(folder: Path) -> Harm | None:
    for path in [*folder.glob("*.sda"), *folder.glob("*.ckpt")]:
        try:
            contents(path)
        except DAMAGE as error:
            return Harm("torn", f"{path.name}: {error}")
    return None


def _judge_end(workspace: Workspace, folder: Path, whole: Whole) -> Harm | None:
    """Whether the job is done, with the model of an unbroken run, and nothing is left over."""
    states = [job.state for job in jobs.list_jobs(workspace)]
    if states != [JobState.DONE]:
        return Harm("state", f"{states} in the end")
    models = {path.relative_to(folder): contents(path) for path in folder.glob("*.sda")}
    if models != whole.contents:
        return Harm("changed", "the model is another than that of an unbroken run")
    if litter := [path for path in folder.glob("*") if is_temporary(path)]:
        return Harm("litter", f"{litter[0].name} was left")
    if list(folder.glob("*.ckpt")) or list((workspace.hidden / "queue").glob("*")):
        return Harm("litter", "a checkpoint or a ticket was left")
    return None
