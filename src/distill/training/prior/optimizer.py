"""AdamW for the prior, in three groups: the network, its heads for finer levels, and the pointer's
few numbers; and how fast they move."""

import math

import torch
from torch import nn

from distill.models.prior import CodePrior

POINTER_RATE = 20.0
"""Learning rate of the pointer relative to the network's: it has a hundred numbers a level, and far
to go."""

FINE_RATE = 0.1
"""Likewise of the heads of all levels but the first: of little sound they learn by heart within an
epoch what holds for no other, while the first level, which the others are drawn after, still
gains."""

WARMUP_STEPS = 30
FINAL_RATE = 0.1


def prior_optimizer(
    prior: CodePrior, learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """Each group's rate is `scale` times `learning_rate`. The pointer moves faster, and nothing
    draws it to zero."""
    groups: dict[str, list[nn.Parameter]] = {"network": [], "fine": [], "pointer": []}
    for name, parameter in prior.named_parameters():
        groups[_group_of(name)].append(parameter)
    settings = {
        "network": {"scale": 1.0, "weight_decay": weight_decay},
        "fine": {"scale": FINE_RATE, "weight_decay": weight_decay},
        "pointer": {"scale": POINTER_RATE, "weight_decay": 0.0},
    }
    some = [
        {"params": parameters} | settings[name] for name, parameters in groups.items() if parameters
    ]
    return torch.optim.AdamW(some, lr=learning_rate, betas=(0.9, 0.98))


def _group_of(name: str) -> str:
    if name.startswith("pointer."):
        return "pointer"
    return "fine" if name.startswith("heads.") and not name.startswith("heads.0.") else "network"


def rate_at(highest: float, step: int, progress: float) -> float:
    """The learning rate: linear warm-up over the first steps, then a cosine down to a tenth at
    `progress` 1."""
    decay = FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return highest * min(1.0, (step + 1) / WARMUP_STEPS) * decay


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its part of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = group["scale"] * rate
