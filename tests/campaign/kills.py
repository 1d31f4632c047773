"""Kills at random moments: every file is whole, and the next run goes on where it should."""

import shutil
from functools import partial

import numpy as np

from tests.campaign.aftermath import Whole, judge_files, judge_result, snapshot, undisturbed
from tests.campaign.forked import Death, run_to_end
from tests.campaign.jobs import JOBS
from tests.campaign.material import material
from tests.campaign.report import Plan, Tally
from tests.campaign.trials import Harm, Result, in_parallel, work_off

NAME = "kills"
COUNT = 300
TAKES_S = 260

SMALLEST_CUT = 16
"""Fewest bytes of a file at whose end a process is killed."""


def run(plan: Plan) -> Tally:
    """Kill jobs at random moments, and run each again."""
    material(plan.shared)
    wholes = in_parallel(partial(undisturbed, plan), range(min(len(JOBS), plan.count)), plan)
    return work_off(NAME, plan, partial(_trial, plan, wholes))


def draw_death(rng: np.random.Generator, whole: Whole) -> Death:
    """A moment in the life of a job: by the clock, at an operation on files, or within a file."""
    kind = rng.integers(4)
    if kind == 0:
        return Death(at_operation=int(rng.integers(1, whole.ended.operations + 1)))
    if kind == 1:
        # As many cuts near the beginning of a file as near its end.
        size = np.exp(rng.uniform(np.log(SMALLEST_CUT), np.log(whole.largest)))
        return Death(at_byte=int(size))
    return Death(after_s=float(rng.uniform(0, whole.ended.seconds)))


def _trial(plan: Plan, wholes: list[Whole], index: int) -> Result:
    """Kill one job, look at its files, and do what a musician does next."""
    number = index % len(JOBS)
    job = JOBS[number]
    death = draw_death(np.random.default_rng([plan.seed, *NAME.encode(), index]), wholes[number])
    folder = plan.folder / f"trial-{index}"
    logs = plan.folder / f"logs-{index}"
    job.furnish(material(plan.shared), folder)
    before = snapshot(folder)

    first = run_to_end(job.deed(folder), folder, logs, death=death)
    harm = judge_files(job, folder, before, is_dead=True)
    again = first
    if harm is None:
        again = run_to_end(job.next_run(folder, first), folder, logs)
        harm = Harm("next-run", again.fault()) if again.fault() else None
        harm = harm or judge_files(job, folder, before, is_dead=False)
        harm = harm or judge_result(job, folder, wholes[number])
    if harm is None:
        shutil.rmtree(folder)
        shutil.rmtree(logs)
    else:
        harm = Harm(harm.what, f"{harm.message} ({death}, {folder.name})")
    was_killed = first.code is not None and first.code < 0
    return Result(
        outcome="killed" if was_killed else "ended before",
        harm=harm,
        place=job.name,
        added_bytes=again.added_bytes,
    )
