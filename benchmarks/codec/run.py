"""The codec measured: trained on most of some corpora, then scored on own and held-out files,
beside anchors.

    DISTILL_CORPORA=… python benchmarks/codec.py --corpora loops ambient --minutes 10 --threads 2

Every sixth file is held out. Prints a table of figures (defined in figures.py and oneshots.py) and
facts; writes result.json, page.png (spectrogram pairs, the source above) and the decoded sounds
into --out.

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
from benchmarks.codec import baselines as anchors
from benchmarks.codec import metrics as figures
from benchmarks.codec import one_shots as oneshots
from benchmarks.codec import report
from benchmarks.codec.measure import Measured, facts_of, means, measure, stereo_means
from benchmarks.common import MemoryWatch, corpora_dir, link_corpus, split_files
from distill.errors import DistillError


def train(own: list[Path], a: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """A model trained through the command line as a user does; what training said, its peak memory
    and wall time."""
    model, log = a.out / "codec.sda", a.out / "train.log"
    length = ("--steps", a.steps) if a.steps else ("--minutes", a.minutes)
    extra = [word for option in a.train_option for word in shlex.split(option)]
    options = [
        *length,
        "--threads",
        a.threads,
        "--seed",
        a.seed,
        *extra,
        "--discard-prior",
        "--json",
    ]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, log.open("w") as messages:
        corpus = link_corpus(own, Path(folder) / "own")
        command = map(
            str, [sys.executable, "-m", "distill", "train", corpus, "-o", model, *options]
        )
        process = subprocess.Popen(
            list(command), stdout=subprocess.PIPE, stderr=messages, text=True
        )
        watch = MemoryWatch(process.pid)
        output, _ = process.communicate()
    if process.returncode:
        sys.exit(f"Training failed; {log} says: {' '.join(log.read_text().split()[-60:])}")
    wall_s = time.perf_counter() - began
    return model, json.loads(output) | {
        "peak_mb": watch.peak_mb,
        "wall_s": wall_s,
        "options": [*map(str, options)],
    }


def measure_all(
    model_path: Path, files: dict[str, list[Path]], a: argparse.Namespace, console: Console
) -> tuple[dict[str, Any], report.Groups]:
    """Facts of the model, and every file measured."""
    loaded = distill.load(model_path, "cpu", a.threads)
    groups: report.Groups = {}
    for name, paths in files.items():
        folder = a.out / name.replace(" ", "_")
        folder.mkdir(exist_ok=True)
        groups[name] = {}
        for path in track(paths, f"Measuring {name} files", console=console):
            wav = folder / f"{report.name_of(path)}.wav"
            groups[name][path] = measure(loaded, path, wav, not a.no_anchors, not a.no_visqol)
    facts = facts_of(loaded, np.concatenate([m.codes for m in groups["own"].values()]))
    return facts, groups


def results(facts: dict[str, Any], groups: report.Groups) -> dict[str, Any]:
    """All figures, over files and by file."""
    return {
        "facts": facts,
        "means": {
            name: means([m.systems for m in group.values()]) for name, group in groups.items()
        },
        "stereo": {
            name: stereo_means([m.stereo for m in group.values()]) for name, group in groups.items()
        },
        "oneshots": oneshots.summary([m.hit for m in groups["own"].values()]),
        "files": {
            name: {report.name_of(p): _plain(m) for p, m in group.items()}
            for name, group in groups.items()
        },
    }


def _plain(measured: Measured) -> dict[str, Any]:
    return {"systems": measured.systems, "stereo": measured.stereo, "hit": measured.hit}


def run_facts(a: argparse.Namespace) -> dict[str, Any]:
    """What it takes to run this again."""
    settings = {
        name: getattr(a, name) for name in ("corpora", "minutes", "steps", "threads", "seed")
    }
    here = {"cores": os.cpu_count(), "processor": platform.machine(), "torch": torch.__version__}
    return {
        "command": shlex.join(sys.argv),
        **settings,
        **here,
        "model": str(a.model) if a.model else None,
    }


def say_what_is_missing(console: Console, with_anchors: bool) -> None:
    if figures.VisqolApi is None:
        console.print(
            "No ViSQOL: pip install 'visqol-python[accel]' (it needs a C++ compiler) adds its figures."
        )
    if with_anchors and not anchors.has_opus():
        console.print(
            "No Opus: opusenc and opusdec (on Debian: apt-get install opus-tools) add its figures."
        )


def main(a: argparse.Namespace) -> None:
    a.out.mkdir(parents=True, exist_ok=True)
    progress = Console(stderr=True)
    say_what_is_missing(progress, not a.no_anchors)
    files = dict(
        zip(("own", "held out"), split_files(corpora_dir(), tuple(a.corpora)), strict=True)
    )
    model_path, training = (a.model, {}) if a.model else train(files["own"], a)
    facts, groups = measure_all(model_path, files, a, progress)
    result = run_facts(a) | results(facts | {"training": training}, groups)
    report.write_json(a.out / "result.json", result)
    report.show(result, {name: len(group) for name, group in groups.items()})
    print(f"Pictures: {report.page(a.out / 'page.png', report.chosen_pairs(a.out, groups))}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, help="train so many steps instead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--train-option", action="append", default=[], help="passed on: --train-option='--lr 0.002'"
    )
    parser.add_argument("--model", type=Path, help="measure this model and train none")
    parser.add_argument("--no-anchors", action="store_true", help="leave out Griffin-Lim and Opus")
    parser.add_argument(
        "--no-visqol",
        action="store_true",
        help="leave out ViSQOL of the codec, which takes longest",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/codec"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
