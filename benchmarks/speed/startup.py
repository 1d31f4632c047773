"""Start-up: time of `--help`, as a ratio to a bare script that imports typer and rich.

    python -m benchmarks.speed.startup

Runs the two in alternation and prints the median ratio of 15 pairs for each command. Takes about
3 minutes.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

BARE = """
import rich, typer
import rich.console
app = typer.Typer()
@app.command()
def main(): pass
app()
"""
COMMANDS = ("", "doctor", "train", "train-prior", "generate", "encode", "decode", "info")
"""Commands to time; the empty one is the main help."""

RUNS = 15
"""Pairs for each command."""


def wall_s(words: Sequence[str]) -> float:
    """Wall time in seconds of a new Python with these arguments."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], capture_output=True, check=True)
    return time.perf_counter() - began


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=RUNS,
        help="pairs for each command",
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    runs = arguments().runs
    for command in COMMANDS:
        ours = ["-m", "distill", *filter(None, [command]), "--help"]
        # A first run fills the caches of the disk.
        wall_s(ours)
        pairs = [(wall_s(ours), wall_s(["-c", BARE, "--help"])) for _ in range(runs)]
        ratio = statistics.median(own / bare for own, bare in pairs)
        median_s = statistics.median(own for own, _ in pairs)
        title = command or "(main)"
        print(f"distill {title} --help: {ratio:.2f}x ({median_s:.3f} s)", flush=True)


if __name__ == "__main__":
    main()
