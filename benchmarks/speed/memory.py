"""Memory of `train` on a corpus and on one 50 times as long, and how soon a second run takes its
first step.

    DISTILL_CORPORA=… python benchmarks/memory.py python benchmarks/memory.py --generate my.sda
    # instead, memory of `generate` and of a stream, short and long

Peak anonymous memory (RssAnon) is sampled 20 times a second. The long corpus holds the same files,
each 50 times in a row at slightly different gains, so that no two stretches are alike.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from benchmarks.common import MemoryWatch, corpora_dir
from distill.settings import SAMPLE_RATE

FIRST_STEP = """
import time, sys, pathlib
import distill
from distill.training.metrics import StepMetrics
began = time.perf_counter()
def watch(event):
    if isinstance(event, StepMetrics) and event.step == 1:
        print(time.perf_counter() - began, flush=True)
distill.train(sys.argv[1], sys.argv[2], steps=2, threads=2, callback=watch)
"""


STREAM = """
import sys
import distill
left = float(sys.argv[2]) * 48000
for block in distill.stream(distill.load(sys.argv[1], "cpu", 1)):
    left -= block.shape[1]
    if left <= 0:
        break
"""


def peak_of(command: list[str]) -> float:
    """MB, of a process that runs to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = MemoryWatch(process.pid)
    if process.wait():
        sys.exit(f"failed: {' '.join(command)}")
    return watch.peak_mb


def show_generation(model: Path, short: int, long: int) -> None:
    """By how much memory grows from a short sound to a long one, beside what the sound itself takes
    as float32."""
    own = (long - short) * SAMPLE_RATE * 4 / 1e6
    with tempfile.TemporaryDirectory() as folder:
        generate = [
            sys.executable,
            "-m",
            "distill",
            "generate",
            str(model),
            "-o",
            f"{folder}/a.wav",
            "--seed",
            "1",
        ]
        commands = {
            "generate": [*generate, "--threads", "1", "--duration"],
            "stream": [sys.executable, "-c", STREAM, str(model)],
        }
        for name, command in commands.items():
            before, after = (peak_of([*command, str(seconds)]) for seconds in (short, long))
            print(
                f"{name}: {short} s {before:.0f} MB, {long} s {after:.0f} MB: {after - before:.0f} MB more "
                f"(the sound itself: {own:.0f} MB a channel)",
                flush=True,
            )


def lengthen(folder: Path, out: Path, times: int) -> Path:
    """Every file of `folder`, `times` over, streamed to disk."""
    out.mkdir()
    for file in sorted(folder.iterdir()):
        sound, rate = sf.read(file, dtype="float32", always_2d=True)
        gains = np.random.default_rng(0).uniform(0.3, 1.0, times)
        with sf.SoundFile(out / f"{file.stem}.flac", "w", rate, sound.shape[1], "PCM_24") as long:
            for gain in gains:
                long.write(sound * np.float32(gain))
    return out


def peak_mb(corpus: Path, model: Path, steps: int, threads: int) -> float:
    command = [
        sys.executable,
        "-m",
        "distill",
        "train",
        str(corpus),
        "-o",
        str(model),
        "--steps",
        str(steps),
    ]
    process = subprocess.Popen(
        [*command, "--threads", str(threads), "--json"], stdout=subprocess.DEVNULL
    )
    watch = MemoryWatch(process.pid)
    if process.wait():
        sys.exit("training failed")
    return watch.peak_mb


def first_step_s(corpus: Path, model: Path) -> float:
    """Seconds from the end of the imports to the first step."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_STEP, corpus, model],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="ambient")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--generate", type=Path, metavar="MODEL")
    parser.add_argument("--durations", type=int, nargs=2, default=(10, 600))
    a = parser.parse_args()
    if a.generate:
        show_generation(a.generate, *a.durations)
        sys.exit()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        os.environ["DISTILL_CACHE"] = str(work / "cache")
        short = corpora_dir() / a.corpus
        began = time.perf_counter()
        short_mb = peak_mb(short, work / "short.sda", a.steps, a.threads)
        print(
            f"{a.corpus}: peak {short_mb:.0f} MB ({time.perf_counter() - began:.0f} s)", flush=True
        )
        print(
            f"second run, first step after imports: {first_step_s(short, work / 'again.sda'):.2f} s",
            flush=True,
        )
        long = lengthen(short, work / "long", a.times)
        began = time.perf_counter()
        long_mb = peak_mb(long, work / "long.sda", a.steps, a.threads)
        print(
            f"{a.times} times as long: peak {long_mb:.0f} MB ({time.perf_counter() - began:.0f} s)",
            flush=True,
        )
        print(
            f"ratio {long_mb / short_mb:.3f}; second run of the long one: {first_step_s(long, work / 'l2.sda'):.2f} s"
        )
