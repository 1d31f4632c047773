"""Encode and decode as a user runs them: speed on a minute, memory and length on an hour.

    python benchmarks/listen.py MODEL.sda [--hours 1]

Each command is a process of its own on one thread. What counts is its processor time for 61 s less that for 1 s of
sound, so that start-up and loading the model fall out and other work on the machine does not matter. Memory is the
largest resident set, libraries included. Linux and macOS.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from distill.settings import SAMPLE_RATE


class Cost(NamedTuple):
    """Processor time in seconds, and the largest resident set in MB."""

    cpu_s: float
    peak_mb: float


def measured(*arguments: object) -> Cost:
    """What `distill` with these arguments costs."""
    command = [sys.executable, "-m", "distill", *map(str, arguments), "--threads", "1", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10))


def hits(path: Path, seconds: int) -> Path:
    """Decaying tones over hiss, two a second, streamed to a 24-bit file."""
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    rng = np.random.default_rng(0)
    with sf.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_24") as file:
        for _ in range(seconds):
            tone = np.exp(-8 * (t % 0.5)) * np.sin(2 * np.pi * rng.uniform(80, 2000) * t)
            file.write(0.4 * tone + 1e-3 * rng.standard_normal(len(t)))
    return path


def there_and_back(model: Path, folder: Path, seconds: int) -> tuple[Cost, Cost]:
    sound = hits(folder / f"{seconds}.wav", seconds)
    codes, decoded = folder / f"{seconds}.json", folder / f"{seconds}-decoded.wav"
    costs = measured("encode", model, sound, "-o", codes), measured("decode", model, codes, "-o", decoded)
    if sf.info(decoded).frames != seconds * SAMPLE_RATE:
        sys.exit(f"{seconds} s came back in another length")
    return costs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--hours", type=float, default=1, help="0 leaves the long sound out")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        short, minute = (there_and_back(a.model, Path(name), seconds) for seconds in (1, 61))
        for what, less, more in zip(("encode", "decode"), short, minute, strict=True):
            print(f"{what}: {60 / (more.cpu_s - less.cpu_s):.0f}x real time, {more.peak_mb:.0f} MB", flush=True)
        if seconds := round(3600 * a.hours):
            for what, cost in zip(("encode", "decode"), there_and_back(a.model, Path(name), seconds), strict=True):
                print(f"{what} {a.hours:g} h: {seconds / cost.cpu_s:.0f}x in all, {cost.peak_mb:.0f} MB", flush=True)
