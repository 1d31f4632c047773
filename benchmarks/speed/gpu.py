"""A GPU: speed of training by batch size, a codec of eight minutes, and 32 streams at once.

    DISTILL_CORPORA=… python -m benchmarks.speed.gpu --corpora loops ambient --minutes 8
    python -m benchmarks.speed.gpu --streams-only MODEL.sda

Takes about 15 minutes with a training of 8. `--device cpu` runs all of it without a GPU, slowly.

Training speed is seconds of sound heard per second of time. The codec is trained at the batch size
that `train` chooses for the device, or at `--batch-size`, and scored by `benchmarks.codec.run`; its
files go into `--out`. With `--streams-only` only streams of that model are timed: their codes,
drawn by its prior as `generate` does, and their sound.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch

import distill
from benchmarks.common import corpora_dir, link_corpus, parser_of, run_main, split_files
from benchmarks.timing import synchronise, untrained_pace, untrained_prior
from distill.data.corpus import scan_corpus
from distill.data.dataset import Split, make_manifest, split_by_manifest
from distill.device import pick_device
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import event_bank_for, lead_in_for, length_limits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadInBatch
from distill.inference.sampling.settings import Sampling
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import get_adaptive_vqvae_config

WARM_STEPS = 3
"""Steps before training is timed: the first ones settle codes and compile kernels."""

STREAMS = 32
"""Streams drawn at once."""

STREAM_S = 10.0
"""Seconds of each stream."""

PRIOR_FILES = 100
"""Files of the corpus for which the untrained prior is sized: the middle of three sizes."""


def training_speed(
    split: Split,
    files: int,
    batch_size: int,
    steps: int,
    device: torch.device,
) -> float:
    """Seconds of sound heard per second of training.

    Args:
        split: The sounds to train on.
        files: Files of the corpus, which choose the size of the codec.
        batch_size: Pieces a step.
        steps: Steps to time.
        device: Where to train.
    """
    config = get_adaptive_vqvae_config(
        files,
        steps=steps,
        batch_size=batch_size,
        channels=1,
    )
    trainer = CodecTrainer(config, split, SAMPLE_RATE, device)
    for _ in range(WARM_STEPS):
        trainer.step()
    synchronise(device)
    heard_before_s = trainer.audio_s
    began = time.perf_counter()
    for _ in range(steps):
        trainer.step()
    synchronise(device)
    return (trainer.audio_s - heard_before_s) / (time.perf_counter() - began)


def show_training(args: argparse.Namespace, device: torch.device) -> None:
    """Print the speed of training at each batch size."""
    own, _ = split_files(corpora_dir(), args.corpora)
    with tempfile.TemporaryDirectory() as folder:
        clips = scan_corpus(link_corpus(own, Path(folder) / "own"), 1).clips
        split = split_by_manifest(clips, make_manifest(clips))
        for batch_size in args.batch_sizes:
            speed = training_speed(split, len(clips), batch_size, args.steps, device)
            print(f"Training, {batch_size} pieces a step: {speed:.0f}x real time", flush=True)


def train_and_score(args: argparse.Namespace) -> None:
    """Train a codec on the device and score it, in a process of its own."""
    options = f"--channels 1 --device {args.device}"
    if args.batch_size:
        options += f" --batch-size {args.batch_size}"
    command = [sys.executable, "-m", "benchmarks.codec.run", "--corpora", *args.corpora]
    command += ["--minutes", str(args.minutes), "--threads", str(args.threads)]
    command += [f"--train-option={options}", "--out", str(args.out)]
    print(shlex.join(command), flush=True)
    subprocess.run(command, check=True)


def show_untrained_streams(args: argparse.Namespace, device: torch.device) -> None:
    """Print how fast an untrained prior of the middle size draws 32 streams."""
    codec = VQVAE(SAMPLE_RATE, oscillators=True)
    prior = untrained_prior(codec.rvq.codebooks, codec.frame_rate, PRIOR_FILES).to(device)
    speed = untrained_pace(prior, codec.frame_rate, STREAMS, args.stream_s, device)
    print(f"Codes, {STREAMS} streams: {speed:.0f}x real time", flush=True)


def show_streams(
    loaded: LoadedVQModel,
    seconds: float,
    device: torch.device,
) -> None:
    """Print how fast 32 streams of a trained prior are drawn, and drawn and decoded."""
    prior = loaded.require_prior()
    codec = loaded.model
    sampling = Sampling()
    lead_ins = [lead_in_for(loaded, sampling, seed) for seed in range(STREAMS)]
    stream = draw_frames(
        prior,
        STREAMS,
        sampling,
        torch.Generator().manual_seed(0),
        Conditions(
            prompt=LeadInBatch.stack(lead_ins),
            event_bank=event_bank_for(loaded),
            length_limits=length_limits(loaded),
        ),
    )
    # An empty context is faster: fill it first.
    list(islice(stream, prior.window))
    frames = round(seconds * codec.frame_rate)
    began = time.perf_counter()
    codes = torch.stack([frame.codes for frame in islice(stream, frames)], 1)
    synchronise(device)
    drawn_s = time.perf_counter() - began
    for own_codes in codes:
        decode_codes(codec, own_codes)
    synchronise(device)
    decoded_s = time.perf_counter() - began
    sound_s = STREAMS * seconds
    print(
        f"{STREAMS} streams of {seconds:g} s: codes {sound_s / drawn_s:.0f}x real time, "
        f"sound {sound_s / decoded_s:.0f}x",
        flush=True,
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument(
        "--minutes",
        type=float,
        default=8,
        help="of codec training",
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument(
        "--steps",
        type=int,
        default=50,
        help="timed at each batch size",
    )
    parser.add_argument(
        "--batch-sizes",
        type=int,
        nargs="+",
        default=[8, 32, 64, 128, 256],
    )
    parser.add_argument("--batch-size", type=int, help="of the training that is scored")
    parser.add_argument(
        "--stream-s",
        type=float,
        default=STREAM_S,
        help="seconds of each stream",
    )
    parser.add_argument(
        "--streams-only",
        type=Path,
        metavar="MODEL",
        help="time streams of this model, nothing else",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    device = pick_device(args.device)
    if args.streams_only:
        loaded = distill.load(args.streams_only, args.device, args.threads)
        show_streams(loaded, args.stream_s, device)
        return
    show_training(args, device)
    show_untrained_streams(args, device)
    train_and_score(args)


if __name__ == "__main__":
    run_main(main)
