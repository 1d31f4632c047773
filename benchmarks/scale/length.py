"""Quality at length: codecs of more and more music of one kind, at equal steps.

    python -m benchmarks.scale.length MUSIC OUT --minutes 2 20 60 180 --steps 2900

MUSIC is a folder of `benchmarks.scale.music`. A codec is trained on its first 2 minutes, one on its
first 20, and so on, on 1 thread. 2,900 steps are about 10 minutes on two quiet threads; a length
takes 20 on one. A codec that lies in OUT from an earlier run is not trained again.

Printed are mel7 of own files and of `MUSIC/held-out`, which no codec has heard, each quantised and
not (the same decoder, given exact latents); effective codes of each level (perplexity) on own
files. Of each file, 12 s from its middle count; of many files, 24 own and 14 held-out ones.
`--train-option` passes any option of `distill train`.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf
import torch

import distill
from benchmarks.codec import metrics
from benchmarks.codec.measure import clip_at_full_scale, decode_unquantised, excerpt_of
from benchmarks.common import distill_command, link_corpus, parser_of, run_main, write_json
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.usage import perplexity
from distill.models.persistence import LoadedVQModel

OWN_FILES = 24
"""Own files that are scored at most."""

HELD_OUT_FILES = 14
"""Held-out files that are scored at most."""


class Score(NamedTuple):
    """Mean mel7 of some files.

    Attributes:
        quantised: Of what the codes decode to.
        exact: Of what exact latents decode to.
        codes: Codes of the excerpts, `[T, Q]`.
    """

    quantised: float
    exact: float
    codes: np.ndarray


def files_up_to(folder: Path, minutes: float) -> list[Path]:
    """The first files of a folder, until they last so many minutes."""
    files: list[Path] = []
    seconds = 0.0
    for file in sorted(folder.glob("*.flac")):
        if seconds >= 60 * minutes:
            return files
        files.append(file)
        seconds += sf.info(file).duration
    return files


def spread(files: list[Path], most: int) -> list[Path]:
    """All of some files, or so many of them, evenly spread."""
    places = np.linspace(0, len(files) - 1, min(most, len(files)))
    return [files[int(place)] for place in places]


def train(files: list[Path], out: Path, args: argparse.Namespace) -> None:
    """Train a codec on some files through the command line."""
    corpus = out.with_suffix("")
    if not corpus.exists():
        link_corpus(files, corpus)
    extra = [word for option in args.train_option for word in shlex.split(option)]
    options = ["--steps", args.steps, "--threads", 1, "--json", *extra]
    command = distill_command("train", corpus, "-o", out, *options)
    with out.with_suffix(".json").open("w") as facts:
        if subprocess.run(command, stdout=facts).returncode:
            sys.exit(f"failed: {shlex.join(command)}")


def score(loaded: LoadedVQModel, files: list[Path]) -> Score:
    """Score a codec on some files."""
    rows = []
    codes = []
    for file in files:
        sound = excerpt_of(metrics.load(file)[:1])
        grid = distill.encode(loaded, sound)
        codes.append(grid.codes)
        decoded = clip_at_full_scale(decode_sound(loaded, grid))
        exact = clip_at_full_scale(decode_unquantised(loaded, sound))
        rows.append([metrics.mel7(sound[0], output.mean(0)) for output in (decoded, exact)])
    quantised, exact_mel7 = np.mean(rows, axis=0)
    return Score(quantised=float(quantised), exact=float(exact_mel7), codes=np.concatenate(codes))


def figures_of(model: Path, own: list[Path], held_out: list[Path]) -> dict[str, object]:
    """Figures of one length."""
    loaded = distill.load(model)
    own_score = score(loaded, spread(own, OWN_FILES))
    held_out_score = score(loaded, spread(held_out, HELD_OUT_FILES))
    K = loaded.model.codebook_size
    counts = [np.bincount(column, minlength=K) for column in own_score.codes.T]
    return {
        "files": len(own),
        "codebook_size": K,
        "memory_width": loaded.model.config["memory_width"],
        "own": own_score.quantised,
        "own_exact": own_score.exact,
        "held_out": held_out_score.quantised,
        "held_out_exact": held_out_score.exact,
        "effective_codes": [round(perplexity(count)) for count in counts],
    }


def main() -> None:
    """Run the benchmark."""
    parser = parser_of(__doc__)
    parser.add_argument("music", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 20.0, 60.0, 180.0])
    parser.add_argument("--steps", type=int, default=2_900)
    parser.add_argument("--train-option", action="append", default=[], metavar="OPTIONS")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    held_out = sorted((args.music / "held-out").glob("*.flac"))
    table = {}
    for minutes in args.minutes:
        own = files_up_to(args.music / "sounds", minutes)
        model = args.out / f"{minutes:g}.sda"
        if not model.exists():
            train(own, model, args)
        table[f"{minutes:g} min"] = figures_of(model, own, held_out)
        print(f"{minutes:g} min:", table[f"{minutes:g} min"], flush=True)
        write_json(args.out / "length.json", table)


if __name__ == "__main__":
    run_main(main)
