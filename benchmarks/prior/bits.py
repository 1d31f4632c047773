"""The prior measured: bits a frame on held-out files beside a floor and other networks, and how
fast they generate.

    DISTILL_CORPORA=… python benchmarks/prior.py --corpora loops ambient --minutes 10 --threads 2

Every sixth file is the test. Of the rest the codec's own split holds some out, on which the floor
chooses its contexts and training ends. Codes need no trained decoder: the codec is settled, not
trained. All learn from the same files, the floor from one encoding of each (several made it no
better). Two other networks of the prior's size have as much time as the prior, and are trained as
it is (rivals.py): a flat Transformer (flat.py), and the prior without its pointer, a backbone that
runs once a frame with a network for each level. Bits are of the codes alone; each test sound comes
by itself, from its first frame on, and each frame is scored given as many before it as the context
has. How fast they draw is timed in drawing.py.
"""

import argparse
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

import distill
from benchmarks.common import corpora_dir, link_corpus, split_files, write_json
from benchmarks.prior import ngram, rivals
from benchmarks.prior.rivals import Trained
from benchmarks.speed import sampling as drawing
from distill.data.corpus import Clip, scan_corpus
from distill.data.dataset import Region, Split, make_manifest, split_by_manifest
from distill.device import prepare
from distill.errors import DistillError
from distill.models.persistence import LoadedVQModel, save_model_v2
from distill.models.prior import extract_code_sequences
from distill.settings import SAMPLE_RATE
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import get_adaptive_vqvae_config
from distill.training.prior.data import (
    PriorCodes,
    draw_gains,
    draw_offsets,
    encode_split,
    without_inaudible_tail,
)
from distill.training.prior_config import PriorConfig
from distill.workflows.train import prior_settings


def settle(folder: Path, path: Path, a: argparse.Namespace) -> Split:
    """Write a codec to `path` whose codes are settled on the sounds in `folder`; its split of
    them."""
    clips = scan_corpus(folder, a.channels).clips
    manifest = make_manifest(clips)
    split = split_by_manifest(clips, manifest)
    sizes = {"codebook_size": a.codebook_size, "num_quantizers": a.levels, "channels": a.channels}
    config = get_adaptive_vqvae_config(len(clips), steps=1, seed=a.seed, **sizes)
    trainer = CodecTrainer(config, split, SAMPLE_RATE, torch.device("cpu"))
    trainer.settle_codes()
    save_model_v2(path, trainer.model, {"name": folder.name, "corpus": manifest})
    return split


def codes_of(loaded: LoadedVQModel, regions: tuple[Region, ...]) -> list[torch.Tensor]:
    """Codes `[T, Q]` of each region as prior training hears it."""
    sounds = (without_inaudible_tail(region.audio(), SAMPLE_RATE) for region in regions)
    return list(extract_code_sequences(loaded.model, sounds))


def whole(clips: tuple[Clip, ...]) -> tuple[Region, ...]:
    return tuple(Region(clip, 0, clip.n_samples) for clip in clips)


@torch.inference_mode()
def bits_by_level(prior: rivals.Network, sounds: list[torch.Tensor]) -> np.ndarray:
    """Bits `[Q]` a code of each level in `sounds` `[T, Q]`, each by itself from its first frame on;
    a frame is scored given the `prior.window` before it."""
    total, frames, window = torch.zeros(prior.num_quantizers, dtype=torch.float64), 0, prior.window
    for codes in sounds:
        for begin in range(0, len(codes), window):
            seen = max(0, begin - window)
            part = codes[None, seen : begin + window]
            starts = torch.zeros(part.shape[:2], dtype=torch.bool)
            starts[:, 0] = seen == 0
            scores, wanted = (
                prior.frame_scores(part, starts).codes[0, begin - seen :],
                codes[begin : begin + window],
            )
            total += (
                F.cross_entropy(scores.flatten(0, 1), wanted.flatten(), reduction="none")
                .view_as(wanted)
                .sum(0)
            )
        frames += len(codes)
    return (total / frames / np.log(2)).numpy()


def floors(codes: dict[str, list[torch.Tensor]], size: int) -> dict[str, np.ndarray]:
    """Bits by level for codes all alike, counted one by one, and counted in context."""
    train, validation, test = (
        [c.numpy() for c in codes[name]] for name in ("train", "validation", "test")
    )
    levels = range(train[0].shape[1])
    return {
        "uniform": np.full(len(levels), np.log2(size)),
        "unigram": np.array([ngram.surprise(train, test, q, (), size)[0] for q in levels]),
        "n-gram": ngram.floor(train, validation, test, size),
    }


