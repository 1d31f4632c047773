"""The commands `encode` and `decode`: speed on a minute of sound, memory and length on an hour.

    python -m benchmarks.speed.encode_decode MODEL.sda --hours 1

Takes about 5 minutes; `--hours 0` leaves the hour out, under 1 minute. One thread; Linux, macOS.

Speed is the processor time for 61 s of sound less that for 1 s, so that loading the model falls
out; the median of three runs in one process. Memory is the largest resident set of a process of
its own, libraries included.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from benchmarks.common import Bound, distill_command, parser_of, run_main
from benchmarks.timing import median_s
from distill.cli import app
from distill.settings import SAMPLE_RATE

OPTIONS = ("--threads", "1", "--json")
"""Options of every command."""

SPEED_BOUNDS = {
    "encode": Bound(100, is_upper=False),
    "decode": Bound(40, is_upper=False),
}
"""Seconds of sound per second of processor time, at least."""

MEMORY_BOUND = Bound(1000)
"""Memory in MB for a sound of any length, at most."""

SHORT_S = 1
"""Seconds of the short sound, which costs little but the start."""

LONG_S = 61
"""Seconds of the other: a minute more."""


class Cost(NamedTuple):
    """Processor time of a command in seconds, and its largest resident set in MB."""

    cpu_s: float
    peak_mb: float


class Commands(NamedTuple):
    """The arguments of `encode` and of `decode` for one sound."""

    encode: list[object]
    decode: list[object]


def cost_of(words: list[object]) -> Cost:
    """Run `distill` with the arguments `words` in a process of its own."""
    command = distill_command(*words, *OPTIONS)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    # The resident set is in bytes on macOS, in kB on Linux.
    units_per_mb = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / units_per_mb)


def write_hits(path: Path, seconds: int) -> None:
    """Write decaying tones over hiss, two a second, streamed to a 24-bit file."""
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    with sf.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_24") as file:
        for _ in range(seconds):
            tone = np.exp(-8 * (t % 0.5)) * np.sin(2 * np.pi * rng.uniform(80, 2000) * t)
            file.write(0.4 * tone + 1e-3 * rng.standard_normal(len(t)))


def processor_s(words: list[object]) -> float:
    """Median processor time in seconds of a command in this process, after a warm-up."""

    def run() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            app([*map(str, words), *OPTIONS], standalone_mode=False)

    return median_s(run)


def commands_for(
    model: Path,
    folder: Path,
    seconds: int,
) -> Commands:
    """Write a sound of `seconds` into `folder`; the commands that encode and decode it."""
    sound = folder / f"{seconds}.wav"
    codes = folder / f"{seconds}.json"
    output = folder / f"{seconds}-decoded.wav"
    write_hits(sound, seconds)
    return Commands(
        encode=["encode", model, sound, "-o", codes],
        decode=["decode", model, codes, "-o", output],
    )


def show_speed(model: Path, folder: Path) -> None:
    """Print the speed of both commands."""
    short = commands_for(model, folder, SHORT_S)
    long = commands_for(model, folder, LONG_S)
    for name, short_words, long_words in zip(Commands._fields, short, long, strict=True):
        short_s = processor_s(short_words)
        long_s = processor_s(long_words)
        factor = (LONG_S - SHORT_S) / (long_s - short_s)
        print(f"{name}: {factor:.0f}x real time ({SPEED_BOUNDS[name]})", flush=True)


def show_memory(
    model: Path,
    folder: Path,
    hours: float,
) -> None:
    """Print time and memory of both commands on a long sound, and check its length."""
    seconds = round(3600 * hours)
    commands = commands_for(model, folder, seconds)
    for name, words in zip(Commands._fields, commands, strict=True):
        cost = cost_of(words)
        print(
            f"{name} {hours:g} h: {cost.cpu_s:.0f} s, {cost.peak_mb:.0f} MB ({MEMORY_BOUND})",
            flush=True,
        )
    if sf.info(folder / f"{seconds}-decoded.wav").frames != seconds * SAMPLE_RATE:
        sys.exit("The long sound came back in another length.")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument(
        "--hours",
        type=float,
        default=1,
        help="of the long sound; 0 for none",
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    with tempfile.TemporaryDirectory() as name:
        show_speed(args.model, Path(name))
        if args.hours:
            show_memory(args.model, Path(name), args.hours)


if __name__ == "__main__":
    run_main(main)
