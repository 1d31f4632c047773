"""The codec: train on most of some corpora, score own and held-out files beside baselines.

    DISTILL_CORPORA=… python -m benchmarks.codec.run --corpora loops ambient --minutes 10

Takes the minutes of training and about 10 more on 2 threads; ViSQOL takes most of them.

Every sixth file is held out. Prints a table of figures (defined in `metrics` and `one_shots`) and
facts. Writes result.json, page.png (pairs of spectrograms, the source above) and the decoded sounds
into `--out`.

Beside the codec stand: the codec without its quantiser and with its first levels only; true
magnitudes with random phase and some Griffin-Lim steps; Opus at its default of variable bit rate,
with the kb/s that came out.
"""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

import distill
from benchmarks.codec import baselines, metrics, one_shots, report
from benchmarks.codec.measure import FileFigures, facts_of, means, measure, stereo_means
from benchmarks.common import (
    MemoryWatch,
    corpora_dir,
    distill_command,
    link_corpus,
    parser_of,
    run_main,
    split_files,
    write_json,
)

LOG_WORDS = 60
"""Words of the training log that are shown when training fails."""


def train(own: list[Path], args: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """Train a model through the command line, as a user does.

    Args:
        own: The files to train on.
        args: The command line.

    Returns:
        The model, and the JSON of training with peak memory and wall time.
    """
    model = args.out / "codec.sda"
    log = args.out / "train.log"
    length = ("--steps", args.steps) if args.steps else ("--minutes", args.minutes)
    extra = [word for option in args.train_option for word in shlex.split(option)]
    options = [*length, "--threads", args.threads, "--seed", args.seed, *extra]
    options += ["--discard-prior", "--json"]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, log.open("w") as messages:
        corpus = link_corpus(own, Path(folder) / "own")
        command = distill_command("train", corpus, "-o", model, *options)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
        watch = MemoryWatch(process.pid)
        output, _ = process.communicate()
    if process.returncode:
        last_words = log.read_text().split()[-LOG_WORDS:]
        sys.exit(f"Training failed; {log} says: {' '.join(last_words)}")
    run = {
        "peak_mb": watch.peak_mb,
        "wall_s": time.perf_counter() - began,
        "options": [*map(str, options)],
    }
    return model, json.loads(output) | run


def measure_all(
    model_path: Path,
    files: dict[str, list[Path]],
    args: argparse.Namespace,
    console: Console,
) -> tuple[dict[str, Any], report.Groups]:
    """Measure every file.

    Args:
        model_path: The model.
        files: The files of each group.
        args: The command line.
        console: Where progress is shown.

    Returns:
        Facts about the model, and what was measured of each file.
    """
    loaded = distill.load(model_path, "cpu", args.threads)
    groups: report.Groups = {}
    for name, paths in files.items():
        folder = args.out / name.replace(" ", "_")
        folder.mkdir(exist_ok=True)
        groups[name] = {}
        for path in track(paths, f"Measuring {name} files", console=console):
            wav = folder / f"{report.name_of(path)}.wav"
            groups[name][path] = measure(
                loaded,
                path,
                wav,
                with_baselines=not args.no_baselines,
                with_visqol=not args.no_visqol,
            )
    facts = facts_of(loaded, np.concatenate([m.codes for m in groups["own"].values()]))
    return facts, groups


def results(facts: dict[str, Any], groups: report.Groups) -> dict[str, Any]:
    """All figures, over files and by file."""
    over_files = {}
    stereo = {}
    by_file = {}
    for name, group in groups.items():
        figures = list(group.values())
        over_files[name] = means([m.systems for m in figures])
        stereo[name] = stereo_means([m.stereo for m in figures])
        by_file[name] = {report.name_of(path): _plain(m) for path, m in group.items()}
    return {
        "facts": facts,
        "means": over_files,
        "stereo": stereo,
        "oneshots": one_shots.summary([m.hit for m in groups["own"].values()]),
        "files": by_file,
    }


def _plain(figures: FileFigures) -> dict[str, Any]:
    return {"systems": figures.systems, "stereo": figures.stereo, "hit": figures.hit}


def run_facts(args: argparse.Namespace) -> dict[str, Any]:
    """Settings and versions needed to repeat this run."""
    return {
        "command": shlex.join(sys.argv),
        "corpora": args.corpora,
        "minutes": args.minutes,
        "steps": args.steps,
        "threads": args.threads,
        "seed": args.seed,
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "torch": torch.__version__,
        "model": str(args.model) if args.model else None,
    }


def show_missing_tools(console: Console, with_baselines: bool) -> None:
    """Print which tools would add figures."""
    if metrics.VisqolApi is None:
        console.print(
            "No ViSQOL: pip install 'visqol-python[accel]' (it needs a C++ compiler) adds its "
            "figures."
        )
    if with_baselines and not baselines.has_opus():
        console.print(
            "No Opus: opusenc and opusdec (on Debian: apt-get install opus-tools) add its figures."
        )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument(
        "--minutes",
        type=float,
        default=10,
        help="of training",
    )
    parser.add_argument("--steps", type=int, help="of training, in place of --minutes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--train-option", action="append", default=[], help="passed on: --train-option='--lr 0.002'"
    )
    parser.add_argument("--model", type=Path, help="measure this model and train none")
    parser.add_argument(
        "--no-baselines", action="store_true", help="leave out Griffin-Lim and Opus"
    )
    parser.add_argument("--no-visqol", action="store_true", help="leave out ViSQOL of the codec")
    parser.add_argument("--out", type=Path, default=Path("runs/codec"))
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    show_missing_tools(console, not args.no_baselines)
    own, held_out = split_files(corpora_dir(), args.corpora)
    # An existing model says nothing of its training.
    model_path, training = (args.model, {}) if args.model else train(own, args)
    files = {"own": own, "held out": held_out}
    facts, groups = measure_all(model_path, files, args, console)
    result = run_facts(args) | results(facts | {"training": training}, groups)
    write_json(args.out / "result.json", result)
    report.show(result, {name: len(group) for name, group in groups.items()})
    page = report.save_page(args.out / "page.png", report.chosen_pairs(args.out, groups))
    print(f"Pictures: {page}")


if __name__ == "__main__":
    run_main(main)
