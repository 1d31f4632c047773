"""Speed as audio seconds per wall second: encode, decode (1 thread), generate at every size tier (2 threads).

    python benchmarks/speed.py [MODEL.sda]      # without a model, an untrained codec of the default size

Generation is timed with untrained priors of the three sizes that `train-prior` chooses from: weights do not change
the work. Every figure is the median of three runs.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from distill.device import prepare
from distill.inference.sampling import Sampling, sample_frames
from distill.library import workflows
from distill.models.chunked import decode_codes, encode_audio
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig
from distill.training.prior_config import get_adaptive_prior_config


def realtime(seconds: float, work: Callable[[], object], runs: int = 3) -> float:
    """Audio seconds per wall second of `work`, the median of `runs` after one warm-up."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return seconds / statistics.median(times)


def codec_of(path: Path | None) -> VQVAE:
    if path is not None:
        return workflows.load(path, "cpu").model
    return VQVAE(**VQVAEConfig().model_arguments(SAMPLE_RATE)).eval()


def time_codec(codec: VQVAE, seconds: float, threads: int) -> tuple[float, float]:
    prepare(threads)
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, round(seconds * SAMPLE_RATE))).astype(np.float32)
    codes = encode_audio(codec, noise)
    encode = realtime(seconds, lambda: encode_audio(codec, noise))
    return encode, realtime(seconds, lambda: decode_codes(codec, codes))


def time_generation(codec: VQVAE, files: int, seconds: float, threads: int) -> float:
    """Drawing codes and decoding them, one stream."""
    prepare(threads)
    config = get_adaptive_prior_config(files)
    context = round(config.context_s * codec.frame_rate) * codec.num_quantizers
    prior = CodePrior(
        codec.codebook_size,
        context,
        codec.num_quantizers,
        config.hidden_size,
        config.num_layers,
        config.num_heads,
    ).eval()
    frames = round(seconds * codec.frame_rate)

    def generate() -> None:
        stream = sample_frames(prior, 1, Sampling(), torch.Generator().manual_seed(0))
        decode_codes(codec, torch.cat(list(islice(stream, frames))))

    return realtime(seconds, generate)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=2, help="for generation")
    a = parser.parse_args()
    codec = codec_of(a.model)
    encode, decode = time_codec(codec, 60, 1)
    print(f"encode {encode:.0f}x, decode {decode:.0f}x real time on 1 thread")
    for files in (20, 100, 500):
        factor = time_generation(codec, files, 12, a.threads)
        print(f"generate, prior for up to {files} files: {factor:.1f}x real time on {a.threads} threads")
