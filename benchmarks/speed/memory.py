"""Memory of `train` on a short and on a long corpus, or of `generate` and `stream`.

    DISTILL_CORPORA=… python -m benchmarks.speed.memory
    python -m benchmarks.speed.memory --generate MODEL.sda

The first trains on a corpus and on one 50 times as long, and times the first step of a second
run; about 6 minutes on 2 threads. The second compares a short sound with a long one; about 5
minutes.

Peak anonymous memory (RssAnon) is sampled 20 times a second; Linux only. The long corpus holds the
same files, each 50 times in a row at different gains, so that no two stretches are alike.
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

from benchmarks.common import corpora_dir, distill_command, parser_of, peak_mb, run_main
from distill.settings import SAMPLE_RATE

FIRST_STEP = """
import time, sys
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

SAMPLE_BYTES = 4
"""Bytes of a sample as float32."""


def show_generation(
    model: Path,
    short_s: int,
    long_s: int,
) -> None:
    """Print how memory grows from a short sound to a long one, beside the size of the sound."""
    sound_mb = (long_s - short_s) * SAMPLE_RATE * SAMPLE_BYTES / 1e6
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "a.wav"
        commands = {
            "generate": distill_command(
                "generate",
                model,
                "-o",
                output,
                "--overwrite",
                "--seed",
                1,
                "--threads",
                1,
                "--duration",
            ),
            "stream": [sys.executable, "-c", STREAM, str(model)],
        }
        for name, command in commands.items():
            short_mb = peak_mb([*command, str(short_s)])
            long_mb = peak_mb([*command, str(long_s)])
            print(
                f"{name}: {short_s} s {short_mb:.0f} MB, {long_s} s {long_mb:.0f} MB: "
                f"{long_mb - short_mb:.0f} MB more (the sound itself: {sound_mb:.0f} MB a channel)",
                flush=True,
            )


def lengthen(
    folder: Path,
    output: Path,
    times: int,
) -> Path:
    """Write every file of `folder` to `output`, `times` in a row, streamed to disk."""
    output.mkdir()
    for file in sorted(folder.iterdir()):
        sound, rate = sf.read(file, dtype="float32", always_2d=True)
        gains = np.random.default_rng(0).uniform(0.3, 1.0, times)
        path = output / f"{file.stem}.flac"
        with sf.SoundFile(path, "w", rate, sound.shape[1], "PCM_24") as long:
            for gain in gains:
                long.write(sound * np.float32(gain))
    return output


def training_mb(
    corpus: Path,
    model: Path,
    steps: int,
    threads: int,
) -> float:
    """Peak memory of `train` in MB, printed with its time."""
    began = time.perf_counter()
    options = ("--steps", steps, "--threads", threads, "--json")
    peak = peak_mb(distill_command("train", corpus, "-o", model, *options))
    print(f"{corpus.name}: peak {peak:.0f} MB ({time.perf_counter() - began:.0f} s)", flush=True)
    return peak


def first_step_s(corpus: Path, model: Path) -> float:
    """Seconds from the end of the imports to the first step."""
    command = [sys.executable, "-c", FIRST_STEP, str(corpus), str(model)]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(result.stdout.split()[0])


def show_training(
    corpus: Path,
    times: int,
    steps: int,
    threads: int,
) -> None:
    """Print memory and first steps of `train`, on `corpus` and on one `times` as long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A cache of its own, so that the first run has to fill it.
        os.environ["DISTILL_CACHE"] = str(folder / "cache")
        short_mb = training_mb(corpus, folder / "short.sda", steps, threads)
        again_s = first_step_s(corpus, folder / "short-again.sda")
        print(f"second run, first step after imports: {again_s:.2f} s", flush=True)
        long = lengthen(corpus, folder / "long", times)
        print(f"{times} times as long:", flush=True)
        long_mb = training_mb(long, folder / "long.sda", steps, threads)
        again_s = first_step_s(long, folder / "long-again.sda")
        print(f"second run, first step after imports: {again_s:.2f} s", flush=True)
        print(f"ratio {long_mb / short_mb:.3f}")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--corpus", default="ambient")
    parser.add_argument(
        "--times",
        type=int,
        default=50,
        help="how much longer the long corpus is",
    )
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--generate",
        type=Path,
        metavar="MODEL",
        help="measure generation instead",
    )
    parser.add_argument(
        "--durations", type=int, nargs=2, default=(10, 600), help="seconds, short and long"
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    if args.generate:
        show_generation(args.generate, *args.durations)
    else:
        show_training(corpora_dir() / args.corpus, args.times, args.steps, args.threads)


if __name__ == "__main__":
    run_main(main)