def measure(a: argparse.Namespace, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Bits by level of floors, rivals and prior, and what their training took."""
    own, test = split_files(corpora_dir(), tuple(a.corpora))
    own_folder, test_folder = link_corpus(own, folder / "own"), link_corpus(test, folder / "test")
    path = folder / "codec.sda"
    split = settle(own_folder, path, a)
    loaded = distill.load(path, "cpu", a.threads)
    regions = {"train": split.train, "validation": split.held_out}
    regions["test"] = whole(scan_corpus(test_folder, loaded.model.channels).clips)
    codes = {name: codes_of(loaded, some) for name, some in regions.items()}
    rows, trained = floors(codes, loaded.model.codebook_size), {}
    budget = {"minutes": a.minutes, "seed": a.seed, "threads": a.threads}
    if not a.no_rivals:
        config, _ = prior_settings(own_folder, **budget)
        encoded = encodings_of(loaded, split, config)
        cut_off = [region.stop < region.clip.n_samples for region in split.train]
        prepare(a.threads)
        for name, build in rivals.BUILDS.items():
            K, frame_rate = loaded.model.codebook_size, loaded.model.frame_rate
            network, trained[name] = rivals.train(build, encoded, cut_off, K, config, frame_rate)
            rows[name] = bits_by_level(network, codes["test"])
    said = distill.train_prior(path, own_folder, device="cpu", **budget)
    rows["prior"], trained["prior"] = (
        bits_by_level(said["prior_model"], codes["test"]),
        trained_by(said),
    )
    facts = {
        "frames": {name: sum(map(len, some)) for name, some in codes.items()},
        "codes": loaded.model.codebook_size,
    }
    return rows, facts | {"trained": trained, "history": said["history"]}


def trained_by(said: dict[str, Any]) -> Trained:
    """What prior training took by its own account."""
    best = min(said["history"], key=lambda point: point["val_loss"])
    return Trained(said["complete"].elapsed_s, said["complete"].epochs_trained, best["epoch"])


def encodings_of(loaded: LoadedVQModel, split: Split, config: PriorConfig) -> PriorCodes:
    """What prior training learns from."""
    offsets = draw_offsets(config.encodings, loaded.model.frame_hop, config.seed)
    return encode_split(
        loaded, split, offsets, draw_gains(config.encodings, config.seed), threading.Event()
    )


def show(rows: dict[str, np.ndarray], facts: dict[str, Any], a: argparse.Namespace) -> None:
    """Bits as a table, with what training took."""
    table = Table(title=f"{' + '.join(a.corpora)}: bits a frame on test files")
    levels = [f"level {q + 1}" for q in range(len(rows["prior"]))]
    for column in ("", "all levels", *levels, "trained, s", "epochs", "best"):
        table.add_column(column, justify="right")
    for name, bits in rows.items():
        took = facts["trained"].get(name)
        cells = [f"{took.seconds:.0f}", str(took.epochs), str(took.best_epoch)] if took else []
        table.add_row(name, f"{bits.sum():.2f}", *(f"{x:.2f}" for x in bits), *cells)
    Console(width=150).print(table)
    below = 1 - rows["prior"].sum() / rows["n-gram"].sum()
    frames = ", ".join(f"{count} {name}" for name, count in facts["frames"].items())
    print(
        f"{100 * below:.0f} % under the n-gram floor. Frames: {frames}; {facts['codes']} codes a level."
    )
    print(f"Training, and judging it: at most {60 * a.minutes:.0f} s each, on {a.threads} threads.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--levels", type=int, help="of the codec; its default, if not given")
    parser.add_argument("--codebook-size", type=int)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--no-rivals", action="store_true", help="leave out the other networks")
    parser.add_argument("--no-speed", action="store_true", help="leave out how fast they generate")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    return parser.parse_args()


def main(a: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows, facts = measure(a, Path(folder))
    show(rows, facts, a)
    speed = [] if a.no_speed else drawing.measure(len(rows["prior"]), facts["codes"], a.threads)
    if a.out:
        bits = {name: row.tolist() for name, row in rows.items()}
        trained = {name: took._asdict() for name, took in facts["trained"].items()}
        write_json(a.out, facts | {"bits_by_level": bits, "trained": trained, "speed": speed})


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
