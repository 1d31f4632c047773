"""Encode and decode as a user runs them: speed on a minute, memory and length on an hour.

    python benchmarks/listen.py MODEL.sda [--hours 1]

Speed is that of the commands in one process, so that nothing is imported any more: processor time
for 61 s less that for 1 s of sound, so that loading the model falls out and other work on the
machine hardly matters; medians of three. Memory is the largest resident set of a process of its
own, libraries included. One thread; Linux and macOS.
"""

import argparse
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from distill.cli import app
from distill.settings import SAMPLE_RATE

OPTIONS = ("--threads", "1", "--json")
LEAST_X = {"encode": 100, "decode": 40}
MOST_MB = 1000
"""What it is to be: times real time, and memory for a sound of any length."""


class Cost(NamedTuple):
    """Processor time in seconds, and the largest resident set in MB."""

    cpu_s: float
    peak_mb: float


def measured(*arguments: object) -> Cost:
    """What `distill` with these arguments costs."""
    command = [sys.executable, "-m", "distill", *map(str, arguments), *OPTIONS]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return Cost(
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10),
    )


def hits(path: Path, seconds: int) -> Path:
    """Decaying tones over hiss, two a second, streamed to a 24-bit file."""
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    with sf.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_24") as file:
        for _ in range(seconds):
            tone = np.exp(-8 * (t % 0.5)) * np.sin(2 * np.pi * rng.uniform(80, 2000) * t)
            file.write(0.4 * tone + 1e-3 * rng.standard_normal(len(t)))
    return path


def processor_s(*arguments: object, runs: int = 3) -> float:
    """Processor time of the command with these arguments in this process, after a warm-up."""
    times = []
    for _ in range(runs + 1):
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            app([*map(str, arguments), *OPTIONS], standalone_mode=False)
        times.append(time.process_time() - began)
    return statistics.median(times[1:])


def commands(model: Path, folder: Path, seconds: int) -> tuple[list[object], list[object]]:
    """There and back, for a sound of so many seconds."""
    sound, codes, decoded = (
        folder / f"{seconds}{end}" for end in (".wav", ".json", "-decoded.wav")
    )
    hits(sound, seconds)
    return ["encode", model, sound, "-o", codes], ["decode", model, codes, "-o", decoded]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--hours", type=float, default=1, help="0 leaves the long sound out")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for less, more in zip(
            *(commands(a.model, Path(name), seconds) for seconds in (1, 61)), strict=True
        ):
            short, minute = processor_s(*less), processor_s(*more)
            command = str(less[0])
            print(
                f"{command}: {60 / (minute - short):.0f}x real time (at least {LEAST_X[command]}x)",
                flush=True,
            )
        seconds = round(3600 * a.hours)
        for words in commands(a.model, Path(name), seconds) if seconds else ():
            cost = measured(*words)
            memory = f"{cost.peak_mb:.0f} MB (at most {MOST_MB})"
            print(f"{words[0]} {a.hours:g} h: {cost.cpu_s:.0f} s, {memory}", flush=True)
        if (
            seconds
            and sf.info(Path(name) / f"{seconds}-decoded.wav").frames != seconds * SAMPLE_RATE
        ):
            sys.exit("The long sound came back in another length.")
