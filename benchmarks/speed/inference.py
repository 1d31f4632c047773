"""Speed as audio seconds per second of work: encode and decode (1 thread), generate at every size
tier (2 threads).

    python benchmarks/speed.py [MODEL.sda]      # without a model, an untrained codec of the default
    size

Generation runs as a user's does, from the recording that is heard first to the finished sound and
to what it copies of ten minutes of corpus, with untrained priors of the three sizes that
`train-prior` chooses from, pointer included: weights do not change the work. Every figure is the
median of three runs after one warm-up. What one thread does is timed by the processor, so that
other work on the machine does not count; what several do, by the clock on the wall.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import distill
from distill.device import prepare
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.encode import encode_sound
from distill.inference.copies.index import CorpusSound, copy_index
from distill.models.frame_memory import memory_width
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig
from distill.training.prior_config import PriorConfig, get_adaptive_prior_config

SEVERAL = 8
RECORDINGS, RECORDING_FRAMES = 60, 470
"""Ten minutes in pieces of ten seconds."""


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
        return distill.load(path, "cpu")
    frames = RECORDINGS * RECORDING_FRAMES
    memory = {"memory_frames": frames, "memory_width": memory_width(frames)}
    codec = VQVAE(**VQVAEConfig().model_arguments(SAMPLE_RATE), **memory).eval()
    return LoadedVQModel(codec, codec.config, {}, Path("untrained.sda"))


def time_codec(model: LoadedVQModel, seconds: float, threads: int) -> tuple[float, float]:
    prepare(threads)
    shape = model.model.channels, round(seconds * SAMPLE_RATE)
    noise = 0.1 * np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    codes = encode_sound(model, noise)
    encode = realtime(seconds, lambda: encode_sound(model, noise), threads)
    return encode, realtime(seconds, lambda: decode_sound(model, codes), threads)


def untrained_prior(model: LoadedVQModel, files: int) -> CodePrior:
    """As `train-prior` builds it for so many files."""
    config, codec = get_adaptive_prior_config(files), model.model
    Q, K, D = codec.rvq.codebooks.shape
    context = round(config.context_s * codec.frame_rate) * Q
    sizes = config.hidden_size, config.num_layers, config.num_heads
    prior = CodePrior(K, context, Q, *sizes, latent_dim=D, hears_ahead=True, ends_first=True).eval()
    assert prior.pointer is not None
    prior.pointer.set_entries(codec.rvq.codebooks)
    return prior


@torch.inference_mode()
def random_corpus(model: LoadedVQModel) -> dict[str, Any]:
    """What a file keeps of ten minutes of corpus, in as many encodings as training makes, of random
    codes."""
    codec, encodings = model.model, PriorConfig().encodings
    shape = RECORDINGS, encodings, RECORDING_FRAMES, codec.num_quantizers
    codes = torch.randint(codec.codebook_size, shape, generator=torch.Generator().manual_seed(0))
    heard = [
        CorpusSound(f"{i}.wav", 0.0, list(versions), [0.0] * encodings)
        for i, versions in enumerate(codes)
    ]
    recordings = [{"name": h.name, "codes": h.codes[0], "whole": True} for h in heard]
    return {"recordings": recordings, "copy_index": copy_index(codec, heard, [])}


def time_generation(
    model: LoadedVQModel,
    corpus: dict[str, Any],
    files: int,
    seconds: float,
    threads: int,
    count: int = 1,
) -> float:
    """Of so many sounds, all that is made of them counted."""
    prepare(threads)
    with_prior = replace(model, prior=untrained_prior(model, files), prior_metadata=corpus)
    return realtime(
        count * seconds, lambda: distill.generate(with_prior, seconds, count=count), threads
    )


def first_sound_s(
    model: LoadedVQModel, corpus: dict[str, Any], files: int, threads: int, runs: int = 3
) -> float:
    """Seconds until a stream gives its first block; the median of some, the first of all
    included."""
    prepare(threads)
    with_prior = replace(model, prior=untrained_prior(model, files), prior_metadata=corpus)
    times = []
    for seed in range(runs):
        began = time.perf_counter()
        next(distill.stream(with_prior, seed))
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=2, help="for generation")
    a = parser.parse_args()
    loaded = model_of(a.model)
    encode_x, decode_x = time_codec(loaded, 60, 1)
    print(f"encode {encode_x:.0f}x, decode {decode_x:.0f}x real time on 1 thread")
    kept = random_corpus(loaded)
    for file_count in (20, 100, 500):
        factor = time_generation(loaded, kept, file_count, 12, a.threads)
        several = time_generation(loaded, kept, file_count, 12, a.threads, SEVERAL)
        first = first_sound_s(loaded, kept, file_count, a.threads)
        print(
            f"generate, prior for up to {file_count} files: {factor:.1f}x real time on {a.threads} threads"
        )
        print(f"    {SEVERAL} sounds at once, finished: {several:.1f}x")
        print(f"    first sound of a stream after {first:.2f} s")
