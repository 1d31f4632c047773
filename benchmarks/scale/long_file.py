"""The descriptors of one long recording: time and memory.

    DISTILL_CORPORA=… python -m benchmarks.scale.long_file --minutes 58

The recording is the shipped sounds one after the other, each at another speed and level, mapped
from disk as the cache maps it. Peak anonymous memory (RssAnon) above that before the work; Linux
only. Processor time on one thread. Takes a minute for 58 minutes of sound.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from benchmarks.common import corpora_dir, parser_of, run_main
from benchmarks.scale.corpus import grow_corpus
from benchmarks.scale.cost import cost_of
from distill.settings import SAMPLE_RATE

MEASURE = """
import sys
import numpy as np
from distill.audio.descriptors import measure
sound = np.load(sys.argv[1], mmap_mode="r")
print(len(measure(sound[:, : int(sys.argv[2])], 48000, 1024)))
"""

TIMES = 20
"""Copies of each shipped sound that the longest recording is made of: 84 minutes."""


class LongFileCost(NamedTuple):
    """Cost of the descriptors of a recording.

    Attributes:
        cpu_s: Processor time in s.
        more_mb: Peak memory in MB, above that of a recording of a tenth of a second.
    """

    cpu_s: float
    more_mb: float


def long_file_cost(path: Path, minutes: float) -> LongFileCost:
    """Measure the first `minutes` of the samples at `path`."""
    command = [sys.executable, "-c", MEASURE, str(path)]
    begun = cost_of([*command, str(SAMPLE_RATE // 10)])
    whole = cost_of([*command, str(round(minutes * 60 * SAMPLE_RATE))])
    return LongFileCost(
        cpu_s=whole.cpu_s - begun.cpu_s,
        more_mb=whole.peak_mb - begun.peak_mb,
    )


def write_long_file(folder: Path, minutes: float) -> Path:
    """Write one mono recording of so many minutes, as the cache keeps it."""
    n = round(minutes * 60 * SAMPLE_RATE)
    corpus = grow_corpus(folder / "sounds", TIMES)
    path = folder / "long.npy"
    samples = np.lib.format.open_memmap(path, "w+", "<f4", (1, n), fortran_order=True)
    start = 0
    for file in sorted(corpus.rglob("*.flac"), key=lambda file: file.stem[-3:]):
        sound, _ = sf.read(file, dtype="float32", always_2d=True)
        part = sound.mean(1)[: n - start]
        samples[0, start : start + len(part)] = part
        start += len(part)
    if start < n:
        sys.exit(f"{corpora_dir()} has too little sound: {start / SAMPLE_RATE / 60:.0f} minutes.")
    return path


def main() -> None:
    """Measure what the command line asks for."""
    parser = parser_of(__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[58.0])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = write_long_file(Path(folder), max(args.minutes))
        for minutes in args.minutes:
            cost = long_file_cost(path, minutes)
            print(f"{minutes:g} min: {cost.cpu_s:.1f} s, {cost.more_mb:+.0f} MB", flush=True)


if __name__ == "__main__":
    run_main(main)
