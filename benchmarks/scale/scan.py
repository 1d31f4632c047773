"""A scan of a folder, with an empty cache and again with a full one.

    python -m benchmarks.scale.scan FOLDER --jobs 1 2

`benchmarks.scale.corpus` makes folders of any size. Processor time counts all processes; the clock
counts what else the machine does, so that the load stands beside it. Memory is the peak of
anonymous memory (RssAnon) of the scan itself; each further process takes about 0.1 GB. Linux only.
Takes 3 minutes for 10 times the four corpora and two numbers of jobs.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import parser_of, run_main
from benchmarks.scale.cost import Cost, cost_of

SCAN = (
    "import sys; from distill import scan_corpus; scan_corpus(sys.argv[1], jobs=int(sys.argv[2]))"
)


class ScanCost(NamedTuple):
    """Cost of a scan.

    Attributes:
        cold: With an empty cache.
        warm: With all sounds in the cache.
        cache_mb: Size of the cache in MB.
    """

    cold: Cost
    warm: Cost
    cache_mb: float


def scan_cost(folder: Path, jobs: int) -> ScanCost:
    """Scan a folder twice in so many processes, with a cache of its own."""
    command = [sys.executable, "-c", SCAN, str(folder), str(jobs)]
    with tempfile.TemporaryDirectory(prefix="distill-cache-") as cache:
        cold = cost_of(command, {"DISTILL_CACHE": cache})
        warm = cost_of(command, {"DISTILL_CACHE": cache})
        n_bytes = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    return ScanCost(cold=cold, warm=warm, cache_mb=n_bytes / 1e6)


def main() -> None:
    """Measure what the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1], help="numbers of processes")
    args = parser.parse_args()
    for jobs in args.jobs:
        cost = scan_cost(args.folder, jobs)
        print(f"{jobs} processes, empty cache: {cost.cold}")
        print(f"{jobs} processes, full cache: {cost.warm}; the cache takes {cost.cache_mb:.0f} MB")


if __name__ == "__main__":
    run_main(main)
