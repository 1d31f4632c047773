"""Optimiser of the prior: AdamW in three groups, and the learning rate schedule.

The groups are the network, its heads for finer levels, and the few numbers of the pointer.
"""

import math

import torch
from torch import nn

from distill.models.prior import CodePrior

# Learning rate of the pointer relative to the network's: it has about a hundred numbers a level,
# which have far to go.
POINTER_RATE = 20.0

# Learning rate of the heads of all levels but the first, relative to the network's. On little sound
# they would memorise within an epoch, while the first level, which the others depend on, still
# gains.
FINE_RATE = 0.1

# Steps with a rising learning rate.
WARMUP_STEPS = 30

# Learning rate at the end, relative to the highest.
FINAL_RATE = 0.1

# Decay rates of AdamW's two moments: the second is short, for short trainings.
ADAMW_BETAS = (0.9, 0.98)


def prior_optimizer(
    prior: CodePrior, learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """The optimiser of a prior's parameters.

    Each group has a `scale`, its factor of the learning rate. The pointer does not decay: nothing
    should draw it towards zero.

    Args:
        prior: Its parameters are optimised.
        learning_rate: Of the network.
        weight_decay: Of network and heads.
    """
    parameters: dict[str, list[nn.Parameter]] = {"network": [], "fine": [], "pointer": []}
    for name, parameter in prior.named_parameters():
        parameters[_group_of(name)].append(parameter)

    settings = {
        "network": {"scale": 1.0, "weight_decay": weight_decay},
        "fine": {"scale": FINE_RATE, "weight_decay": weight_decay},
        "pointer": {"scale": POINTER_RATE, "weight_decay": 0.0},
    }
    groups = [
        {"params": members} | settings[name] for name, members in parameters.items() if members
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=ADAMW_BETAS)


def _group_of(name: str) -> str:
    """Group of the parameter of that name."""
    if name.startswith("pointer."):
        return "pointer"
    is_fine_head = name.startswith("heads.") and not name.startswith("heads.0.")
    return "fine" if is_fine_head else "network"


def learning_rate_at(highest: float, step: int, progress: float) -> float:
    """The learning rate: linear warm-up, then a cosine down to a tenth.

    Args:
        highest: Learning rate after the warm-up.
        step: Steps done.
        progress: 0 at the start, 1 at the end of training.
    """
    warm_up = min(1.0, (step + 1) / WARMUP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    decay = FINAL_RATE + (1 - FINAL_RATE) * cosine
    return highest * warm_up * decay


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of every group: `rate` times its `scale`."""
    for group in optimizer.param_groups:
        group["lr"] = group["scale"] * rate
