"""What a GPU makes of it: training by batch size, a codec of eight minutes, and 32 streams of codes
at once.

    DISTILL_CORPORA=… python benchmarks/gpu.py --corpora loops ambient --minutes 8

Training counts seconds of sound heard per second of time. The codec is trained at the batch size
that `train` chooses for the device, or at --batch-size, and is scored as in codec.py; its files go
into --out. With `--device cpu` all of it runs without a GPU, slowly.

    python benchmarks/gpu.py --streams-only MODEL.sda

times nothing but 32 streams of that model: their codes, drawn by its prior as `generate` has it,
and their sound.
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
from benchmarks.common import corpora_dir, link_corpus, split_files
from distill.data.corpus import scan_corpus
from distill.data.dataset import Split, make_manifest, split_by_manifest
from distill.device import pick_device
from distill.errors import DistillError
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.context import frame_bank_for, lead_in_for, length_limits
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.lead_in import LeadInBatch
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import build_frame_bank
from distill.models.chunked import decode_codes
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import get_adaptive_vqvae_config
from distill.training.prior_config import get_adaptive_prior_config

WARM_STEPS, STREAMS = 3, 32
STREAM_S, CORPUS_S = 10.0, 600.0


def wait_for(device: torch.device) -> None:
    """Until all work that was handed to `device` is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def training_speed(
    split: Split, files: int, batch_size: int, steps: int, device: torch.device
) -> float:
    """Times real time, once the codes are settled and some steps done."""
    config = get_adaptive_vqvae_config(files, steps=steps, batch_size=batch_size, channels=1)
    trainer = CodecTrainer(config, split, SAMPLE_RATE, device)
    for _ in range(WARM_STEPS):
        trainer.step()
    wait_for(device)
    heard, began = trainer.heard_s, time.perf_counter()
    for _ in range(steps):
        trainer.step()
    wait_for(device)
    return (trainer.heard_s - heard) / (time.perf_counter() - began)


def generation_speed(streams: int, seconds: float, device: torch.device) -> float:
    """Seconds of codes per second over all streams, by an untrained prior of the middle size."""
    config, codec = get_adaptive_prior_config(100), VQVAE(SAMPLE_RATE)
    sizes = config.hidden_size, config.num_layers, config.num_heads
    context = round(config.context_s * codec.frame_rate) * codec.num_quantizers
    latent_dim = codec.rvq.codebooks.shape[-1]
    prior = CodePrior(
        codec.codebook_size,
        context,
        codec.num_quantizers,
        *sizes,
        latent_dim=latent_dim,
        ends_first=True,
    )
    prior.to(device).eval()
    shape = round(CORPUS_S * codec.frame_rate), codec.num_quantizers
    recording = Recording("", torch.randint(codec.codebook_size, shape), whole=True)
    units = build_frame_bank(prior, [recording], Sampling.free_levels)
    conditions = Conditions(frame_bank=units)
    drawn = draw_frames(prior, streams, Sampling(), torch.Generator().manual_seed(0), conditions)
    frames = round(seconds * codec.frame_rate)
    # What comes first is drawn faster, having less to look back on.
    list(islice(drawn, frames))
    began = time.perf_counter()
    list(islice(drawn, frames))
    wait_for(device)
    return streams * seconds / (time.perf_counter() - began)


def time_streams(loaded: LoadedVQModel, streams: int, seconds: float, device: torch.device) -> None:
    """Say how fast so many streams of a trained prior are drawn, and drawn and decoded."""
    assert loaded.prior is not None
    sampling, model = Sampling(), loaded.model
    lead_ins = [lead_in_for(loaded, sampling, seed) for seed in range(streams)]
    drawn = draw_frames(
        loaded.prior,
        streams,
        sampling,
        torch.Generator().manual_seed(0),
        Conditions(
            prompt=LeadInBatch.of(lead_ins),
            frame_bank=frame_bank_for(loaded, sampling),
            length_limits=length_limits(loaded),
        ),
    )
    frames = round(seconds * model.frame_rate)
    list(islice(drawn, loaded.prior.window))
    began = time.perf_counter()
    codes = torch.stack([frame.codes for frame in islice(drawn, frames)], 1)
    wait_for(device)
    took = time.perf_counter() - began
    for one in codes:
        decode_codes(model, one)
    wait_for(device)
    decoded = time.perf_counter() - began
    print(
        f"{streams} streams of {seconds:g} s: codes {streams * seconds / took:.0f}x real time, ",
        end="",
    )
    print(f"sound {streams * seconds / decoded:.0f}x", flush=True)


def time_training(a: argparse.Namespace, device: torch.device) -> None:
    own, _ = split_files(corpora_dir(), tuple(a.corpora))
    with tempfile.TemporaryDirectory() as folder:
        clips = scan_corpus(link_corpus(own, Path(folder) / "own"), 1).clips
        split = split_by_manifest(clips, make_manifest(clips))
        for batch_size in a.batch_sizes:
            speed = training_speed(split, len(clips), batch_size, a.steps, device)
            print(f"Training, {batch_size} pieces a step: {speed:.0f}x real time", flush=True)


def train_and_score(a: argparse.Namespace) -> None:
    options = f"--channels 1 --device {a.device}" + (
        f" --batch-size {a.batch_size}" if a.batch_size else ""
    )
    script = Path(__file__).with_name("codec.py")
    command = [
        sys.executable,
        script,
        "--corpora",
        *a.corpora,
        "--minutes",
        a.minutes,
        "--threads",
        a.threads,
    ]
    command += [f"--train-option={options}", "--out", a.out]
    print(shlex.join(map(str, command)), flush=True)
    subprocess.run([str(word) for word in command], check=True)


def main(a: argparse.Namespace) -> None:
    device = pick_device(a.device)
    if a.streams_only:
        loaded = distill.load(a.streams_only, a.device, a.threads)
        if loaded.prior is None:
            sys.exit(f"{a.streams_only} has no prior: run `distill train-prior` first.")
        time_streams(loaded, STREAMS, a.stream_s, device)
        return
    time_training(a, device)
    print(
        f"Codes, {STREAMS} streams: {generation_speed(STREAMS, a.stream_s, device):.0f}x real time",
        flush=True,
    )
    train_and_score(a)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", default=["loops", "ambient"])
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--steps", type=int, default=50, help="timed at each batch size")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[8, 32, 64, 128, 256])
    parser.add_argument("--batch-size", type=int, help="of the training that is scored")
    parser.add_argument(
        "--stream-s", type=float, default=STREAM_S, help="seconds of each of the 32 streams"
    )
    parser.add_argument(
        "--streams-only",
        type=Path,
        metavar="MODEL",
        help="time streams of this model, nothing else",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main(arguments())
    except DistillError as error:
        sys.exit(str(error))
