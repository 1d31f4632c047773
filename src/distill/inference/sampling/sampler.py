"""Sampling of one code from logits."""

from collections.abc import Sequence

import torch
from torch import Tensor

from distill.inference.sampling.settings import Sampling

GREEDY_BELOW = 1e-3
"""Temperatures below this take the likeliest code."""

Chance = torch.Generator | Sequence[torch.Generator]
"""What draws for all streams of a batch, or one for each: then a stream is the same whatever is
beside it."""


def sample(logits: Tensor, sampling: Sampling, generator: Chance) -> Tensor:
    """One index `[B]` for each row of `logits` `[B, K]`.

    Top-p keeps the smallest set of likeliest entries that holds `top_p` of the probability
    (Holtzman et al. 2020). Draws by inverting the cumulative distribution, on the CPU: the same
    seed gives the same draw everywhere.
    """
    logits = logits.detach().float().cpu()
    if sampling.temperature < GREEDY_BELOW:
        return logits.argmax(-1)
    ordered, index = logits.sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        ordered = ordered[:, : sampling.top_k]
    # Relative to the likeliest, so that no temperature, however low, overflows.
    share = ((ordered - ordered[:, :1]) / sampling.temperature).softmax(-1)
    before = share.cumsum(-1) - share
    share = share * (before < sampling.top_p)
    # float64, so that rounding of the running sum never lets a draw fall past the last entry kept.
    edges = share.double().cumsum(-1)
    chosen = (edges <= _uniform(len(logits), generator) * edges[:, -1:]).sum(-1, keepdim=True)
    return index.gather(1, chosen)[:, 0]


def _uniform(streams: int, generator: Chance) -> Tensor:
    """A number `[B, 1]` between 0 and 1 for each of the streams."""
    if isinstance(generator, torch.Generator):
        return torch.rand(streams, 1, generator=generator, dtype=torch.float64)
    return torch.cat([torch.rand(1, 1, generator=own, dtype=torch.float64) for own in generator])


def _toss(logits: Tensor, sampling: Sampling, generator: Chance) -> Tensor:
    """True `[B]` by chance, as `logits` `[B]` have it: a cut would make rare endings rarer
    still."""
    if sampling.temperature < GREEDY_BELOW:
        return logits > 0
    chance = logits.detach().double().cpu().sigmoid()
    return (_uniform(len(logits), generator)[:, 0] < chance).to(logits.device)
