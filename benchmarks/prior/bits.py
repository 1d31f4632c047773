"""Bits a frame of the prior on held-out files, beside an n-gram floor, and its sampling speed.

    DISTILL_CORPORA=… python -m benchmarks.prior.bits --corpora loops ambient --minutes 10

Takes the minutes of training and about 5 more on 2 threads.

Every sixth file is the test. Of the others, the codec's own split holds some out: on those the
floor chooses its contexts, and training stops. Codes need no trained decoder, so that the codec's
codebooks are settled and nothing more. The floor learns from one encoding of each file; several
made it no better. Bits are of the codes alone. Each test sound is scored by itself from its first
frame on, each frame given as many frames before it as the context holds.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

import distill
from benchmarks.common import (
    corpora_dir,
    link_corpus,
    parser_of,
    run_main,
    split_files,
    write_json,
)
from benchmarks.prior import ngram
from benchmarks.speed import sampling
from distill.data.corpus import Clip, scan_corpus
from distill.data.dataset import ClipRegion, Split, make_manifest, split_by_manifest
from distill.models.persistence import LoadedVQModel, save_model_v2
from distill.models.prior import CodePrior, extract_code_sequences
from distill.settings import SAMPLE_RATE
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import get_adaptive_vqvae_config
from distill.training.prior.encoding import trim_inaudible_tail


@dataclass(frozen=True)
class TrainingCost:
    """Cost of training the prior: seconds, epochs, and the epoch that was kept."""

    seconds: float
    epochs: int
    best_epoch: int

    @classmethod
    def of(cls, result: dict[str, Any]) -> "TrainingCost":
        """From the result of `distill.train_prior`."""
        complete = result["complete"]
        best = min(result["history"], key=lambda point: point["val_loss"])
        return cls(
            seconds=complete.elapsed_s, epochs=complete.epochs_trained, best_epoch=best["epoch"]
        )


# --- codes ----------------------------------------------------------------------------------------


def settle_codec(
    folder: Path,
    path: Path,
    args: argparse.Namespace,
) -> Split:
    """Write a codec to `path` whose codebooks are settled on the sounds in `folder`.

    Returns:
        The codec's split of those sounds.
    """
    clips = scan_corpus(folder, args.channels).clips
    manifest = make_manifest(clips)
    split = split_by_manifest(clips, manifest)
    config = get_adaptive_vqvae_config(
        len(clips),
        steps=1,
        seed=args.seed,
        codebook_size=args.codebook_size,
        num_quantizers=args.levels,
        channels=args.channels,
    )
    trainer = CodecTrainer(config, split, SAMPLE_RATE, torch.device("cpu"))
    trainer.settle_codes()
    save_model_v2(path, trainer.codec, {"name": folder.name, "corpus": manifest})
    return split


def codes_of(loaded: LoadedVQModel, regions: Sequence[ClipRegion]) -> list[Tensor]:
    """Codes `[T, Q]` of each region, encoded as in prior training."""
    sounds = (trim_inaudible_tail(region.audio(), SAMPLE_RATE) for region in regions)
    return list(extract_code_sequences(loaded.model, sounds))


def whole_regions(clips: Sequence[Clip]) -> list[ClipRegion]:
    """Each clip as one region."""
    return [ClipRegion(clip, 0, clip.n_samples) for clip in clips]


# --- bits -----------------------------------------------------------------------------------------


@torch.inference_mode()
def bits_by_level(prior: CodePrior, sounds: Sequence[Tensor]) -> np.ndarray:
    """Bits a code of each level under a prior.

    Args:
        prior: The prior.
        sounds: Codes of each sound `[T, Q]`.

    Returns:
        Bits `[Q]`, means over all frames.
    """
    total = torch.zeros(prior.num_quantizers, dtype=torch.float64)
    window = prior.window
    for codes in sounds:
        for begin in range(0, len(codes), window):
            # A window of context, then a window of frames to score.
            context = max(0, begin - window)
            part = codes[None, context : begin + window]
            starts = torch.zeros(part.shape[:2], dtype=torch.bool)
            starts[:, 0] = context == 0
            logits = prior.frame_scores(part, starts).codes[0, begin - context :]
            targets = codes[begin : begin + window]
            nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
            total += nats.view_as(targets).sum(0)
    frames = sum(len(codes) for codes in sounds)
    return (total / frames / np.log(2)).numpy()


def floors(codes: dict[str, list[Tensor]], size: int) -> dict[str, np.ndarray]:
    """Bits `[Q]` without a prior: all codes alike, by their counts, and by the n-gram.

    Args:
        codes: Codes `[T, Q]` of the sounds for `train`, `validation` and `test`.
        size: Codebook entries.
    """
    train = [sound.numpy() for sound in codes["train"]]
    validation = [sound.numpy() for sound in codes["validation"]]
    test = [sound.numpy() for sound in codes["test"]]
    levels = range(train[0].shape[1])
    unigram = [ngram.surprise(train, test, level, (), size)[0] for level in levels]
    return {
        "uniform": np.full(len(levels), np.log2(size)),
        "unigram": np.array(unigram),
        "n-gram": ngram.floor(train, validation, test, size),
    }


def measure(
    args: argparse.Namespace, folder: Path
) -> tuple[dict[str, np.ndarray], dict[str, Any], TrainingCost]:
    """Train a prior and score it.

    Args:
        args: The command line.
        folder: An empty folder for the corpus and the model.

    Returns:
        Bits `[Q]` of the floors and of the prior, facts about the run, and the cost of training.
    """
    own, test = split_files(corpora_dir(), args.corpora)
    own_folder = link_corpus(own, folder / "own")
    test_folder = link_corpus(test, folder / "test")
    path = folder / "codec.sda"
    split = settle_codec(own_folder, path, args)
    loaded = distill.load(path, "cpu", args.threads)
    size = loaded.model.codebook_size
    codes = {
        "train": codes_of(loaded, split.train),
        "validation": codes_of(loaded, split.held_out),
        "test": codes_of(
            loaded, whole_regions(scan_corpus(test_folder, loaded.model.channels).clips)
        ),
    }
    rows = floors(codes, size)
    result = distill.train_prior(
        path,
        own_folder,
        device="cpu",
        minutes=args.minutes,
        seed=args.seed,
        threads=args.threads,
    )
    rows["prior"] = bits_by_level(result["prior_model"], codes["test"])
    facts = {
        "frames": {name: sum(map(len, sounds)) for name, sounds in codes.items()},
        "codes": size,
        "history": result["history"],
    }
    return rows, facts, TrainingCost.of(result)


def show(
    rows: dict[str, np.ndarray],
    facts: dict[str, Any],
    cost: TrainingCost,
    args: argparse.Namespace,
) -> None:
    """Print the bits as a table, and the cost of training."""
    table = Table(title=f"{' + '.join(args.corpora)}: bits a frame on test files")
    levels = [f"level {q + 1}" for q in range(len(rows["prior"]))]
    for column in ("", "all levels", *levels):
        table.add_column(column, justify="right")
    for name, bits in rows.items():
        table.add_row(name, f"{bits.sum():.2f}", *(f"{x:.2f}" for x in bits))
    Console(width=150).print(table)
    below = 1 - rows["prior"].sum() / rows["n-gram"].sum()
    frames = ", ".join(f"{count} {name}" for name, count in facts["frames"].items())
    print(f"{100 * below:.0f} % under the n-gram floor.")
    print(f"Frames: {frames}; {facts['codes']} codes a level.")
    print(
        f"Training: {cost.seconds:.0f} s of at most {60 * args.minutes:.0f} on {args.threads} "
        f"threads, {cost.epochs} epochs, the best {cost.best_epoch}."
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument(
        "--minutes",
        type=float,
        default=10,
        help="of prior training",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--levels", type=int, help="of the codec; its default if not given")
    parser.add_argument("--codebook-size", type=int, help="of the codec; its default if not given")
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--no-speed", action="store_true", help="leave out the sampling speed")
    parser.add_argument("--out", type=Path, help="JSON of all figures")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        rows, facts, cost = measure(args, Path(folder))
    show(rows, facts, cost, args)
    speed = []
    if not args.no_speed:
        speed = sampling.measure(len(rows["prior"]), facts["codes"], args.threads)
    if args.out:
        bits = {name: row.tolist() for name, row in rows.items()}
        result = {"bits_by_level": bits, "trained": asdict(cost), "speed": speed}
        write_json(args.out, facts | result)


if __name__ == "__main__":
    run_main(main)
