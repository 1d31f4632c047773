"""A running average of the weights: better than the weights themselves until the learning rate has
come down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

UPDATE_EVERY = 8
EVERY_STEP_UNTIL = 64
POWER = 17


class WeightAverage:
    """Average of a network's parameters over its training so far, in which later steps weigh more.

    The weights after step s count `s ** POWER` times: the average reaches back over about a
    twentieth of the training, however long that is (Karras et al. 2024, "Analyzing and improving
    the training dynamics of diffusion models", section 3.1). Buffers are not averaged: analysis and
    codebooks are settled before the first step.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model, self.step = model, 0
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after `step` steps (1 or more), if it is their turn."""
        # Every eighth step costs half a percent of the time and changes nothing, once there are
        # many.
        if step > EVERY_STEP_UNTIL and step % UPDATE_EVERY:
            return
        kept = (self.step / step) ** (POWER + 1)
        for name, parameter in self.model.named_parameters():
            self.weights[name].lerp_(parameter, 1 - kept)
        self.step = step

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Gives the network the average for weights while it lasts."""
        own = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self._fill_in(self.weights)
        try:
            yield
        finally:
            self._fill_in(own)

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "weights": self.weights}

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        for name, weight in self.weights.items():
            weight.copy_(state["weights"][name])

    @torch.no_grad()
    def _fill_in(self, weights: dict[str, torch.Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(weights[name])
