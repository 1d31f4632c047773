"""Jobs: a list of 500, the curves of a long training, and how soon an event reaches a watcher.

    python -m benchmarks.library.jobs

Makes a workspace in a temporary folder: 479 trainings of 150 s that are done, ten stopped,
five failed, five cut off, one that runs. Bounds: 200 ms for the list, 250 ms for an event. Takes
about a minute.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import parser_of, run_main
from distill.library.job_events import EventReader
from distill.library.job_here import begin_here
from distill.library.job_kinds import TrainArguments
from distill.library.job_log import EventLog
from distill.library.job_orders import make_job_folder, new_order, write_order
from distill.library.job_types import (
    JobDone,
    JobFailed,
    JobRunning,
    JobStopped,
    JobWaiting,
    Remark,
)
from distill.library.jobs import curves, list_jobs, watch
from distill.library.workspace import Workspace, open_workspace
from distill.training.metrics import (
    LevelHealth,
    ModelSaved,
    StepMetrics,
    ValidationMetrics,
    VerdictKind,
)

SHARES = {"done": 0.96, "stopped": 0.02, "failed": 0.01, "cut off": 0.01}
"""Share of the jobs that ended so."""

STEPS = 600
"""Steps of a training of 150 s on disk, at four a second; of longer ones the end alone is read."""

LONG_STEPS = 4 * 3600 * 3
"""Steps of a training of three hours."""

SAVE_EVERY = 240
"""Steps between two saves: a minute."""

RUNS = 9
"""Calls of which the median and the worst are printed."""

EVENTS = 100
"""Events whose way to a watcher is timed."""

WRITER = """
import sys, time, random
from pathlib import Path
from distill.library.job_here import begin_here
from distill.library.job_kinds import TrainArguments
from distill.library.job_types import Remark
arguments = TrainArguments(sounds="/sounds", output="/live.sda")
with begin_here(sys.argv[1], "train", arguments) as run:
    print(run.order.id, flush=True)
    for number in range(int(sys.argv[2])):
        time.sleep(random.uniform(0.05, 0.15))
        run.write(Remark(text=repr(time.time())))
"""


def step(number: int) -> StepMetrics:
    """Metrics of a step, of eight levels as a rule has."""
    levels = [
        LevelHealth(
            name=f"Level {level}",
            utilisation=random.random(),
            perplexity=100 * random.random(),
            dead_codes=3,
        )
        for level in range(8)
    ]
    return StepMetrics(
        step=number,
        progress=number / STEPS,
        elapsed_s=number / 4,
        remaining_s=(STEPS - number) / 4,
        mel_loss=random.random(),
        learning_rate=1e-3,
        realtime_factor=9.5,
        levels=tuple(levels),
    )


def write_events(path: Path, steps: int) -> EventLog:
    """Write the events of a training, all but its end."""
    log = EventLog(path, shortest_gap_s=0)
    log.append(JobWaiting())
    log.append(JobRunning())
    for number in range(1, steps + 1):
        log.append(step(number))
        if number % SAVE_EVERY == 0:
            log.append(_validation(number))
            log.append(ModelSaved(step=number, path="/my.sda"))
    return log


def _validation(number: int) -> ValidationMetrics:
    return ValidationMetrics(
        step=number,
        elapsed_s=number / 4,
        train_loss=1.0,
        own_loss=1.0,
        val_loss=1.0,
        best=1.0,
        verdict="Still learning: your own sounds come back 4 % nearer than ten minutes ago.",
        verdict_kind=VerdictKind.LEARNING,
    )


def fill(workspace: Workspace, count: int) -> None:
    """Make `count` jobs that have ended in one way or another."""
    ends = {
        "done": JobDone(sentence="As good as it gets."),
        "stopped": JobStopped(sentence="Stopped after 2400 steps; all is saved."),
        "failed": JobFailed(error="No room.", kind="OutputError"),
        "cut off": None,
    }
    ways = [way for way, share in SHARES.items() for _ in range(round(share * count))]
    random.shuffle(ways)
    template = workspace.hidden / "template.jsonl"
    write_events(template, STEPS).close()
    content = template.read_bytes()
    for number, way in enumerate(ways):
        order = new_order("train", TrainArguments(sounds="/sounds", output=f"/{number}.sda"))
        folder = make_job_folder(workspace, order.id)
        write_order(folder, order)
        (folder / "events.jsonl").write_bytes(content)
        if end := ends[way]:
            log = EventLog(folder / "events.jsonl")
            log.append(end)
            log.close()


def time_call(name: str, call: Callable[[], object]) -> None:
    """Print the median and the worst time of a call, and that of the processor, in ms."""
    times = []
    began_cpu = time.process_time()
    for _ in range(RUNS):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    cpu_ms = 1000 * (time.process_time() - began_cpu) / RUNS
    print(
        f"{name}: {statistics.median(times):.0f} ms, at most {max(times):.0f} ms; "
        f"{cpu_ms:.0f} ms of the processor",
        flush=True,
    )


def time_list(workspace: Workspace, count: int) -> None:
    """Time the list of all jobs, one of which runs."""
    with begin_here(workspace.root, "train", TrainArguments(sounds="/s", output="/m.sda")) as run:
        run.take_turn()
        log = write_events(run.folder / "events.jsonl", STEPS)
        log.close()
        time_call(f"list of {count + 1} jobs", lambda: list_jobs(workspace))
        run.conclude(True, "Done.")


def time_curves(workspace: Workspace) -> None:
    """Time the curves of a training of three hours."""
    order = new_order("train", TrainArguments(sounds="/sounds", output="/long.sda"))
    folder = make_job_folder(workspace, order.id)
    write_order(folder, order)
    write_events(folder / "events.jsonl", LONG_STEPS).close()
    megabytes = (folder / "events.jsonl").stat().st_size / 1e6
    time_call(f"curves of three hours ({megabytes:.0f} MB)", lambda: curves(workspace, order.id))


def time_events(workspace: Workspace, count: int) -> None:
    """Time the way of events from one process to two watchers in another."""
    command = [sys.executable, "-c", WRITER, str(workspace.root), str(count)]
    delays: list[float] = []

    def follow(job_id: str) -> None:
        for event in watch(workspace, job_id):
            if event.type == Remark.__name__:
                delays.append(1000 * (time.time() - float(event.data["text"])))

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        job_id = writer.stdout.readline().strip()
        threads = [threading.Thread(target=follow, args=(job_id,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    types = [event.type for event in EventReader(workspace.jobs / job_id / "events.jsonl").read()]
    assert len(delays) == 2 * types.count(Remark.__name__) == 2 * count
    delays.sort()
    print(
        f"{count} events to two watchers: median {statistics.median(delays):.0f} ms, "
        f"99 % within {delays[int(0.99 * len(delays))]:.0f} ms, at most {delays[-1]:.0f} ms",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("--jobs", type=int, default=500, help="jobs in the list")
    parser.add_argument("--events", type=int, default=EVENTS, help="events to time")
    options = parser.parse_args()
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(folder)
        fill(workspace, options.jobs - 1)
        time_list(workspace, options.jobs - 1)
        time_events(workspace, options.events)
        time_curves(workspace)


if __name__ == "__main__":
    run_main(main)
