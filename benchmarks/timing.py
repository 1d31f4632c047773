"""Library of the speed benchmarks: one timer, and models without training to time.

Weights do not change the work, so that an untrained model is as fast as a trained one.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import distill
from distill.inference.events.bank import build_event_bank
from distill.inference.sampling.conditions import Conditions
from distill.inference.sampling.draw import draw_frames
from distill.inference.sampling.settings import Sampling
from distill.models.frame_memory import memory_width
from distill.models.persistence import LoadedVQModel
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording
from distill.models.vqvae import VQVAE
from distill.settings import SAMPLE_RATE
from distill.training.config import VQVAEConfig
from distill.training.prior.data import context_frames
from distill.training.prior_config import get_adaptive_prior_config

TIERS = (20, 100, 500)
"""Files of a corpus for each of the three sizes of prior that `train-prior` chooses from."""

RECORDINGS = 60
"""Recordings of the corpus beside an untrained model: ten minutes in all."""

RECORDING_FRAMES = 470
"""Code frames of each recording, about 10 s."""

TIMED_PARTS = 3
"""Stretches of a drawn sound that are timed, for the median."""


def median_s(
    work: Callable[[], object],
    runs: int = 3,
    clock: Callable[[], float] = time.process_time,
    warm_up: bool = True,
) -> float:
    """Median time of `work` in seconds.

    Args:
        work: What to time.
        runs: How often it is timed.
        clock: Processor time, which leaves out other work on the machine, or `time.perf_counter`
            for work on several threads.
        warm_up: Whether to run it once before, untimed.
    """
    if warm_up:
        work()
    times = []
    for _ in range(runs):
        began = clock()
        work()
        times.append(clock() - began)
    return statistics.median(times)


def realtime_factor(
    seconds: float,
    work: Callable[[], object],
    threads: int,
    runs: int = 3,
) -> float:
    """Seconds of sound per second of `work`, which runs on `threads`."""
    clock = time.process_time if threads == 1 else time.perf_counter
    return seconds / median_s(work, runs, clock)


def synchronise(device: torch.device) -> None:
    """Wait until all work handed to `device` is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# --- untrained models -----------------------------------------------------------------------------


def load_or_untrained(path: Path | None) -> LoadedVQModel:
    """The model at `path`, or an untrained codec of the default size with a full frame memory."""
    if path is not None:
        return distill.load(path, "cpu")
    frames = RECORDINGS * RECORDING_FRAMES
    memory = {"memory_frames": frames, "memory_width": memory_width(frames)}
    codec = VQVAE(**VQVAEConfig().model_arguments(SAMPLE_RATE), **memory).eval()
    return LoadedVQModel(model=codec, config=codec.config, metadata={}, path=Path("untrained.sda"))


def untrained_prior(
    codebooks: Tensor,
    frame_rate: float,
    files: int,
) -> CodePrior:
    """A prior as `train-prior` builds it.

    Args:
        codebooks: Codebooks of the codec `[Q, K, D]`.
        frame_rate: Code frames a second.
        files: Files of the corpus, which choose the size.
    """
    config = get_adaptive_prior_config(files)
    Q, K, D = codebooks.shape
    prior = CodePrior(
        K,
        context_frames(config, frame_rate) * Q,
        Q,
        config.hidden_size,
        config.num_layers,
        config.num_heads,
        latent_dim=D,
        hears_ahead=True,
        ends_first=True,
    ).eval()
    assert prior.pointer is not None
    prior.pointer.set_entries(codebooks)
    return prior


# --- drawing codes --------------------------------------------------------------------------------


def pace(
    frames: Iterator[Any],
    frame_rate: float,
    context: int,
    seconds: float,
    device: torch.device,
) -> float:
    """Seconds of codes that one stream gives per second of time, once its context is full.

    Args:
        frames: The stream, frame by frame.
        frame_rate: Code frames a second.
        context: Frames of the context. They are drawn first, since an empty context is faster.
        seconds: Seconds of codes to time.
        device: Where the codes are drawn.
    """
    list(islice(frames, context))
    synchronise(device)
    part = max(1, round(seconds / TIMED_PARTS * frame_rate))

    def draw_part() -> None:
        list(islice(frames, part))
        synchronise(device)

    took_s = median_s(draw_part, TIMED_PARTS, time.perf_counter, warm_up=False)
    return part / frame_rate / took_s


def untrained_pace(
    prior: CodePrior,
    frame_rate: float,
    streams: int,
    seconds: float,
    device: torch.device,
) -> float:
    """Seconds of codes per second of time over all streams of an untrained prior.

    Events come from ten minutes of recordings, as in `distill generate`. Codes are random there, so
    that events are as short as they may be.
    """
    shape = (RECORDINGS * RECORDING_FRAMES, prior.num_quantizers)
    codes = torch.randint(prior.codebook_size, shape)
    recording = Recording(
        name="",
        codes=codes,
        whole=True,
    )
    bank = build_event_bank(_codec_of(prior), [recording])
    generator = torch.Generator().manual_seed(0)
    conditions = Conditions(event_bank=bank)
    frames = draw_frames(prior, streams, Sampling(), generator, conditions)
    return streams * pace(frames, frame_rate, prior.window, seconds, device)


def _codec_of(prior: CodePrior) -> VQVAE:
    """An untrained codec with the codebooks of an untrained prior."""
    assert prior.pointer is not None
    Q, K, D = prior.pointer.entries.shape
    codec = VQVAE(
        SAMPLE_RATE,
        codebook_size=K,
        num_quantizers=Q,
        latent_dim=D,
        hidden_size=32,
        decoder_layers=1,
    ).eval()
    codec.rvq.codebooks.copy_(prior.pointer.entries)
    # Any directions will do: the spectra are as random as the codes.
    codec.analysis.basis.copy_(torch.linalg.qr(torch.randn_like(codec.analysis.basis)).Q)
    return codec.to(prior.start.device)
