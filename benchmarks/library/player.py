"""How soon the player leaves each kind of request that is cancelled.

    python -m benchmarks.library.player MODEL.sda OTHER.sda SOUND

MODEL has a prior, OTHER is blended with it; SOUND is a sound file of a few seconds. Takes about 30
minutes.

Each kind runs once to its end, or for `--longest` seconds, which tells how long it lasts. Then it
is cancelled at `--times` moments, drawn evenly from that time: while it reads, draws, decodes,
measures or writes. Times are from the call of `cancel` to the end of the task, in wall time: other
programs on the machine count. The bound is 0.5 s. A request that had ended before is counted apart;
of a kind that always had, the bound is for the whole run.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.common import Bound, parser_of, run_main
from benchmarks.library.player_kinds import KINDS, generate, make_material
from distill.errors import CancelledError
from distill.library.player import Player
from distill.library.player_requests import PlayerRequest
from distill.library.player_task import PlayerEvent
from distill.library.workspace import open_workspace

LATENCY_BOUND = Bound(0.5)
"""Seconds from `cancel` to the end of the task, at most."""

LONGEST_S = 60.0
"""Seconds of the first run, at most: a stream has no end."""


@dataclass(frozen=True)
class Latency:
    """What cancelling one kind took.

    Attributes:
        whole_s: Seconds of a run to its end.
        times_s: Seconds from `cancel` to the end of the task, each.
        ended_before: Runs that had ended before they were cancelled.
    """

    whole_s: float
    times_s: list[float]
    ended_before: int


class Meter:
    """Cancels requests and takes the time; the player's `on_event`."""

    def __init__(self) -> None:
        self.running = threading.Event()

    def __call__(self, event: PlayerEvent) -> None:
        if event.type == "running":
            self.running.set()

    def run(self, player: Player, request: PlayerRequest, seconds: float) -> float | None:
        """Run `request`, and cancel it after `seconds`.

        Returns:
            Seconds that the cancelling took; None where it had ended before.
        """
        self.running.clear()
        task = player.submit(request)
        self.running.wait()
        wait([task.future], seconds)
        began = time.perf_counter()
        task.cancel()
        try:
            task.result()
        except CancelledError:
            return time.perf_counter() - began
        return None


def measure(
    player: Player,
    meter: Meter,
    make: Callable[[], PlayerRequest],
    times: int,
    longest_s: float,
) -> Latency:
    """Run a request once, then cancel it at random moments."""
    began = time.perf_counter()
    first = meter.run(player, make(), longest_s)
    whole_s = min(longest_s, time.perf_counter() - began)
    moments = [whole_s * random.random() for _ in range(times)]
    times_s = [first, *(meter.run(player, make(), moment) for moment in moments)]
    ends = [seconds for seconds in times_s if seconds is not None]
    # The first one is to end.
    ended_before = times - len(ends) + (first is not None)
    return Latency(whole_s=whole_s, times_s=ends, ended_before=ended_before)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("sound", type=Path)
    parser.add_argument("--times", type=int, default=20, help="cancelled runs of each kind")
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS], metavar="KIND")
    parser.add_argument("--longest", type=float, default=LONGEST_S, help="seconds of a run")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(0)
    print(f"{arguments.threads} threads, seed 0, {arguments.times} times each")
    with tempfile.TemporaryDirectory() as folder:
        _run(arguments, Path(folder))


def _run(arguments: argparse.Namespace, folder: Path) -> None:
    workspace = open_workspace(folder / "studio")
    models = (arguments.model, arguments.other)
    material = make_material(workspace, models, arguments.sound, folder)
    meter = Meter()
    print(f"{'kind':20}{'whole':>8}{'median':>9}{'largest':>9}  ended before  bound 0.5 s")
    with Player(workspace, on_event=meter, threads=arguments.threads) as player:
        # The first request loads the model.
        meter.run(player, generate(material, duration=0.1), LONGEST_S)
        for kind in arguments.kinds:
            make = partial(KINDS[kind], material)
            latency = measure(player, meter, make, arguments.times, arguments.longest)
            if not latency.times_s:
                verdict = LATENCY_BOUND.verdict(latency.whole_s)
                print(f"{kind:20}{latency.whole_s:7.2f}s  ends by itself: {verdict}", flush=True)
                continue
            largest = max(latency.times_s)
            median = float(np.median(latency.times_s))
            verdict = LATENCY_BOUND.verdict(largest)
            print(
                f"{kind:20}{latency.whole_s:7.2f}s{median:8.3f}s{largest:8.3f}s"
                f"  {latency.ended_before:12}  {verdict}",
                flush=True,
            )


if __name__ == "__main__":
    run_main(main)
