"""How long `--help` takes, as a ratio to a bare script that imports typer and rich, in alternation.

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time

BARE = """
import rich, typer
import rich.console
app = typer.Typer()
@app.command()
def main(): pass
app()
"""
COMMANDS = ("", "doctor", "train", "train-prior", "generate", "encode", "decode", "info")
RUNS = 15


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    for command in COMMANDS:
        ours = ["-m", "distill", *filter(None, [command]), "--help"]
        seconds(ours)
        pairs = [(seconds(ours), seconds(["-c", BARE, "--help"])) for _ in range(RUNS)]
        ratio = statistics.median(a / b for a, b in pairs)
        print(
            f"distill {command or '(main)'} --help: {ratio:.2f}x ({statistics.median(a for a, _ in pairs):.3f} s)"
        )
