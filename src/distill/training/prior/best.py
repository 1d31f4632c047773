"""The best weights of a prior training so far, as a model that generates."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from distill.models.persistence import LoadedVQModel
from distill.models.prior_metadata import PriorMetadata
from distill.training.prior.metadata import corpus_part, index_corpus
from distill.training.prior.progress import PriorProgress
from distill.training.prior.setup import PriorSetup


@dataclass(frozen=True)
class BestEpoch:
    """An epoch that is better than all before it.

    Attributes:
        epoch: Its number.
        elapsed_s: Seconds of training so far, earlier runs included.
        make_model: Makes a model of its weights, a copy: the first one takes seconds.
    """

    epoch: int
    elapsed_s: float
    make_model: Callable[[], LoadedVQModel]


BestCallback = Callable[[BestEpoch], None]


class BestPrior:
    """Makes models of weights of a training.

    Args:
        setup: The parts of the training.
    """

    def __init__(self, setup: PriorSetup) -> None:
        self.setup = setup

    def model(self, weights: dict[str, Tensor]) -> LoadedVQModel:
        """A model whose prior has these weights; the prior in training stays as it is."""
        prior = deepcopy(self.setup.prior)
        prior.load_state_dict(weights)
        entries = self.corpus_part().corpus_entries()
        return replace(self.setup.loaded, prior=prior.eval(), prior_metadata=entries)

    def corpus_part(self) -> PriorMetadata:
        """The part of the corpus that generation needs."""
        return corpus_part(self.setup, self._copy_index)

    @cached_property
    def _copy_index(self) -> dict[str, Any]:
        # Cached: decoding the passages takes seconds.
        setup = self.setup
        return index_corpus(
            setup.loaded,
            setup.material,
            setup.codes.held_out,
            setup.offsets,
            bool(setup.parent_hash),
        )


def show_best(callback: BestCallback, best: BestPrior, progress: PriorProgress) -> None:
    """Call `callback` with the epoch just done, which is the best so far."""
    weights = progress.best_weights
    assert weights is not None
    epoch = BestEpoch(
        epoch=progress.epoch,
        elapsed_s=progress.elapsed_s,
        make_model=lambda: best.model(weights),
    )
    device = best.setup.prior.start.device
    # Dropout and hidden frames are drawn from the global generators: they go on as if nothing had
    # been drawn between.
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        callback(epoch)
