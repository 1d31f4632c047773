"""An epoch of prior training, and its validation."""

import math

import numpy as np
import pytest
import torch

from distill.errors import DivergedError
from distill.models.prior import CodePrior
from distill.training.prior.data import draw_batch
from distill.training.prior.epoch import level_losses, train_prior_epoch, validate_prior_epoch
from distill.training.prior.streams import Stream, concatenate, split_stream, stack

CPU = torch.device("cpu")


def small_prior() -> CodePrior:
    torch.manual_seed(0)
    return CodePrior(8, 32, 2, hidden_size=32, num_layers=1, num_heads=2, dropout=0.0)


def batches_of(stream: Stream, count: int) -> list[Stream]:
    rng = np.random.default_rng(0)
    return [stack(draw_batch(stream, 4, 16, rng), CPU) for _ in range(count)]


def test_an_epoch_lowers_the_loss_and_perplexity_is_its_exponential() -> None:
    prior = small_prior()
    frames = torch.arange(24)
    pattern = torch.stack([frames % 8, frames % 3], 1)
    stream = concatenate([pattern, pattern.clone()], [0, 1])
    pieces = split_stream(stream, 16)
    before, _ = validate_prior_epoch(prior, pieces)
    train_prior_epoch(prior, torch.optim.Adam(prior.parameters(), 1e-2), batches_of(stream, 40))
    after, perplexity = validate_prior_epoch(prior, pieces)
    assert after < 0.5 * before
    assert perplexity == pytest.approx(math.exp(after))


def test_levels_are_judged_apart() -> None:
    """The second level never changes, and is soon learned."""
    prior = small_prior()
    codes = torch.randint(8, (60, 2))
    codes[:, 1] = 3
    stream = concatenate([codes], [0])
    train_prior_epoch(prior, torch.optim.Adam(prior.parameters(), 1e-2), batches_of(stream, 30))
    pieces = split_stream(stream, 16)
    first, second = level_losses(prior, pieces)
    assert second < 0.1 < first
    assert validate_prior_epoch(prior, pieces)[0] == pytest.approx((first + second) / 2)


def test_the_epoch_ends_after_the_step_that_says_so() -> None:
    prior = small_prior()
    stream = concatenate([torch.randint(8, (60, 2))], [0])
    losses: list[float] = []

    def after_step(loss: float) -> bool:
        losses.append(loss)
        return len(losses) == 3

    optimizer = torch.optim.Adam(prior.parameters(), 1e-3)
    mean = train_prior_epoch(prior, optimizer, batches_of(stream, 9), after_step=after_step)
    assert len(losses) == 3
    assert mean == pytest.approx(sum(losses) / 3)


def test_a_loss_that_is_no_number_ends_training() -> None:
    prior = small_prior()
    stream = concatenate([torch.randint(8, (60, 2))], [0])
    with torch.no_grad():
        prior.start.fill_(torch.nan)
    optimizer = torch.optim.Adam(prior.parameters(), 1e-3)
    with pytest.raises(DivergedError, match="lower learning rate"):
        train_prior_epoch(prior, optimizer, batches_of(stream, 2))
