"""`distill play` into JACK's dummy driver: underruns, speed, gaps, and how late a control is heard.

    python -m benchmarks.live.play MODEL.sda OUT --seconds 60

Takes `jackd` and `pip install 'distill[live]'`. Starts `jackd -r -d dummy -r 48000 -p 1024`, plays
into it, and sends a control by OSC every few seconds. Another process records what JACK gets, with
the times of JACK. About two minutes for 60 s.

A control is heard where the sound first differs from that of the same log without it. The place is
found by rendering both, and in what JACK got by its place in the recording. Steered are brightness,
with guidance 20, and level. Dropouts are what the player and JACK count. Gaps are stretches of
more than 2 ms that JACK got as zeros, in a sound that has none there.

The look-ahead lets a change leak into the frames before it, so that the first difference comes
sooner than the control is plainly heard. Where the recorder loses periods, its times are too small.

Leaves the recording, the control log, what JACK got, and a spectrogram of it in OUT.
"""

import argparse
import json
import math
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from pythonosc.osc_message_builder import OscMessageBuilder

import distill
from benchmarks.common import Bound, parser_of, run_main, save_spectrograms, write_json
from distill.live.control_log import ControlLog, ControlPlayer, read_log
from distill.live.defaults import BUFFER_MS
from distill.live.engine import Hands, LiveEngine
from distill.live.packages import require
from distill.models.persistence import LoadedVQModel

RATE = 48_000
PERIOD = 1024
"""Samples of a period of JACK: 21 ms."""

EVERY_S = 4.0
"""Seconds between two controls."""

GAP_SAMPLES = 96
"""Zeros in a row from which on they are a gap: 2 ms."""

AFTER_S = 1.5
"""Seconds after a control in which it is looked for."""

SHIFT_S = 1
"""Seconds by which dropouts may have shifted a sound."""

AUDIBLE = 1e-4
"""Difference of samples, -80 dBFS, from which on a control counts as heard."""

BOUNDS = {
    "underruns": Bound(0),
    "gaps": Bound(0),
    "realtime_factor": Bound(2.0, is_upper=False),
    "latest_control_s": Bound(0.6),
}


