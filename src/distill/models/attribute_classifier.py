"""What codes tell of a sound: how loud, bright, noisy it is, how high, how busy, and of which kind.

Rows of traits `[N]` are `D` descriptors between 0 and 1, then the weights of `G` tags, which sum to
1.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear, softplus

WIDTH = 64
RATE = 3e-3
LEAST_SPREAD = 0.05


class Targets(NamedTuple):
    """Traits that are asked for: `values` `[B, T, N]` (or `[1, T, N]`, the same for all streams)
    for each frame, the last for all that follow; NaN leaves one free. `guidance` says how strictly
    they are followed: 0 not at all."""

    values: Tensor
    guidance: float

    def at(self, t: int) -> Tensor:
        """`[B, N]`"""
        return self.values[:, min(t, self.values.shape[1] - 1)]

    def after(self, frames: int) -> "Targets":
        """Without the first `frames`."""
        return self._replace(values=self.values[:, min(frames, self.values.shape[1] - 1) :])


class Prediction(NamedTuple):
    """What a reader makes of codes: `mean`, `spread` (standard deviation) and `present` (logit) of
    each descriptor `[..., D]`; `tags` `[..., G]` (logarithms of probabilities)."""

    mean: Tensor
    spread: Tensor
    present: Tensor
    tags: Tensor


class AttributeClassifier(nn.Module):
    """Reads off the codes of one frame what the sound around it is like: for each level, from it
    and those before.

    By Bayes' rule, codes drawn in proportion to how likely they are, and to how likely they make
    what is asked, are as asked (cf. classifier guidance, Dhariwal & Nichol 2021, section 4; FUDGE,
    Yang & Klein 2021). The prior itself need not know of it, nor its pointer. Learned once, before
    the prior is trained.
    """

    def __init__(self, descriptors: int, tags: int, num_quantizers: int, latent_dim: int) -> None:
        super().__init__()
        self.descriptors, self.num_quantizers = descriptors, num_quantizers
        self.net = nn.Sequential(
            BatchInvariantLinear(latent_dim + num_quantizers, WIDTH),
            nn.GELU(),
            BatchInvariantLinear(WIDTH, WIDTH),
            nn.GELU(),
            BatchInvariantLinear(WIDTH, 3 * descriptors + tags),
        )

    def read(self, level: int, latents: Tensor) -> Prediction:
        """What the sum `latents` `[..., D]` of the codes up to `level` tells."""
        which = F.one_hot(torch.tensor(level, device=latents.device), self.num_quantizers).to(
            latents
        )
        told = self.net(torch.cat([latents, which.expand(*latents.shape[:-1], -1)], -1))
        D = self.descriptors
        mean, spread, present, tags = told.split([D, D, D, told.shape[-1] - 3 * D], -1)
        return Prediction(mean, softplus(spread) + LEAST_SPREAD, present, tags.log_softmax(-1))

    def forward(self, level: int, latents: Tensor, asked: Tensor) -> Tensor:
        """As `fit`, given the sum `latents` `[..., D]` of the codes up to `level`."""
        return self.fit(self.read(level, latents), asked)

    def fit(self, told: Prediction, asked: Tensor) -> Tensor:
        """Log-likelihood `[...]` of `asked` `[..., N]` by what was `told`; what is NaN is free."""
        values, weights = _apart(asked, self.descriptors)
        free = values.isnan()
        return torch.where(free, 0.0, _likelihood(told, values)).sum(-1) + (
            weights * told.tags
        ).sum(-1)

    def loss(self, latents: Tensor, traits: Tensor) -> Tensor:
        """Mean surprise at `traits` `[M, N]` given `latents` `[M, Q, D]` up to each level; NaN is
        what is not there."""
        values, weights = _apart(traits, self.descriptors)
        likelihoods = []
        for level in range(self.num_quantizers):
            told = self.read(level, latents[:, level])
            there = torch.where(
                values.isnan(), F.logsigmoid(-told.present), _likelihood(told, values)
            )
            likelihoods.append(there.sum(-1) + (weights * told.tags).sum(-1))
        return -torch.stack(likelihoods).mean()

    def learn(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """From `batches` of latents `[M, Q, D]` and traits `[M, N]`, as `loss` takes them; then it
        stays as it is."""
        optimizer = torch.optim.Adam(self.parameters(), RATE)
        for latents, traits in batches:
            optimizer.zero_grad(set_to_none=True)
            self.loss(latents, traits).backward()
            optimizer.step()
        self.requires_grad_(False)


def _apart(traits: Tensor, descriptors: int) -> tuple[Tensor, Tensor]:
    """Descriptors, and weights of tags, 0 where they are NaN."""
    return traits[..., :descriptors], traits[..., descriptors:].nan_to_num()


def _likelihood(told: Prediction, values: Tensor) -> Tensor:
    """Logarithm of how likely `values` `[..., D]` are: that there are any, times a normal
    density."""
    away = (values.nan_to_num() - told.mean) / told.spread
    return F.logsigmoid(told.present) - 0.5 * away.square() - told.spread.log()
