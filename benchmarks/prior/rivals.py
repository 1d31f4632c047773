"""Trains other networks than the prior as `train-prior` trains that: on the same codes in the same
batches, with the same masking, learning rate and weight average, judged each epoch on what is held
out, until that gets no better or the time is over; the best averaged weights stay. They learn
nothing else than what follows: no gaps to fill, nothing to point at.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.prior.flat import FlatPrior
from distill.device import gains_by_bfloat16
from distill.models.prior import CodePrior
from distill.training.prior.data import (
    PriorCodes,
    batch_shapes,
    context_frames,
    draw_batches,
    judged_pieces,
    stack,
)
from distill.training.prior.epoch import train_prior_epoch, validate_prior_epoch
from distill.training.prior.optimizer import prior_optimizer, rate_at, set_rate
from distill.training.prior.streams import Stream
from distill.training.prior_config import PriorConfig
from distill.training.weight_average import WeightAverage

Network = CodePrior | FlatPrior
CPU = torch.device("cpu")


class Trained(NamedTuple):
    """What a training took, judging it included, and the epoch whose weights stay."""

    seconds: float
    epochs: int
    best_epoch: int


def per_frame(
    codebook_size: int, num_quantizers: int, window: int, config: PriorConfig
) -> CodePrior:
    """The prior without its pointer: a backbone that runs once a frame, with a network for each
    level."""
    sizes = config.hidden_size, config.num_layers, config.num_heads
    return CodePrior(codebook_size, window * num_quantizers, num_quantizers, *sizes, config.dropout)


BUILDS = {"flat": FlatPrior, "no pointer": per_frame}
"""The networks, by the names of their rows."""


def train(
    build: Callable[[int, int, int, PriorConfig], Network],
    codes: PriorCodes,
    cut_off: Sequence[bool],
    codebook_size: int,
    config: PriorConfig,
    frame_rate: float,
) -> tuple[Network, Trained]:
    """What `build` builds of codebook size, levels, window and `config`, trained for
    `config.minutes` at most."""
    torch.manual_seed(config.seed)
    context = context_frames(config, frame_rate)
    network = build(codebook_size, codes.train[0][0].shape[1], context, config)
    held_out, _ = judged_pieces(codes, context, frame_rate, config.seed)
    run = _Run(network, codes, cut_off, config, frame_rate)
    best, best_epoch, weights = math.inf, 0, network.state_dict()
    while run.epoch - best_epoch < config.patience and run.progress < 1:
        run.one_epoch()
        with run.average.applied():
            loss, _ = validate_prior_epoch(network, held_out)
            if loss < best:
                best, best_epoch = loss, run.epoch
                weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_state_dict(weights)
    return network.eval(), Trained(run.seconds, run.epoch, best_epoch)


class _Run:
    """The state of one training."""

    def __init__(
        self,
        network: Network,
        codes: PriorCodes,
        cut_off: Sequence[bool],
        config: PriorConfig,
        frame_rate: float,
    ) -> None:
        self.network, self.codes, self.cut_off, self.config = network, codes, cut_off, config
        self.optimizer = prior_optimizer(network, config.learning_rate, config.weight_decay)
        self.average, self.shapes = WeightAverage(network), batch_shapes(config, frame_rate)
        frames = sum(len(versions[0]) for versions in codes.train)
        self.steps = max(math.ceil(frames / math.prod(self.shapes[0])), config.min_steps_per_epoch)
        self.epoch, self.step, self.began = 0, 0, time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    @property
    def progress(self) -> float:
        assert self.config.minutes is not None
        return self.seconds / (60 * self.config.minutes)

    def one_epoch(self) -> None:
        half = gains_by_bfloat16(CPU)
        train_prior_epoch(
            self.network,
            self.optimizer,
            self._batches(),
            self.config.mask_rate,
            half,
            self._after_step,
        )
        self.epoch += 1

    def _batches(self) -> Iterator[Stream]:
        rng = np.random.default_rng([self.config.seed, self.epoch])
        for pieces in draw_batches(self.codes, self.cut_off, self.shapes, self.steps, rng):
            set_rate(self.optimizer, rate_at(self.config.learning_rate, self.step, self.progress))
            yield stack(pieces, CPU)

    def _after_step(self, loss: float) -> bool:
        self.step += 1
        self.average.update(self.step)
        return self.progress >= 1
