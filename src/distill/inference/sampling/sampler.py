"""Sampling of one code from logits: a pure function of logits, settings and a generator.

All random numbers are float64 and drawn on the CPU, so that a seed gives the same draw on every
device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from distill.inference.sampling.settings import Sampling

GREEDY_BELOW = 1e-3
"""Temperatures below this take the likeliest code: no division by (nearly) zero."""

Generators = torch.Generator | Sequence[torch.Generator]
"""One generator for all streams of a batch, or one for each. With one for each, a stream is the
same whatever else is in the batch."""


def sample(
    logits: Tensor,
    sampling: Sampling,
    generator: Generators,
) -> Tensor:
    """Draw one code for each stream.

    Top-p keeps the smallest set of likeliest codes that holds `top_p` of the probability (nucleus
    sampling, Holtzman et al. 2020). Draws by inverting the cumulative distribution.

    Args:
        logits: logits `[B, K]`.
        sampling: temperature, `top_k` and `top_p`.
        generator: one for all streams, or one for each.

    Returns:
        Codes `[B]`, on the CPU.

    Example:
        >>> logits = torch.tensor([[0.0, 9.0]])
        >>> sample(logits, Sampling(temperature=0), torch.Generator())
        tensor([1])
    """
    logits = logits.detach().float().cpu()
    if sampling.temperature < GREEDY_BELOW:
        return logits.argmax(-1)

    # Stable, so that equal logits keep their order on every machine.
    values, index = logits.sort(dim=-1, descending=True, stable=True)
    if sampling.top_k:
        values = values[:, : sampling.top_k]
    # Relative to the likeliest, so that no temperature, however low, overflows.
    share = ((values - values[:, :1]) / sampling.temperature).softmax(-1)
    share_before = share.cumsum(-1) - share
    is_kept = share_before < sampling.top_p
    # A `top_p` too small for float32 would keep none.
    is_kept[:, 0] = True
    share = share * is_kept

    # float64, so that rounding of the running sum never lets a draw fall past the last entry.
    edges = share.double().cumsum(-1)
    thresholds = uniform(len(logits), generator) * edges[:, -1:]
    rank = (edges <= thresholds).sum(-1, keepdim=True)
    return index.gather(1, rank)[:, 0]


def uniform(batch_size: int, generator: Generators) -> Tensor:
    """Uniform random numbers `[B, 1]` (float64) between 0 and 1, one for each stream."""
    if isinstance(generator, torch.Generator):
        return torch.rand(batch_size, 1, generator=generator, dtype=torch.float64)
    numbers = [torch.rand(1, 1, generator=own, dtype=torch.float64) for own in generator]
    return torch.cat(numbers)


def sample_bool(
    logits: Tensor,
    sampling: Sampling,
    generator: Generators,
) -> Tensor:
    """Draw true or false `[B]` (bool) from `logits` `[B]`, without cuts: they would make rare
    events rarer still."""
    if sampling.temperature < GREEDY_BELOW:
        return logits > 0
    probability = logits.detach().double().cpu().sigmoid()
    thresholds = uniform(len(logits), generator)[:, 0]
    return (thresholds < probability).to(logits.device)
