"""Record what another client plays into JACK, with the time of the first sample.

    python -m benchmarks.live.capture CLIENT OUT.f32 --seconds 60

Writes raw samples, 32-bit floats, channels one after the other in each sample. Prints the time of
the first one in frames of JACK and the channels. For `benchmarks.live.play`, which runs it: the
samples are taken by a process of its own.
"""

import queue
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import parser_of
from distill.live.packages import require

PATIENCE_S = 20.0
"""Seconds to wait for the ports of the client."""


def capture(name: str, path: Path, seconds: float) -> tuple[int, int, int]:
    """Record the outputs of the client `name`.

    Returns:
        Time of the first sample in frames of JACK, channels, and dropouts of this client.
    """
    # Loaded here: its library may be missing.
    client = require("jack").Client("capture", no_start_server=True)
    sources = _ports(client, name)
    ports = [client.inports.register(f"in_{number}") for number in range(len(sources))]
    blocks: queue.SimpleQueue[tuple[int, np.ndarray]] = queue.SimpleQueue()
    dropouts = []

    def process(_n: int) -> None:
        block = np.stack([port.get_array() for port in ports])
        blocks.put((client.last_frame_time, block))

    client.set_process_callback(process)
    client.set_xrun_callback(dropouts.append)
    first = None
    left = round(seconds * client.samplerate)
    with client, path.open("wb") as file:
        for source, port in zip(sources, ports, strict=True):
            client.connect(source, port)
        while left > 0:
            at, block = blocks.get(timeout=PATIENCE_S)
            first = at if first is None else first
            file.write(np.ascontiguousarray(block.T).tobytes())
            left -= block.shape[1]
    assert first is not None
    return first, len(ports), len(dropouts)


def _ports(client: Any, name: str) -> list[Any]:
    for _ in range(round(PATIENCE_S / 0.05)):
        ports = client.get_ports(f"^{name}:", is_output=True)
        if ports:
            return ports
        time.sleep(0.05)
    raise SystemExit(f"no client {name}")


def main() -> None:
    """Run the module."""
    parser = parser_of(__doc__)
    parser.add_argument("client")
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    print(*capture(options.client, options.output, options.seconds))


if __name__ == "__main__":
    main()
