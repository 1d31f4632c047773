"""Run the campaign: `python -m tests.campaign --seed 1 --share 0.1 --only codes,sounds`."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import torch

from tests.campaign import fuzz
from tests.campaign.kinds import KINDS
from tests.campaign.material import material
from tests.campaign.report import Plan, Tally, keep_fault, summary

REGRESSIONS = Path(__file__).parents[1] / "regressions"
"""Folder of the minimised inputs of faults."""


def main() -> int:
    """Run the kinds that the options name; exit code 1 if there is any fault."""
    options = _options()
    # Forked processes must not inherit threads.
    torch.set_num_threads(1)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="distill-campaign-"))
    os.environ["DISTILL_CACHE"] = str(folder / "cache")
    os.environ["DISTILL_WORKSPACE"] = str(folder / "workspace")
    print(f"Campaign with seed {options.seed}, in {folder}", file=sys.stderr, flush=True)
    shared = folder / "shared"
    shared.mkdir(parents=True, exist_ok=True)
    # Else the first kind would make it in its time.
    material(shared)
    chosen = [kind for kind in KINDS if not options.only or kind.NAME in options.only]
    tallies = []
    for number, kind in enumerate(chosen):
        now = time.monotonic()
        stop_at = now + share_of_time(options.stop_at - now, chosen[number:])
        tallies.append(_run(kind, options, folder, stop_at))
        print(summary(tallies[-1:]), flush=True)
    if options.fuzz:
        tallies += _fuzz(options, folder)
    faults = sum(len(tally.faults) for tally in tallies)
    print(f"{sum(tally.done for tally in tallies):,} trials, {faults} sorts of faults", flush=True)
    if options.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


def share_of_time(rest: float, kinds: Sequence[ModuleType]) -> float:
    """Seconds of the `rest` that the first of the `kinds` left gets: by what whole runs take.

    What one leaves of its time is for those after it.
    """
    return rest * kinds[0].TAKES_S / sum(kind.TAKES_S for kind in kinds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    names = ", ".join(kind.NAME for kind in KINDS)
    parser.add_argument("--seed", type=int, default=1, help="of all trials")
    parser.add_argument("--share", type=float, default=1.0, help="of the trials of each kind")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"kinds: {names}")
    parser.add_argument("--minutes", type=float, default=30.0, help="for all kinds together")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--folder", type=Path, help="work there, and keep the whole files")
    parser.add_argument(
        "--regressions", type=Path, default=REGRESSIONS, help="folder for inputs of faults"
    )
    parser.add_argument(
        "--fuzz", type=int, default=0, metavar="SECONDS", help="fuzz each reader with atheris too"
    )
    options = parser.parse_args()
    if options.fuzz and not fuzz.is_installed():
        parser.error("--fuzz needs atheris: pip install -e '.[fuzz]'")
    options.stop_at = time.monotonic() + 60 * options.minutes
    return options


def _run(kind: ModuleType, options: argparse.Namespace, folder: Path, stop_at: float) -> Tally:
    own = folder / kind.NAME
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    plan = Plan(
        seed=options.seed,
        count=max(1, round(kind.COUNT * options.share)),
        folder=own,
        shared=folder / "shared",
        workers=options.workers,
        stop_at=stop_at,
    )
    tally: Tally = kind.run(plan)
    for fault in tally.faults:
        keep_fault(options.regressions, kind.NAME, fault)
    return tally


def _fuzz(options: argparse.Namespace, folder: Path) -> list[Tally]:
    tallies = []
    for reader in fuzz.READERS:
        own = folder / "fuzz" / reader
        shutil.rmtree(own, ignore_errors=True)
        tally = fuzz.run_reader(reader, options.fuzz, own, material(folder / "shared"))
        for fault in tally.faults:
            keep_fault(options.regressions, tally.name, fault)
        print(summary([tally]), flush=True)
        tallies.append(tally)
    return tallies


if __name__ == "__main__":
    sys.exit(main())
