"""How well a model goes on with added sounds: old ones kept, new ones learned.

A corpus is parted: every `--every`th file is added later. Three models are trained for the same
number of steps each: one on the old files, its next version on all, and one afresh on all. mel7 is
the mean over whole files, of the old and of the added ones; files that a model held out are left
out for all.

Bounds: old files at most 3 % worse in the version than before; added files at least as good as
afresh. 600 steps take about 25 minutes on one thread in all.

    python -m benchmarks.codec.continuing tabla --steps 300 --threads 1
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import distill
from benchmarks.codec import metrics
from benchmarks.common import corpora_dir, link_corpus, parser_of, run_main, write_json
from distill.audio.stereo import mix_channels
from distill.data.corpus import scan_corpus
from distill.data.curation import NO_CURATION, Curation
from distill.inference.codes.decode import decode_sound

WORSE = 0.03
"""Share by which old files may get worse in the next version."""


def main() -> None:
    """Train the three models, and print how far they are from old and added files."""
    options = _options()
    folder = options.work or Path(tempfile.mkdtemp())
    files = sorted((corpora_dir() / options.corpus).glob("*.flac"))
    new = files[options.every - 1 :: options.every]
    old = [path for path in files if path not in new]
    sounds = {
        "old": _corpus(old, folder / "old"),
        "all": _corpus(files, folder / "all"),
    }
    settings: dict[str, Any] = {
        "steps": options.steps,
        "threads": options.threads,
        "early_stop": False,
        "hidden_size": options.hidden_size,
    }
    first = folder / "first.sda"
    second = folder / f"second{options.label}.sda"
    afresh = folder / "afresh.sda"
    _train(first, lambda path: distill.train(sounds["old"], path, **settings))
    _train(
        second,
        lambda path: distill.continue_model(
            first,
            sounds["all"],
            path,
            curation=_curation(sounds["all"], new, options.added_weight),
            **settings | {"learning_rate": options.lr, "steps": options.more or options.steps},
        ),
    )
    _train(
        afresh,
        lambda path: distill.train(sounds["all"], path, **settings),
    )
    models = {"first": first, "second": second, "afresh": afresh}
    held_out = set().union(*(_held_out(path) for path in models.values()))
    parts = {
        "old": [path for path in old if _name(path) not in held_out],
        "added": [path for path in new if _name(path) not in held_out],
    }
    result = {
        name: {part: _distance(path, paths) for part, paths in parts.items()}
        for name, path in models.items()
    }
    _print(result, parts, options)
    write_json(folder / f"continuing{options.label}.json", result)


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("corpus", help="Folder below DISTILL_CORPORA.")
    parser.add_argument("--every", type=int, default=3, help="Every so manieth file is added.")
    parser.add_argument("--steps", type=int, default=300, help="Steps of each training.")
    parser.add_argument("--hidden-size", type=int, help="Width of the decoder, if not the usual.")
    parser.add_argument("--more", type=int, help="Steps of the next version, if others.")
    parser.add_argument("--lr", type=float, default=None, help="Learning rate of the next version.")
    parser.add_argument("--added-weight", type=float, default=1.0, help="Weight of added files.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--label", default="", help="Name of this trial, for its files.")
    parser.add_argument("--work", type=Path, help="Folder of the models; those there are kept.")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    return options


def _name(path: Path) -> str:
    """Name of a file in a folder that `link_corpus` makes."""
    return f"{path.parent.name}-{path.name}"


def _corpus(files: Sequence[Path], folder: Path) -> Path:
    return folder if folder.exists() else link_corpus(files, folder)


def _train(path: Path, train: Any) -> None:
    """Train a model, unless it is there."""
    if path.exists():
        return
    began = time.perf_counter()
    half = path.with_name(f"half-{path.name}")
    train(half)
    shutil.move(half, path)
    print(f"{path.stem}: {time.perf_counter() - began:.0f} s of training")


def _curation(folder: Path, new: Sequence[Path], weight: float) -> Curation:
    if weight == 1:
        return NO_CURATION
    names = {_name(path) for path in new}
    files = scan_corpus(folder).files
    return Curation(weights={file.content_hash: weight for file in files if file.name in names})


def _held_out(path: Path) -> set[str]:
    """Names of the files that a model has held out in whole or part."""
    corpus = distill.load(path).metadata["corpus"]
    return {entry["name"] for entry in corpus if entry["train_until"] < entry["n_samples"]}


@torch.no_grad()
def _distance(path: Path, files: Sequence[Path]) -> float:
    """Mean mel7 of `files`."""
    model = distill.load(path)
    distances = []
    for file in files:
        sound = metrics.load(file)
        audio = mix_channels(sound, model.model.channels)
        output = decode_sound(model, distill.encode(model, audio))
        distances.append(metrics.mel7(sound.mean(0), output.mean(0)))
    return float(np.mean(distances))


def _print(
    result: dict[str, dict[str, float]], parts: dict[str, list[Path]], options: argparse.Namespace
) -> None:
    print(f"{options.corpus}, {options.steps} steps, {options.threads} threads, seed 0")
    print(f"{len(parts['old'])} old and {len(parts['added'])} added files that no model held out")
    for name, distances in result.items():
        print(f"{name:<8} old {distances['old']:.3f}   added {distances['added']:.3f}")
    loss = result["second"]["old"] / result["first"]["old"] - 1
    lag = result["second"]["added"] / result["afresh"]["added"] - 1
    print(f"old files: {loss:+.1%} [at most +{WORSE:.0%}]")
    print(f"added files, relative to afresh: {lag:+.1%} [at most 0 %]")


if __name__ == "__main__":
    os.environ.setdefault("DISTILL_CACHE", str(Path(tempfile.gettempdir()) / "distill-bench"))
    run_main(main)
