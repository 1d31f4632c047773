"""How time and memory grow with hours of sound, as a table and a picture.

    DISTILL_CORPORA=… python -m benchmarks.scale.growth growth.png --times 1 10 50 --minutes 2 12 58

A scan of the four corpora with so many copies of each file, with an empty and a full cache, in one
process; and the descriptors of one recording of so many minutes. Figures are those of
`benchmarks.scale.scan` and `benchmarks.scale.long_file`. 50 times the corpora are 6,400 files,
3.5 hours, whose cache takes 4.9 GB. Takes 20 minutes on a quiet machine.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import soundfile as sf
from matplotlib.axes import Axes

from benchmarks.common import parser_of, run_main
from benchmarks.scale.corpus import grow_corpus
from benchmarks.scale.long_file import long_file_cost, write_long_file
from benchmarks.scale.scan import scan_cost

SIZE_INCHES = (10, 4)
"""Width and height of the picture."""


class Point(NamedTuple):
    """Time and memory at one size.

    Attributes:
        hours: Of sound.
        seconds: Processor time.
        mb: Peak anonymous memory in MB.
    """

    hours: float
    seconds: float
    mb: float


Curves = dict[str, list[Point]]
"""Points of each kind of work, by its name."""


def scan_curves(times: list[int]) -> Curves:
    """Scans of the four corpora with so many copies of each file."""
    cold, warm = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in sorted(times):
            # A larger corpus holds the smaller one, so that it need not be written anew.
            corpus = grow_corpus(Path(folder), number)
            files = list(corpus.rglob("*.flac"))
            hours = sum(sf.info(file).duration for file in files) / 3600
            cost = scan_cost(corpus, jobs=1)
            print(f"{len(files)} files, {hours:.2f} h, empty cache: {cost.cold}", flush=True)
            print(f"… full cache: {cost.warm}; it takes {cost.cache_mb:.0f} MB", flush=True)
            cold.append(Point(hours=hours, seconds=cost.cold.cpu_s, mb=cost.cold.peak_mb))
            warm.append(Point(hours=hours, seconds=cost.warm.cpu_s, mb=cost.warm.peak_mb))
    return {"scan, empty cache": cold, "scan, full cache": warm}


def long_file_curves(minutes: list[float]) -> Curves:
    """Descriptors of one recording of so many minutes."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        path = write_long_file(Path(folder), max(minutes))
        for length in sorted(minutes):
            cost = long_file_cost(path, length)
            print(f"one recording of {length:g} min: {cost.cpu_s:.1f} s, {cost.more_mb:+.0f} MB")
            points.append(Point(hours=length / 60, seconds=cost.cpu_s, mb=cost.more_mb))
    return {"descriptors of one recording": points}


def draw(path: Path, curves: Curves) -> None:
    """Draw time and memory against hours of sound."""
    figure, (time_axis, memory_axis) = plt.subplots(1, 2, figsize=SIZE_INCHES)
    for name, points in curves.items():
        hours = [point.hours for point in points]
        time_axis.plot(hours, [point.seconds for point in points], "o-", label=name)
        memory_axis.plot(hours, [point.mb for point in points], "o-", label=name)
    _label(time_axis, "processor time, s")
    _label(memory_axis, "peak memory, MB")
    # From nothing, so that what stays flat looks flat.
    memory_axis.set_ylim(bottom=0)
    time_axis.set_yscale("log")
    time_axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def _label(axis: Axes, quantity: str) -> None:
    axis.set_xscale("log")
    axis.set_xlabel("hours of sound")
    axis.set_ylabel(quantity)
    axis.grid(alpha=0.3)


def main() -> None:
    """Measure and draw what the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 12.0, 58.0])
    args = parser.parse_args()
    draw(args.picture, scan_curves(args.times) | long_file_curves(args.minutes))


if __name__ == "__main__":
    run_main(main)
