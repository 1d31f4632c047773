"""Speed as audio seconds per second of work: encode and decode (1 thread), generate at every size tier (2 threads).

    python benchmarks/speed.py [MODEL.sda]      # without a model, an untrained codec of the default size

Generation runs from the first code to the finished sound, the search through the codes of ten minutes of corpus
included, with untrained priors of the three sizes that `train-prior` chooses from: weights do not change the work.
Every figure is the median of three runs after one warm-up. What one thread does is timed by the processor, so that
other work on the machine does not count; what several do, by the clock on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from distill.device import prepare
from distill.inference.codec import encode_sound
from distill.inference.listening import decode_sound
from distill.library import workflows
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig
from distill.training.prior_config import get_adaptive_prior_config

CORPUS_FRAMES = 8 * 600 * 47


def realtime(seconds: float, work: Callable[[], object], threads: int, runs: int = 3) -> float:
    """Audio seconds per second of `work`, which runs on so many threads."""
    clock = time.process_time if threads == 1 else time.perf_counter
    work()
    times = []
    for _ in range(runs):
        began = clock()
        work()
        times.append(clock() - began)
    return seconds / statistics.median(times)


def model_of(path: Path | None) -> LoadedVQModel:
    if path is not None:
        return workflows.load(path, "cpu")
    codec = VQVAE(**VQVAEConfig().model_arguments(SAMPLE_RATE)).eval()
    return LoadedVQModel(codec, codec.config, {}, Path("untrained.sda"))


def time_codec(model: LoadedVQModel, seconds: float, threads: int) -> tuple[float, float]:
    prepare(threads)
    shape = model.model.channels, round(seconds * SAMPLE_RATE)
    noise = 0.1 * np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    codes = encode_sound(model, noise)
    encode = realtime(seconds, lambda: encode_sound(model, noise), threads)
    return encode, realtime(seconds, lambda: decode_sound(model, codes), threads)


def time_generation(model: LoadedVQModel, files: int, seconds: float, threads: int) -> float:
    prepare(threads)
    config, codec = get_adaptive_prior_config(files), model.model
    K, Q = codec.codebook_size, codec.num_quantizers
    context = round(config.context_s * codec.frame_rate) * Q
    prior = CodePrior(K, context, Q, config.hidden_size, config.num_layers, config.num_heads).eval()
    corpus = {"name": "corpus", "start_s": 0.0, "codes": torch.randint(K, (CORPUS_FRAMES, 2))}
    with_prior = replace(model, prior=prior, prior_metadata={"corpus_codes": [corpus]})
    return realtime(seconds, lambda: workflows.generate(with_prior, seconds), threads)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=2, help="for generation")
    a = parser.parse_args()
    loaded = model_of(a.model)
    encode_x, decode_x = time_codec(loaded, 60, 1)
    print(f"encode {encode_x:.0f}x, decode {decode_x:.0f}x real time on 1 thread")
    for file_count in (20, 100, 500):
        factor = time_generation(loaded, file_count, 12, a.threads)
        print(f"generate, prior for up to {file_count} files: {factor:.1f}x real time on {a.threads} threads")
