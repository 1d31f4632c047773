"""How fast codes are drawn, untrained, once the context is full.

The prior draws as `generate` has it, the finer codes from ten minutes of recordings; the networks
beside it draw every level.
"""

import statistics
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch

from benchmarks.prior import rivals
from benchmarks.prior.flat import FlatPrior
from distill.device import prepare
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.inference.sampling.unit_selection import build_frame_bank
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording
from distill.settings import SAMPLE_RATE
from distill.training.prior.data import context_frames
from distill.training.prior_config import get_adaptive_prior_config

TIERS = (20, 100, 500)
CORPUS_S = 600.0
"""Of recordings that finer codes are taken from."""
FRAME_RATE = SAMPLE_RATE / 1024


def pace(drawn: Iterator[Any], context: int, seconds: float) -> float:
    """Seconds of codes that each stream of `drawn`, frame by frame, gives per second of time."""
    # What comes first is drawn faster, having less to look back on.
    list(islice(drawn, context))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        list(islice(drawn, round(seconds / 3 * FRAME_RATE)))
        times.append(time.perf_counter() - began)
    return seconds / 3 / statistics.median(times)


def prior_speed(files: int, streams: int, levels: int, size: int, seconds: float = 6.0) -> float:
    """Seconds of codes drawn per second of time, over all streams, by an untrained prior for so
    many files."""
    config = get_adaptive_prior_config(files)
    context = context_frames(config, FRAME_RATE)
    sizes = config.hidden_size, config.num_layers, config.num_heads
    prior = CodePrior(size, context * levels, levels, *sizes, latent_dim=64, ends_first=True).eval()
    codes = torch.randint(size, (round(CORPUS_S * FRAME_RATE), levels))
    recording = Recording(name="", codes=codes, whole=True)
    units = build_frame_bank(prior, [recording], Sampling.free_levels)
    conditions = Conditions(frame_bank=units)
    drawn = draw_frames(prior, streams, Sampling(), torch.Generator().manual_seed(0), conditions)
    return streams * pace(drawn, context, seconds)


def rival_speeds(files: int, levels: int, size: int, seconds: float = 3.0) -> dict[str, float]:
    """Likewise, of one stream of each of the rivals."""
    config, generator = get_adaptive_prior_config(files), torch.Generator().manual_seed(0)
    context = context_frames(config, FRAME_RATE)
    networks = {
        name: build(size, levels, context, config).eval() for name, build in rivals.BUILDS.items()
    }
    drawn = {
        name: network.drawn(Sampling(), generator)
        if isinstance(network, FlatPrior)
        else draw_frames(network, 1, Sampling(), generator)
        for name, network in networks.items()
    }
    return {name: pace(frames, context, seconds) for name, frames in drawn.items()}


def measure(levels: int, size: int, threads: int) -> list[dict[str, float]]:
    """Of each size of prior: of one stream, of eight at once, and of its rivals."""
    prepare(threads)
    found = []
    for files in TIERS:
        one, eight = (prior_speed(files, n, levels, size) for n in (1, 8))
        found.append(
            {"files": files, "one": one, "eight": eight} | rival_speeds(files, levels, size)
        )
        others = ", ".join(f"{name} {found[-1][name]:.1f}x" for name in rivals.BUILDS)
        print(
            f"Codes, prior for up to {files} files: {one:.1f}x real time, {eight:.1f}x for eight at once ({others})"
        )
    return found
