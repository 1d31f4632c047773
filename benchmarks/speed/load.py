"""Training beside other busy programs: steps, what is left to the others, and how soon it stops.

    DISTILL_CORPORA=… python -m benchmarks.speed.load

Codec trainings on two cores, each in a process of its own, alone and beside 1, 2 and 4 busy
processes: on 1 thread; on 2 threads that wait actively, briefly or passively; and as `distill
train` does it, with low and with normal priority. The busy processes start after the first step,
and SIGTERM ends the last two. Takes about 9 minutes; Linux only.

- steps/s: steps a second; "to active": as a ratio to 2 actively waiting threads beside as many busy
  processes.
- steps/CPU s: steps a second of processor time. "kept" is its ratio to 1 thread alone: the part of
  the steps that its share of the processor allows which a training makes.
- share, busy, others: cores that the training, the busy processes and all other programs take.
- threads: in use at the end.
- stop: seconds from SIGTERM to the end of the last step, and to that of the process.

Beside other programs, as "others" shows, only "kept" and the stop mean much.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.common import corpora_dir, parser_of, run_main, write_json
from distill.process import Priority

TRAINING = """
import json, os, signal, sys, threading, time
from distill.process import Priority, set_priority
folder, output, threads, priority = sys.argv[1:]
set_priority(Priority(priority))
import torch
import distill
from distill.training.metrics import StepMetrics
event = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: event.set())
def watch(metrics):
    if isinstance(metrics, StepMetrics):
        facts = [time.monotonic(), time.process_time(), torch.get_num_threads()]
        print(json.dumps(facts), flush=True)
corpus = distill.scan_corpus(folder, 1)
count = int(threads) or None
distill.train(corpus, output, minutes=10, threads=count, callback=watch, cancel_event=event)
print(json.dumps([time.monotonic(), time.process_time(), 0]), flush=True)
"""
"""A training: prints time, processor time and threads after each step, and after all is saved."""

BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    sum(range(100_000))
"""
"""A busy process, which ends with the benchmark."""

ACTIVE: Mapping[str, str] = {}
PASSIVE = {"OMP_WAIT_POLICY": "passive"}
BRIEF = {"GOMP_SPINCOUNT": "10000"}
"""10,000 turns (about 0.4 ms) until a waiting thread gives up its core; GNU has 300,000."""

