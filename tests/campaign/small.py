"""A small campaign of what happens around files: `python -m tests.campaign.small FOLDER`."""

import os
import sys
from pathlib import Path

from tests.campaign import crowd, disks, job_kills, kills, options, studio_kills
from tests.campaign.report import Plan, summary

SEED = 7

COUNTS = {kills: 3, job_kills: 4, studio_kills: 2, disks: 2, crowd: 1, options: 30}
"""Trials of each kind: seconds, for the ordinary tests."""


def main(folder: Path) -> int:
    """Run all of it; exit code 1 if there is any fault."""
    os.environ["DISTILL_CACHE"] = str(folder / "cache")
    os.environ["DISTILL_WORKSPACE"] = str(folder / "workspace")
    faults = 0
    for kind, count in COUNTS.items():
        own = folder / kind.NAME
        own.mkdir()
        tally = kind.run(Plan(seed=SEED, count=count, folder=own, shared=folder))
        print(summary([tally]), flush=True)
        faults += len(tally.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
