"""Progress of a prior training."""

import math

import pytest
import torch

from distill.training.prior.progress import PriorProgress


def test_before_the_first_epoch_nothing_is_known() -> None:
    progress = PriorProgress()
    assert progress.best_level_losses == []
    assert math.isnan(progress.final_perplexity)


def test_the_best_epoch_is_not_the_last_one() -> None:
    history = [
        {"epoch": i, "val_loss": loss, "level_losses": [loss]}
        for i, loss in enumerate((3.0, 2.0, 2.5), 1)
    ]
    progress = PriorProgress(epoch=3, since_best=1, best_loss=2.0, history=history)
    assert progress.best_epoch == 2
    assert progress.best_level_losses == [2.0]
    assert progress.best_perplexity == pytest.approx(math.exp(2.0))
    assert progress.final_perplexity == pytest.approx(math.exp(2.5))


def test_its_state_holds_the_same_tensors() -> None:
    weights = {"a": torch.arange(3)}
    progress = PriorProgress(epoch=2, best_weights=weights, warnings=["Epoch 1: low."])
    state = progress.state()
    assert state["best_weights"] is weights
    assert PriorProgress(**state) == progress