WAIT_SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Settings by which users say themselves how threads wait."""

LEAD_S = 6.0
"""Seconds with the busy processes before anything is counted: trials come first."""

STOP_S = 60.0
"""Seconds after SIGTERM until a training is killed."""


@dataclass(frozen=True)
class Way:
    """A way to train: its name, threads (0: found by trials), how they wait, and priority."""

    name: str
    threads: int
    waits: Mapping[str, str]
    priority: Priority = Priority.NORMAL


WAYS = (
    Way("1 thread", 1, ACTIVE),
    Way("2 threads, active", 2, ACTIVE),
    Way("2 threads, brief", 2, BRIEF),
    Way("2 threads, passive", 2, PASSIVE),
    Way("train --priority normal", 0, ACTIVE),
    Way("train", 0, ACTIVE, Priority.LOW),
)


@dataclass(frozen=True)
class Figures:
    """Figures of one training; see the module docstring."""

    way: str
    busy: int
    steps_per_s: float
    steps_per_cpu_s: float
    share: float
    busy_share: float
    others_share: float
    threads: int
    stop_step_s: float
    stop_s: float


@dataclass(frozen=True)
class Moment:
    """Time and processor time in s: of the busy processes, and of the whole machine."""

    at: float
    busy_s: float
    machine_s: float


def moment(busy: list[subprocess.Popen[bytes]]) -> Moment:
    """Now."""
    ticks = os.sysconf("SC_CLK_TCK")
    cpu_ticks = 0
    for process in busy:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu_ticks += int(fields[11]) + int(fields[12])
    # User, nice and system.
    machine = Path("/proc/stat").read_text().split()[1:4]
    return Moment(
        at=time.monotonic(),
        busy_s=cpu_ticks / ticks,
        machine_s=sum(map(int, machine)) / ticks,
    )


def lines_of(path: Path) -> list[list[float]]:
    """What a training has printed so far."""
    return [
        json.loads(line) for line in path.read_text().splitlines(keepends=True) if line[-1:] == "\n"
    ]


def measure(way: Way, busy_count: int, sounds: Path, folder: Path, seconds: float) -> Figures:
    """Train for `seconds` beside `busy_count` busy processes."""
    output = folder / f"{time.monotonic_ns()}.sda"
    log = output.with_suffix(".log")
    environment = {name: value for name, value in os.environ.items() if name not in WAIT_SETTINGS}
    command = [sys.executable, "-c", TRAINING, sounds, output, way.threads, way.priority]
    busy: list[subprocess.Popen[bytes]] = []
    with log.open("w") as stdout:
        training = subprocess.Popen(
            list(map(str, command)), stdout=stdout, env=environment | dict(way.waits)
        )
    try:
        while not lines_of(log):
            if training.poll() is not None:
                sys.exit(f"The training '{way.name}' has ended.")
            time.sleep(0.05)
        busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy_count)]
        time.sleep(LEAD_S)
        before = moment(busy)
        time.sleep(seconds)
        after = moment(busy)
        stops = stop(training, log) if not way.threads else (float("nan"), float("nan"))
    finally:
        for process in (training, *busy):
            process.kill()
            process.wait()
    return figures(way, lines_of(log), before, after, stops, busy_count)


def stop(training: subprocess.Popen[bytes], log: Path) -> tuple[float, float]:
    """Seconds from SIGTERM to the end of the last step, and to that of the process."""
    began = time.monotonic()
    training.send_signal(signal.SIGTERM)
    training.wait(STOP_S)
    end = time.monotonic()
    last_step = lines_of(log)[-2][0]
    return max(0.0, last_step - began), end - began


def figures(
    way: Way,
    lines: list[list[float]],
    before: Moment,
    after: Moment,
    stops: tuple[float, float],
    busy_count: int,
) -> Figures:
    """Figures of the steps between two moments, from the last step before the first of them."""
    first = max(i for i, line in enumerate(lines) if line[0] <= before.at or i == 0)
    last = max(i for i, line in enumerate(lines) if line[0] <= after.at or i == first)
    # A step that took longer than the whole time counts when it ends, if it does.
    last = max(last, min(first + 1, len(lines) - 1))
    wall_s = max(lines[last][0], after.at if last == first else 0) - lines[first][0]
    cpu_s = lines[last][1] - lines[first][1]
    lasted_s = after.at - before.at
    share = cpu_s / wall_s
    busy_share = (after.busy_s - before.busy_s) / lasted_s
    machine = (after.machine_s - before.machine_s) / lasted_s
    return Figures(
        way=way.name,
        busy=busy_count,
        steps_per_s=(last - first) / wall_s,
        steps_per_cpu_s=(last - first) / cpu_s if cpu_s else 0.0,
        share=share,
        busy_share=busy_share,
        others_share=max(0.0, machine - busy_share - share),
        threads=int(lines[last][2]),
        stop_step_s=stops[0],
        stop_s=stops[1],
    )


def show(rows: list[Figures]) -> None:
    """Print a table."""
    alone = next(row for row in rows if row.way == WAYS[0].name and not row.busy)
    active = {row.busy: row.steps_per_s for row in rows if row.way == WAYS[1].name}
    print(
        "| busy | way | steps/s | to active | steps/CPU s | kept | share | busy | others | threads "
        "| stop |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for row in rows:
        ratio = row.steps_per_s / active[row.busy] if active.get(row.busy) else float("nan")
        speed = row.steps_per_cpu_s / alone.steps_per_cpu_s
        has_stop = row.stop_s == row.stop_s
        stops = f"{row.stop_step_s:.1f}, {row.stop_s:.1f} s" if has_stop else ""
        print(
            f"| {row.busy} | {row.way} | {row.steps_per_s:.2f} | {ratio:.2f} "
            f"| {row.steps_per_cpu_s:.2f} | {speed:.2f} | {row.share:.2f} | {row.busy_share:.2f} "
            f"| {row.others_share:.2f} | {row.threads} | {stops} |"
        )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--corpus", default="loops")
    parser.add_argument("--busy", type=int, nargs="+", default=(0, 1, 2, 4))
    parser.add_argument("--seconds", type=float, default=8.0, help="counted, of each training")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    sounds = corpora_dir() / args.corpus
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for busy in sorted({0, *args.busy}):
            for way in WAYS:
                rows.append(measure(way, busy, sounds, Path(name), args.seconds))
                print(f"{busy} busy, {way.name}: {rows[-1].steps_per_s:.2f} steps/s", flush=True)
    show(rows)
    if args.json:
        write_json(args.json, [asdict(row) for row in rows])


if __name__ == "__main__":
    run_main(main)
