"""Running average of a network's weights.

Until the learning rate has come down, the average is better than the weights themselves. Power
profile of Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models",
section 3.1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# Steps between two updates. Every eighth step costs half a percent of the time, and gives the same
# average.
UPDATE_EVERY = 8

# Up to this step, every step updates: of so few, each one counts.
EVERY_STEP_UNTIL = 64

# Exponent of the power profile: the average reaches back over about a twentieth of the training.
POWER = 17


class WeightAverage:
    """Average of a network's parameters over its training so far; later steps weigh more.

    The weights after step `s` count `s ** POWER` times. The average so reaches back over the same
    share of the training, however long that is. Buffers are not averaged: analysis and codebooks
    are settled before the first step.

    Args:
        model: The network; its present weights are the first average.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.step = 0
        self.weights = _copy_weights(model)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the present weights, those after `step` steps (from 1), if it is their turn."""
        if step > EVERY_STEP_UNTIL and step % UPDATE_EVERY:
            return

        # All steps since the last update count as this one.
        past_share = (self.step / step) ** (POWER + 1)
        for name, parameter in self.model.named_parameters():
            self.weights[name].lerp_(parameter, 1 - past_share)
        self.step = step

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Within the context, the network has the average for weights."""
        own = _copy_weights(self.model)
        self._load(self.weights)
        try:
            yield
        finally:
            self._load(own)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"step": self.step, "weights": self.weights}

    @torch.no_grad()
    def restore(self, state: dict[str, Any], step: int) -> None:
        """Continue from a `state` of a training after `step` steps.

        Raises:
            ValueError: If it is an average over more steps.
        """
        if not 0 <= state["step"] <= step:
            raise ValueError(f"an average over {state['step']} of {step} steps")
        self.step = state["step"]
        for name, weight in self.weights.items():
            weight.copy_(state["weights"][name])

    @torch.no_grad()
    def _load(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.copy_(weights[name])


def _copy_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
