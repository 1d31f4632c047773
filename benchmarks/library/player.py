"""How soon the player leaves each kind of request that is cancelled.

    python -m benchmarks.library.player MODEL.sda SOUND

MODEL has a prior; SOUND is a sound file of a few seconds. Takes about 10 minutes.

Each kind runs once to its end, which tells how long it lasts. Then it is cancelled at `--times`
moments, drawn evenly from that time: while it reads, draws, decodes, measures or writes. Times are
from the call of `cancel` to the end of the task, in wall time: other programs on the machine count.
The bound is 0.5 s. A request that had ended before is counted apart.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import distill
from benchmarks.common import Bound, parser_of, run_main
from distill.audio.io import read_audio
from distill.audio.write import write_sound
from distill.errors import CancelledError
from distill.library.comparison import Couple
from distill.library.player import Player
from distill.library.player_requests import (
    CompareModels,
    CompareSounds,
    ConvertSound,
    Decode,
    Edit,
    Encode,
    FindSources,
    Generate,
    MeasureCurves,
    PlayerRequest,
    Preview,
    PreviewSound,
    Stream,
)
from distill.library.player_task import PlayerEvent
from distill.library.workspace import open_workspace

LATENCY_BOUND = Bound(0.5)
"""Seconds from `cancel` to the end of the task, at most."""

LONG_S = 600.0
"""Seconds of sound to encode, decode and blend."""

HEALED_S = 60.0
"""Seconds of a grid whose seams are healed, one a second."""

STREAM_S = 5.0
"""Seconds that a stream, which has no end, is let run."""


@dataclass(frozen=True)
class Material:
    """What requests are made of."""

    model: Path
    sound: Path
    long_sound: Path
    codes: Path
    long_codes: Path
    folder: Path


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


def generate(material: Material, **settings: Any) -> PlayerRequest:
    """New sound with `settings`."""
    output = material.folder / "out.flac"
    return Generate(model=material.model, output=output, settings={"seed": 1, **settings})


def edit(material: Material, codes: Path, *lines: str) -> PlayerRequest:
    """Edits of `codes`."""
    output = material.folder / "out.json"
    return Edit(codes=codes, output=output, lines=lines, model=material.model)


KINDS: Mapping[str, Callable[[Material], PlayerRequest]] = {
    "generate 20 s": lambda m: generate(m, duration=20.0),
    "generate 8 of 5 s": lambda m: generate(m, duration=5.0, count=8),
    "generate 300 s": lambda m: generate(m, duration=300.0),
    "loop": lambda m: generate(m, duration=4.0, loop=True, free_time=True),
    "one-shot": lambda m: generate(m, duration=5.0, one_shot=True),
    "continue": lambda m: generate(m, duration=5.0, continue_from=str(m.sound)),
    "variation": lambda m: generate(m, variation_of=str(m.sound)),
    "infill": lambda m: generate(m, infill=str(m.sound), start=1.0, stop=2.0),
    "stream": lambda m: Stream(model=m.model),
    "encode 600 s": lambda m: Encode(m.model, m.long_sound, m.folder / "out.json"),
    "decode 600 s": lambda m: Decode(m.model, m.long_codes, m.folder / "out.flac"),
    "heal seams": lambda m: edit(m, m.codes, "heal"),
    "heal a region": lambda m: edit(m, m.codes, "heal --from 1 --to 11"),
    "compare models": lambda m: CompareModels(m.model, m.model, pairs=4),
    "compare 600 s": lambda m: CompareSounds((Couple(m.long_sound, m.sound),), ("a", "b")),
    "preview": lambda m: Preview(
        m.model, m.folder / "previews", (PreviewSound(m.sound),) * 6, seeds=(1, 2, 3)
    ),
    "curves 600 s": lambda m: MeasureCurves(m.model, m.long_sound),
    "sources 600 s": lambda m: FindSources(m.model, m.long_sound),
    "convert 600 s": lambda m: ConvertSound(m.long_sound, m.folder / "out.flac"),
    "blend 600 s": lambda m: edit(
        m,
        m.long_codes,
        "drift --amount 0.5",
        f"blend '{m.long_codes}' --amount 0.5",
    ),
}
"""A request of each kind."""


def make_material(model: Path, sound: Path, folder: Path) -> Material:
    """Long sounds and codes, repeated from `sound`."""
    loaded = distill.load(model, "cpu")
    audio = read_audio(sound)
    repeats = 1 + round(LONG_S * loaded.model.sample_rate / audio.shape[1])
    long_sound = write_sound(folder / "long.wav", np.tile(audio, (1, repeats)))
    grid = distill.encode(loaded, sound)
    paths = []
    for seconds in (HEALED_S, LONG_S):
        codes = np.tile(grid.codes, (1 + round(seconds / grid.seconds), 1))
        second = round(grid.frame_rate)
        seams = tuple(range(second, len(codes), second)) if seconds == HEALED_S else ()
        n_samples = len(codes) * grid.frame_hop
        longer = replace(grid, codes=codes, n_samples=n_samples, seams=seams)
        paths.append(distill.save_codes(folder / f"{seconds:g}.json", longer))
    return Material(
        model=model,
        sound=sound,
        long_sound=long_sound,
        codes=paths[0],
        long_codes=paths[1],
        folder=folder,
    )


class Meter:
    """Cancels requests and takes the time; the player's `on_event`."""

    def __init__(self) -> None:
        self.running = threading.Event()

    def __call__(self, event: PlayerEvent) -> None:
        if event.type == "running":
            self.running.set()

    def run(self, player: Player, request: PlayerRequest, seconds: float | None) -> float | None:
        """Run `request`, and cancel it after `seconds`.

        Returns:
            Seconds that the cancelling took, or all of it where `seconds` is None; None where it
            had ended before.
        """
        self.running.clear()
        task = player.submit(request)
        self.running.wait()
        began = time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            began = time.perf_counter()
            task.cancel()
        try:
            task.result()
        except CancelledError:
            return time.perf_counter() - began
        return time.perf_counter() - began if seconds is None else None


def measure(player: Player, meter: Meter, request: PlayerRequest, times: int) -> Latency:
    """Run `request` once, then cancel it at random moments."""
    has_end = not isinstance(request, Stream)
    whole_s = (has_end and meter.run(player, request, None)) or STREAM_S
    moments = [whole_s * random.random() for _ in range(times)]
    times_s = [meter.run(player, request, moment) for moment in moments]
    ends = [seconds for seconds in times_s if seconds is not None]
    return Latency(whole_s=whole_s, times_s=ends, ended_before=times - len(ends))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("sound", type=Path)
    parser.add_argument("--times", type=int, default=20, help="cancelled runs of each kind")
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS], metavar="KIND")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(0)
    print(f"{arguments.threads} threads, seed 0, {arguments.times} times each")
    with tempfile.TemporaryDirectory() as folder:
        _run(arguments, Path(folder))


def _run(arguments: argparse.Namespace, folder: Path) -> None:
    material = make_material(arguments.model, arguments.sound, folder)
    meter = Meter()
    workspace = open_workspace(folder / "studio")
    print(f"{'kind':20}{'whole':>8}{'median':>9}{'largest':>9}  ended before  bound 0.5 s")
    with Player(workspace, on_event=meter, threads=arguments.threads) as player:
        # The first request loads the model.
        meter.run(player, generate(material, duration=0.1), None)
        for kind in arguments.kinds:
            latency = measure(player, meter, KINDS[kind](material), arguments.times)
            if not latency.times_s:
                print(f"{kind:20}{latency.whole_s:7.2f}s  none was cancelled in time")
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
