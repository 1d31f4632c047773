"""The prior measured: bits a frame on held-out files beside the n-gram floor, and how fast it generates.

    DISTILL_CORPORA=… python benchmarks/prior.py --corpora loops ambient --minutes 10 --threads 2

Every sixth file is the test. Of the rest the codec's own split holds some out, on which the floor chooses its contexts
and prior training ends. Codes need no trained decoder: the codec is settled, not trained. Both learn from the same
files, the floor from one encoding of each (several made it no better). Bits are of the codes alone; each test sound
comes by itself, from its first frame on. A flat Transformer of the prior's size (flat.py) learns from the same codes
for as long.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

import flat
import ngram
from common import corpora_dir, link_corpus, split_files
from distill.data.corpus import Clip, scan_corpus
from distill.data.dataset import Region, Split, make_manifest, split_by_manifest
from distill.device import prepare
from distill.errors import DistillError
from distill.inference.sampling import Sampling, sample_sounds
from distill.inference.units import units_of
from distill.library import workflows
from distill.models.persistence import LoadedVQModel, save_model_v2
from distill.models.prior import CodePrior, extract_code_sequences
from distill.settings import SAMPLE_RATE
from distill.training.config import get_adaptive_vqvae_config
from distill.training.prior_config import get_adaptive_prior_config
from distill.training.prior_data import draw_gains, draw_offsets, encode_split, without_inaudible_tail
from distill.training.trainer import CodecTrainer

TIERS = (20, 100, 500)
CORPUS_S = 600.0
"""Of recordings that finer codes are taken from."""


def settle(folder: Path, path: Path, a: argparse.Namespace) -> Split:
    """Write a codec to `path` whose codes are settled on the sounds in `folder`; its split of them."""
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
def bits_by_level(prior: CodePrior, sounds: list[torch.Tensor]) -> np.ndarray:
    """Bits `[Q]` a code of each level in `sounds` `[T, Q]`, each by itself from its first frame on."""
    total, frames = torch.zeros(prior.num_quantizers, dtype=torch.float64), 0
    for codes in sounds:
        starts = torch.zeros(1, len(codes), dtype=torch.bool)
        starts[:, 0] = True
        scores = prior.frame_scores(codes[None], starts).codes[0]
        total += F.cross_entropy(scores.flatten(0, 1), codes.flatten(), reduction="none").view_as(codes).sum(0)
        frames += len(codes)
    return (total / frames / np.log(2)).numpy()


def floors(codes: dict[str, list[torch.Tensor]], size: int) -> dict[str, np.ndarray]:
    """Bits by level for codes all alike, counted one by one, and counted in context."""
    train, validation, test = ([c.numpy() for c in codes[name]] for name in ("train", "validation", "test"))
    levels = range(train[0].shape[1])
    return {
        "uniform": np.full(len(levels), np.log2(size)),
        "unigram": np.array([ngram.surprise(train, test, q, (), size)[0] for q in levels]),
        "n-gram": ngram.floor(train, validation, test, size),
    }


def measure(a: argparse.Namespace, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Bits by level of floors and prior, and what training said."""
    own, test = split_files(corpora_dir(), tuple(a.corpora))
    own_folder, test_folder = link_corpus(own, folder / "own"), link_corpus(test, folder / "test")
    path = folder / "codec.sda"
    split = settle(own_folder, path, a)
    loaded = workflows.load(path, "cpu", a.threads)
    regions = {"train": split.train, "validation": split.held_out}
    regions["test"] = whole(scan_corpus(test_folder, loaded.model.channels).clips)
    codes = {name: codes_of(loaded, some) for name, some in regions.items()}
    rows = floors(codes, loaded.model.codebook_size)
    began = time.perf_counter()
    said = workflows.train_prior(path, own_folder, device="cpu", threads=a.threads, minutes=a.minutes, seed=a.seed)
    wall_s = time.perf_counter() - began
    if not a.no_flat:
        rows["flat"] = flat_bits(loaded, split, codes["test"], a)
    rows["prior"] = bits_by_level(said["prior_model"], codes["test"])
    facts = {"frames": {name: sum(map(len, some)) for name, some in codes.items()}, "codes": loaded.model.codebook_size}
    return rows, facts | {"wall_s": wall_s, "history": said["history"]}


