"""Speed of encode, decode, generate and stream, in seconds of sound per second of work.

    python -m benchmarks.speed.inference [MODEL.sda] --threads 2

Without a model: an untrained codec of the default size. Takes about 5 minutes on 2 threads.

Generation runs as a user's does: from the prompt to the finished sound and its copy report on ten
minutes of corpus. The priors are untrained, of the three sizes that `train-prior` chooses from:
weights do not change the work. Each figure is the median of three runs after a warm-up. Work on
one thread is timed by the processor, so that other work on the machine does not count; work on
several threads by the wall clock.
"""

import argparse
import time
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

import distill
from benchmarks.common import parser_of, run_main
from benchmarks.timing import (
    RECORDING_FRAMES,
    RECORDINGS,
    TIERS,
    load_or_untrained,
    median_s,
    realtime_factor,
    untrained_prior,
)
from distill.device import prepare
from distill.inference.codes.decode import decode_sound
from distill.inference.codes.encode import encode_sound
from distill.inference.copies.index import CorpusSound, build_copy_index
from distill.models.persistence import LoadedVQModel
from distill.models.prior_metadata import PriorMetadata, Recording
from distill.settings import SAMPLE_RATE
from distill.training.prior_config import PriorConfig

CODEC_S = 60.0
"""Seconds of noise that are encoded and decoded."""

NOISE_LEVEL = 0.1
"""RMS of that noise: -20 dBFS."""

GENERATED_S = 12.0
"""Seconds of each generated sound, as in `distill generate` without `--duration`."""

SOUNDS = 8
"""Sounds generated at once."""


def time_codec(
    loaded: LoadedVQModel,
    seconds: float,
    threads: int,
) -> tuple[float, float]:
    """Speeds of encoding and of decoding `seconds` of noise. Sets the threads of the process."""
    prepare(threads)
    shape = (loaded.model.channels, round(seconds * SAMPLE_RATE))
    noise = NOISE_LEVEL * np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    grid = encode_sound(loaded, noise)
    encode_x = realtime_factor(seconds, lambda: encode_sound(loaded, noise), threads)
    decode_x = realtime_factor(seconds, lambda: decode_sound(loaded, grid), threads)
    return encode_x, decode_x


@torch.inference_mode()
def random_prior_metadata(loaded: LoadedVQModel) -> dict[str, Any]:
    """Metadata of a prior for ten minutes of corpus, with random codes."""
    codec = loaded.model
    encodings = PriorConfig().encodings
    shape = (RECORDINGS, encodings, RECORDING_FRAMES, codec.num_quantizers)
    codes = torch.randint(codec.codebook_size, shape, generator=torch.Generator().manual_seed(0))
    sounds = [
        CorpusSound(
            name=f"{i}.wav",
            start_s=0.0,
            codes=list(own_codes),
            leads_s=[0.0] * encodings,
        )
        for i, own_codes in enumerate(codes)
    ]
    recordings = [Recording(name=s.name, codes=s.codes[0], whole=True) for s in sounds]
    metadata = PriorMetadata(
        recordings=recordings,
        copy_index=build_copy_index(codec, sounds, held_out=[]),
    )
    return metadata.to_dict()


@dataclass(frozen=True)
class GenerationSpeed:
    """Speeds of one size of prior.

    Attributes:
        single_x: Seconds of sound per second of time, one sound.
        several_x: The same over eight sounds at once.
        first_block_s: Seconds until a stream yields its first block.
    """

    single_x: float
    several_x: float
    first_block_s: float


def time_generation(
    loaded: LoadedVQModel,
    seconds: float,
    threads: int,
) -> GenerationSpeed:
    """Time a model with a prior.

    Args:
        loaded: The model.
        seconds: Seconds of each sound.
        threads: Threads of the process.
    """
    prepare(threads)

    def generate(sounds: int) -> None:
        distill.generate(loaded, seconds, count=sounds)

    seeds = count()
    return GenerationSpeed(
        single_x=realtime_factor(seconds, lambda: generate(1), threads),
        several_x=realtime_factor(SOUNDS * seconds, lambda: generate(SOUNDS), threads),
        # Without a warm-up: the first stream of a process is the one that a user waits for.
        first_block_s=median_s(
            lambda: next(distill.stream(loaded, next(seeds))),
            clock=time.perf_counter,
            warm_up=False,
        ),
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = parser_of(__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument(
        "--threads",
        type=int,
        default=2,
        help="for generation",
    )
    parser.add_argument(
        "--files",
        type=int,
        nargs="+",
        default=list(TIERS),
        help="sizes of prior",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=GENERATED_S,
        help="of each sound",
    )
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    loaded = load_or_untrained(args.model)
    encode_x, decode_x = time_codec(loaded, CODEC_S, 1)
    print(f"encode {encode_x:.0f}x, decode {decode_x:.0f}x real time on 1 thread", flush=True)
    metadata = random_prior_metadata(loaded)
    codec = loaded.model
    for files in args.files:
        prior = untrained_prior(codec.rvq.codebooks, codec.frame_rate, files)
        with_prior = replace(loaded, prior=prior, prior_metadata=metadata)
        speed = time_generation(with_prior, args.seconds, args.threads)
        print(f"Prior for up to {files} files, on {args.threads} threads:")
        print(f"    generate one sound: {speed.single_x:.1f}x real time")
        print(f"    generate {SOUNDS} sounds at once: {speed.several_x:.1f}x")
        print(f"    first block of a stream after {speed.first_block_s:.2f} s", flush=True)


if __name__ == "__main__":
    run_main(main)
