"""Disks that fill up at different moments: one sentence, nothing lost, and the next run works.

As root on Linux these are small real disks (tmpfs); elsewhere no file may grow beyond a size.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.campaign.aftermath import Whole, judge_files, judge_result, snapshot, undisturbed
from tests.campaign.forked import Ended, limit_file_size, run_to_end
from tests.campaign.jobs import JOBS
from tests.campaign.material import material
from tests.campaign.report import Plan, Tally
from tests.campaign.trials import Harm, Result, in_parallel, work_off

NAME = "disks"
COUNT = 50
TAKES_S = 60

LARGEST_DISK = "64m"
"""Size of a disk before it is made small: more than all jobs need."""

SMALLEST_LIMIT = 256
"""Fewest bytes that a file may grow to, where disks cannot be made."""


def run(plan: Plan) -> Tally:
    """Do jobs on disks without room for them, and again once there is room."""
    material(plan.shared)
    wholes = in_parallel(partial(undisturbed, plan), range(min(len(JOBS), plan.count)), plan)
    tally = work_off(NAME, plan, partial(_trial, plan, wholes))
    tally.notes.append("real disks" if can_mount(plan.folder) else "limits on the size of files")
    return tally


def _trial(plan: Plan, wholes: list[Whole], index: int) -> Result:
    """Let one job run out of room, look at its files, make room, and do it again."""
    number = index % len(JOBS)
    job = JOBS[number]
    whole = wholes[number]
    rng = np.random.default_rng([plan.seed, *NAME.encode(), index])
    logs = plan.folder / f"logs-{index}"
    with _disk(plan, index) as (folder, fill):
        job.furnish(material(plan.shared), folder)
        before = snapshot(folder)
        # A file is replaced once it is whole: up to twice its size is needed.
        share = rng.uniform(0, 1.1)
        prepare = fill(share * (whole.added_bytes + whole.largest), share * whole.largest)
        first = run_to_end(job.deed(folder), folder, logs, prepare=prepare)
        harm = _judge_end(first) or judge_files(job, folder, before, is_dead=False)
        fill(0, 0, make_room=True)
        if harm is None:
            again = run_to_end(job.next_run(folder, first), folder, logs)
            harm = Harm("next-run", again.fault()) if again.fault() else None
            harm = harm or judge_files(job, folder, before, is_dead=False)
            harm = harm or judge_result(job, folder, whole)
    shutil.rmtree(logs)
    if harm:
        harm = Harm(harm.what, f"{harm.message} (room for {share:.3f} of it)")
    return Result(
        outcome="full" if first.code else "had room",
        harm=harm,
        place=job.name,
        added_bytes=first.added_bytes,
    )


def _judge_end(ended: Ended) -> Harm | None:
    """The harm in how a job ended that ran out of room."""
    if fault := ended.fault(may_fail=True):
        return Harm(fault.partition(":")[0].split()[0], fault)
    last = ended.stderr.rstrip("\n").rpartition("\n")[2]
    if ended.code and not last.startswith("Error: "):
        return Harm("sentence", ended.stderr[-300:])
    return None


# --- disks ----------------------------------------------------------------------------------------

Fill = Callable[..., Callable[[], None] | None]
"""Leaves room for so many bytes on the disk, or for a file of so many bytes."""


@contextmanager
def _disk(plan: Plan, index: int) -> Iterator[tuple[Path, Fill]]:
    """A folder on a disk of its own, and what makes that small."""
    place = plan.folder / f"disk-{index}"
    place.mkdir()
    is_real = can_mount(plan.folder)
    if is_real:
        _mount("-t", "tmpfs", "-o", f"size={LARGEST_DISK}", "tmpfs", place)
    try:
        yield place / "room", partial(_fill_disk, place) if is_real else _limit_files
    finally:
        if is_real:
            subprocess.run(["umount", place], check=True)
    shutil.rmtree(place)


def _fill_disk(
    place: Path, room: float, _largest: float, make_room: bool = False
) -> Callable[[], None] | None:
    used = shutil.disk_usage(place).used
    size = LARGEST_DISK if make_room else str(used + int(room))
    _mount("-o", f"remount,size={size}", place)
    return None


def _limit_files(
    _room: float, largest: float, make_room: bool = False
) -> Callable[[], None] | None:
    return None if make_room else partial(limit_file_size, SMALLEST_LIMIT + int(largest))


@cache
def can_mount(folder: Path) -> bool:
    """Whether this process may make disks."""
    place = folder / "try"
    place.mkdir(exist_ok=True)
    try:
        _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", place)
    except (OSError, subprocess.CalledProcessError):
        return False
    subprocess.run(["umount", place], check=True)
    return True


def _mount(*words: Any) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)
