"""Progress of a prior training."""

import math
from typing import Any

import pytest
import torch

from distill.training.prior.progress import PriorProgress
from tests.models.priors import lively


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


def test_an_epoch_has_the_mean_loss_of_its_steps() -> None:
    progress = PriorProgress(step=3, epoch_losses=[4.0, 2.0, 3.0])
    assert progress.place == "step 3 of epoch 1"
    progress.end_epoch(2.0, [1.0, 3.0], lively())
    assert progress.history[0] == {
        "epoch": 1,
        "train_loss": 3.0,
        "own_loss": 2.0,
        "val_loss": 2.0,
        "level_losses": [1.0, 3.0],
    }
    assert progress.epoch_losses == []
    assert progress.place == "epoch 1"


def test_its_state_holds_the_same_tensors() -> None:
    weights = {"a": torch.arange(3)}
    progress = PriorProgress(epoch=2, best_weights=weights, warnings=["Epoch 1: low."])
    state = progress.state()
    assert state["best_weights"] is weights
    assert PriorProgress(**state) == progress


HISTORY = [{"epoch": i, "val_loss": 2.0, "level_losses": [2.0]} for i in (1, 2)]
WEIGHTS = {"a": torch.arange(3)}


@pytest.mark.parametrize(
    "progress",
    [
        PriorProgress(),
        PriorProgress(step=7, elapsed_s=2.5),
        PriorProgress(step=2, epoch_losses=[3.0, 2.5]),
        PriorProgress(epoch=2, since_best=1, history=HISTORY, best_weights=WEIGHTS),
    ],
)
def test_counters_of_a_run_fit(progress: PriorProgress) -> None:
    progress.check()


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 3},
        {"epoch": -2},
        {"epoch": 10**400},
        {"since_best": 2},
        {"since_best": -1},
        {"since_best": 2**62},
        {"history": []},
        {"best_weights": None},
        {"step": -1},
        {"step": 1, "epoch_losses": [3.0, 2.5]},
        {"elapsed_s": math.nan},
        {"elapsed_s": math.inf},
    ],
)
def test_counters_that_no_run_leaves_are_refused(change: dict[str, Any]) -> None:
    fields = {"epoch": 2, "since_best": 1, "history": HISTORY, "best_weights": WEIGHTS}
    with pytest.raises(ValueError, match="counters"):
        PriorProgress(**fields | change).check()
