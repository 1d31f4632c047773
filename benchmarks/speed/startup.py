"""Start-up: time of `--help`, as a ratio to a bare script that imports typer and rich.

    python -m benchmarks.speed.startup

Runs the two in alternation and prints the median ratio of 15 pairs for each command. Both find
their bytecode in a cache, as an installed package does, whatever the environment says. Takes about
3 minutes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

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


def with_bytecode(folder: str) -> dict[str, str]:
    """The environment, with bytecode kept in `folder`."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def wall_s(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """Wall time in seconds of a new Python with these arguments."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], capture_output=True, check=True, env=environment)
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
    with tempfile.TemporaryDirectory() as folder:
        measure(runs, with_bytecode(folder))


def measure(runs: int, environment: Mapping[str, str]) -> None:
    """Time every command, and print its ratio."""
    bare = ["-c", BARE, "--help"]
    for command in COMMANDS:
        ours = ["-m", "distill", *filter(None, [command]), "--help"]
        # First runs fill the caches of bytecode and of the disk.
        wall_s(ours, environment)
        wall_s(bare, environment)
        pairs = [(wall_s(ours, environment), wall_s(bare, environment)) for _ in range(runs)]
        ratio = statistics.median(own / bare for own, bare in pairs)
        median_s = statistics.median(own for own, _ in pairs)
        title = command or "(main)"
        print(f"distill {title} --help: {ratio:.2f}x ({median_s:.3f} s)", flush=True)


if __name__ == "__main__":
    main()
