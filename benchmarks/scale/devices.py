"""Training by two processes with half of each batch, beside one process with all of it.

    python -m benchmarks.scale.devices FOLDER --steps 50

Both train a codec of the usual size on the CPU, a thread a process, on the same crops. The mean
loss of all steps should be within 1 %, mel7 of held-out sounds within 0.05, and the codebooks
equal. It takes 5 minutes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import parser_of, run_main
from distill.models.persistence import load_model_v2

LOSS_BOUND = 0.01
"""Largest relative difference of the mean loss."""

MEL7_BOUND = 0.05
"""Largest difference of the mel distance of held-out sounds."""


def train(folder: Path, output: Path, steps: int, batch_size: int, devices: int) -> dict[str, Any]:
    """Train a codec; returns the facts of its end."""
    options = {
        "output": output,
        "steps": steps,
        "batch-size": batch_size,
        "device": "cpu",
        "devices": devices,
        "threads": 1,
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "distill", "train", str(folder), *arguments]
    done = subprocess.run(
        [*command, "--no-early-stop", "--json"], stdout=subprocess.PIPE, check=True
    )
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def main() -> None:
    """Train both, and print how far they lie apart."""
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="distill-devices-") as name:
        paths = [Path(name) / "one.sda", Path(name) / "two.sda"]
        one, two = (
            train(args.folder, path, args.steps, args.batch_size, devices)
            for devices, path in enumerate(paths, 1)
        )
        hashes = {load_model_v2(path).model.codebook_hash() for path in paths}
    for devices, facts in enumerate((one, two), 1):
        print(
            f"{devices} processes: mean loss {facts['train_loss']:.4f}, "
            f"held out {facts['val_loss']:.4f}, {facts['elapsed_s']:.0f} s on the clock"
        )
    loss = abs(two["train_loss"] / one["train_loss"] - 1)
    mel7 = abs(two["val_loss"] - one["val_loss"])
    print(f"mean loss {100 * loss:.3f} % apart (bound {100 * LOSS_BOUND:.0f} %)")
    print(f"held out {mel7:.4f} apart (bound {MEL7_BOUND})")
    print(f"codebooks {'equal' if len(hashes) == 1 else 'differ'}")
    if loss > LOSS_BOUND or mel7 > MEL7_BOUND or len(hashes) > 1:
        sys.exit("missed")


if __name__ == "__main__":
    run_main(main)