@contextmanager
def jack_server() -> Iterator[None]:
    """A JACK server with the dummy driver."""
    command = ["jackd", "-r", "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        yield
    finally:
        server.terminate()
        server.wait()


def send(port: int, name: str, *values: float) -> None:
    """Send a control to `distill play` on this machine."""
    builder = OscMessageBuilder(f"/distill/{name}")
    for value in values:
        builder.add_arg(value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(builder.build().dgram, ("127.0.0.1", port))


def play(
    loaded: LoadedVQModel, out: Path, seconds: float, options: dict[str, Any]
) -> dict[str, Any]:
    """Play into JACK with controls, and record what it gets.

    Returns:
        Facts of the summary, with `sent`: the times of the controls in frames of JACK.
    """
    # Loaded here: its library may be missing.
    clock = require("jack").Client("clock", no_start_server=True)
    sent = []
    live = distill.play(
        loaded,
        5,
        "jack",
        guidance=20,
        osc_port=0,
        record=out / "played.wav",
        control_log=out / "played.jsonl",
        **options,
    )
    began = time.process_time()
    with clock, live:
        assert live.osc is not None
        command = [sys.executable, "-m", "benchmarks.live.capture", "distill", out / "jack.f32"]
        recorder = subprocess.Popen(
            [*command, "--seconds", str(seconds - 2)], stdout=subprocess.PIPE, text=True
        )
        ends = time.monotonic() + seconds
        number = 0
        while time.monotonic() < ends - EVERY_S:
            time.sleep(EVERY_S)
            if number % 4 == 3:
                name, value = "level", (-12.0 if number % 8 == 3 else 0.0)
            else:
                name, value = "brightness", (95.0 if number % 2 else 5.0)
            sent.append((clock.frame_time, name, value))
            send(live.osc.address.port, name, value)
            number += 1
        time.sleep(max(0.0, ends - time.monotonic()))
        said_delay = live.session.delay_s
    summary = live.stop()
    first, channels, lost = map(int, recorder.communicate()[0].split())
    return {
        "seconds": summary.seconds,
        "underruns": summary.underruns,
        "of_jack": live.session.underruns - live.session.buffer_underruns,
        "lost_by_the_recorder": lost,
        "realtime_factor": summary.realtime_factor,
        "processor_seconds": time.process_time() - began,
        "buffer_ms": summary.buffer_ms,
        "said_delay_s": said_delay,
        "copy": summary.copy,
        "sent": sent,
        "captured_from": first,
        "channels": channels,
    }


def place(played: np.ndarray, captured: np.ndarray) -> int:
    """Sample of `captured` `[N]` at which `played` `[N]` begins; below 0 if it began earlier."""
    size = 2 * max(len(played), len(captured))
    product = np.fft.rfft(captured, size) * np.fft.rfft(played, size).conj()
    best = int(np.fft.irfft(product, size).argmax())
    return best if best < size // 2 else best - size


def gaps(captured: np.ndarray, played: np.ndarray, offset: int) -> int:
    """Stretches of zeros in `captured` `[N]` where `played` `[N]` has sound."""
    start = max(0, offset)
    n = min(len(captured) - start, len(played) - (start - offset))
    heard = captured[start : start + n] == 0
    wanted = played[start - offset : start - offset + n] != 0
    missing = np.concatenate(([0], (heard & wanted).astype(int), [0]))
    edges = np.diff(missing)
    lengths = np.nonzero(edges < 0)[0] - np.nonzero(edges > 0)[0]
    return int((lengths >= GAP_SAMPLES).sum())


def difference(captured: np.ndarray, played: np.ndarray, offset: int) -> float:
    """Largest difference of the middle of both sounds `[N, C]`."""
    start = max(0, offset) + RATE
    stop = min(len(captured), len(played) + offset) - RATE
    return float(np.abs(captured[start:stop] - played[start - offset : stop - offset]).max())


def render(loaded: LoadedVQModel, log: ControlLog, count: int, frames: int) -> np.ndarray:
    """The first `frames` of the sound `[N]` of a log, with its first `count` controls."""
    player = ControlPlayer(log.controls[:count])
    hands = Hands(
        controls=player.take, one_shot=lambda seed: None, note=lambda frame, control: None
    )
    blocks = LiveEngine(loaded, log.settings, hands).blocks()
    sounds = []
    drawn = 0
    while drawn < frames:
        block = next(blocks)
        sounds.append(block.sound)
        drawn += len(block.codes)
    return np.concatenate(sounds, axis=1).mean(axis=0)


def heard_at(played: np.ndarray, captured: np.ndarray, sample: int, offset: int) -> int:
    """Where `sample` of `played` `[N]` lies in `captured` `[N]`, by the two seconds around it.

    It is looked for near `offset`, where it lies if nothing dropped out: music repeats itself.
    """
    start = max(0, sample - RATE)
    first = max(0, start + offset - SHIFT_S * RATE)
    near = captured[first : sample + RATE + offset + SHIFT_S * RATE]
    return first + place(played[start : sample + RATE], near) + sample - start


def control_latencies(
    loaded: LoadedVQModel,
    log: ControlLog,
    facts: dict[str, Any],
    sounds: tuple[np.ndarray, np.ndarray],
    offset: int,
    most: int,
) -> list[dict[str, Any]]:
    """How late the first `most` controls were heard, in seconds.

    Args:
        loaded: The model.
        log: What was done.
        facts: As `play` gives them.
        sounds: What was recorded, and what JACK got, `[N]` each.
        offset: Sample of the second at which the first begins.
        most: Controls that are looked for.
    """
    played, captured = sounds
    rate = loaded.model.sample_rate
    found = []
    for number, (at, name, value) in enumerate(facts["sent"][:most]):
        frame, control = log.controls[number]
        assert control.name == name
        frames = frame + round(AFTER_S * loaded.model.frame_rate)
        without = render(loaded, log, number, frames)
        with_it = render(loaded, log, number + 1, frames)
        different = np.nonzero(np.abs(without - with_it) > AUDIBLE)[0]
        row = {"control": name, "value": value, "frame": frame}
        if len(different):
            # A dropout shifts all that follows, so each is looked for by itself.
            heard = facts["captured_from"] + heard_at(played, captured, int(different[0]), offset)
            row["heard_after_s"] = (heard - at) / rate
        found.append(row)
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    out = options.output
    out.mkdir(parents=True, exist_ok=True)
    loaded = distill.load(options.model, "cpu", 1)
    playing = {"latency": options.latency, "buffer_ms": options.buffer}
    with jack_server():
        facts = play(loaded, out, options.seconds, playing)
    log = read_log(out / "played.jsonl")
    played, _ = sf.read(out / "played.wav", dtype="float32", always_2d=True)
    captured = np.fromfile(out / "jack.f32", "<f4").reshape(-1, facts["channels"])
    sf.write(out / "jack.wav", captured, RATE)
    save_spectrograms(out / "jack.png", {"what JACK got": captured.mean(1)})
    offset = place(played.mean(1), captured.mean(1))
    facts["gaps"] = gaps(captured[:, 0], played[:, 0], offset)
    facts["difference"] = difference(captured, played, offset)
    sounds = (played.mean(1), captured.mean(1))
    rows = control_latencies(loaded, log, facts, sounds, offset, options.controls)
    heard = [row["heard_after_s"] for row in rows if "heard_after_s" in row]
    facts["controls"] = rows
    facts["latest_control_s"] = max(heard, default=math.nan)
    return facts


def main() -> None:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--latency", default="half")
    parser.add_argument("--buffer", type=float, default=BUFFER_MS, help="milliseconds")
    parser.add_argument("--controls", type=int, default=6, help="controls that are looked for")
    options = parser.parse_args()
    if shutil.which("jackd") is None:
        sys.exit("jackd is missing: install it (Debian: jackd2).")
    facts = measure(options)
    for name, bound in BOUNDS.items():
        print(f"{name}: {facts[name]:.3g} ({bound}: {bound.verdict(facts[name])})")
    write_json(options.output / "figures.json", facts)
    print(json.dumps(facts, indent=1))


if __name__ == "__main__":
    run_main(main)