def flat_bits(loaded: LoadedVQModel, split: Split, test: list[torch.Tensor], a: argparse.Namespace) -> np.ndarray:
    """Bits by level of a flat Transformer, trained for as long as the prior."""
    files = len({region.clip.content_hash for region in (*split.train, *split.held_out)})
    config = replace(get_adaptive_prior_config(files), minutes=a.minutes, seed=a.seed)
    prepare(a.threads)
    torch.manual_seed(a.seed)
    codec = loaded.model
    offsets = draw_offsets(config.encodings, codec.frame_hop, a.seed)
    gains = draw_gains(config.encodings, a.seed)
    codes = encode_split(loaded, split, offsets, gains, threading.Event())
    prior = flat.FlatPrior(codec.codebook_size, codec.num_quantizers, config)
    steps = flat.train(prior, codes.train, config, codec.frame_rate)
    print(f"Flat Transformer: {steps} steps.", flush=True)
    return flat.bits_by_level(prior, test, round(config.context_s * codec.frame_rate))


def generation_speed(files: int, streams: int, levels: int, size: int, seconds: float = 6.0) -> float:
    """Seconds of codes drawn per second of time, over all streams, by an untrained prior for so many files."""
    config, frame_rate = get_adaptive_prior_config(files), SAMPLE_RATE / 1024
    context = round(config.context_s * frame_rate) * levels
    sizes = config.hidden_size, config.num_layers, config.num_heads
    prior = CodePrior(size, context, levels, *sizes, latent_dim=64, ends_first=True).eval()
    recording = {"name": "", "codes": torch.randint(size, (round(CORPUS_S * frame_rate), levels)), "whole": True}
    units = units_of(prior, [recording], Sampling.free_levels)
    # As long as the context: what comes first is drawn faster, having less to look back on.
    drawn = sample_sounds(prior, streams, Sampling(), torch.Generator().manual_seed(0), units=units)
    list(islice(drawn, context // levels))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        list(islice(drawn, round(seconds / 3 * frame_rate)))
        times.append(time.perf_counter() - began)
    return streams * seconds / 3 / statistics.median(times)


def show(rows: dict[str, np.ndarray], facts: dict[str, Any], a: argparse.Namespace) -> None:
    """Bits as a table, then what training took."""
    table = Table(title=f"{' + '.join(a.corpora)}: bits a frame on test files")
    for column in ("", "all levels", *(f"level {q + 1}" for q in range(len(rows["prior"])))):
        table.add_column(column, justify="right")
    for name, bits in rows.items():
        table.add_row(name, f"{bits.sum():.2f}", *(f"{x:.2f}" for x in bits))
    Console(width=140).print(table)
    below = 1 - rows["prior"].sum() / rows["n-gram"].sum()
    last = facts["history"][-1]
    frames = ", ".join(f"{count} {name}" for name, count in facts["frames"].items())
    print(f"{100 * below:.0f} % under the n-gram floor. Frames: {frames}; {facts['codes']} codes a level.")
    print(f"Prior training: {facts['wall_s']:.0f} s on {a.threads} threads, {last['epoch']:.0f} epochs.")


def show_speed(rows: dict[str, np.ndarray], facts: dict[str, Any], a: argparse.Namespace) -> None:
    prepare(a.threads)
    for files in TIERS:
        one, eight = (generation_speed(files, n, len(rows["prior"]), facts["codes"]) for n in (1, 8))
        print(f"Codes, prior for up to {files} files: {one:.1f}x real time, {eight:.1f}x for eight at once")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--levels", type=int, help="of the codec; its default, if not given")
    parser.add_argument("--codebook-size", type=int)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--no-flat", action="store_true", help="leave out the flat Transformer")
    parser.add_argument("--no-speed", action="store_true", help="leave out how fast it generates")
    return parser.parse_args()


def main(a: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows, facts = measure(a, Path(folder))
    show(rows, facts, a)
    if not a.no_speed:
        show_speed(rows, facts, a)


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
