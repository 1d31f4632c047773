"""Trials that start processes of their own, worked off by several processes at a time."""

import multiprocessing
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from tests.campaign.forked import load_everything
from tests.campaign.report import Fault, Plan, Tally

LARGEST_EXTRA = 1 << 30
"""Bytes of memory that a command may take beyond those of its start."""

_fork = multiprocessing.get_context("fork")


class Harm(NamedTuple):
    """What no command may do: one word, and what happened."""

    what: str
    message: str


class Result(NamedTuple):
    """What came of a trial.

    Attributes:
        outcome: A good outcome in a word; empty if the time was used up before.
        harm: The harm that was done; None if there was none.
        place: The work that did it.
        added_bytes: Most memory that a process took beyond that of its start.
    """

    outcome: str = ""
    harm: Harm | None = None
    place: str = ""
    added_bytes: int = 0


def work_off(name: str, plan: Plan, trial: Callable[[int], Result]) -> Tally:
    """Make all trials of a plan, in `plan.workers` processes."""
    began = time.monotonic()
    tally = Tally(name, plan.count)
    peak = 0
    for index, result in enumerate(
        in_parallel(partial(_in_time, trial, plan), range(plan.count), plan)
    ):
        peak = max(peak, result.added_bytes)
        _count(tally, index, _within_memory(result))
    if peak:
        tally.notes.append(f"at most {peak / 1e6:.0f} MB more than at the start")
    tally.seconds = time.monotonic() - began
    return tally


def in_parallel(function: Callable[[Any], Any], values: Iterable[Any], plan: Plan) -> list[Any]:
    """`function` of each value, in `plan.workers` processes that have loaded all of Distill."""
    load_everything()
    with ProcessPoolExecutor(plan.workers, mp_context=_fork) as pool:
        return list(pool.map(function, values))


def _in_time(trial: Callable[[int], Result], plan: Plan, index: int) -> Result:
    return Result() if plan.is_over() else trial(index)


def _within_memory(result: Result) -> Result:
    if result.harm is None and result.added_bytes > LARGEST_EXTRA:
        harm = Harm("memory", f"{result.added_bytes / 1e6:.0f} MB more than at the start")
        return result._replace(harm=harm)
    return result


def _count(tally: Tally, index: int, result: Result) -> None:
    if result.harm:
        message = " ".join(result.harm.message.split())
        fault = Fault(what=result.harm.what, place=result.place, message=message, index=index)
        tally.add_fault(fault)
    elif result.outcome:
        tally.outcomes[result.outcome] += 1
