"""Speed of sampling: seconds of codes that an untrained prior draws per second of time.

    python -m benchmarks.speed.sampling --threads 2

Draws one stream and eight at once, by priors of the three sizes that `train-prior` chooses from,
once the context is full. Takes about 2 minutes on 2 threads.
"""

import argparse

import torch

from benchmarks.common import parser_of, run_main
from benchmarks.timing import TIERS, untrained_pace, untrained_prior
from distill.device import prepare
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig

FRAME_RATE = SAMPLE_RATE / 1024
"""Code frames a second of a codec of the default size, in Hz."""

LATENT_DIM = 64
"""Dimensions of a codec's latents; they cost next to nothing."""

STREAMS = 8
"""Streams drawn at once, as many as `distill generate -n 8` does."""


def draw_speed(
    files: int,
    streams: int,
    levels: int,
    size: int,
    seconds: float = 6.0,
) -> float:
    """Seconds of codes per second of time, over all streams.

    Args:
        files: Files of the corpus, which choose the size of the prior.
        streams: Sounds drawn at once.
        levels: Quantiser levels.
        size: Codebook entries of a level.
        seconds: Seconds of codes to time.
    """
    codebooks = torch.randn(levels, size, LATENT_DIM)
    prior = untrained_prior(codebooks, FRAME_RATE, files)
    return untrained_pace(prior, FRAME_RATE, streams, seconds, torch.device("cpu"))


def measure(
    levels: int,
    size: int,
    threads: int,
) -> list[dict[str, float]]:
    """Print and return the speeds of each size of prior, for one stream and for eight."""
    prepare(threads)
    speeds: list[dict[str, float]] = []
    for files in TIERS:
        single = draw_speed(files, 1, levels, size)
        several = draw_speed(files, STREAMS, levels, size)
        speeds.append({"files": files, "one": single, "eight": several})
        print(
            f"Codes, prior for up to {files} files: {single:.1f}x real time, "
            f"{several:.1f}x for {STREAMS} at once",
            flush=True,
        )
    return speeds


def arguments() -> argparse.Namespace:
    """The command line."""
    defaults = VQVAEConfig()
    parser = parser_of(__doc__)
    parser.add_argument("--levels", type=int, default=defaults.num_quantizers)
    parser.add_argument("--codebook-size", type=int, default=defaults.codebook_size)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    args = arguments()
    measure(args.levels, args.codebook_size, args.threads)


if __name__ == "__main__":
    run_main(main)
