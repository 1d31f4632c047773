"""Attribute classifier: predicts loudness, brightness, pitch, tags and so on from a frame's codes.

It steers a draw (classifier guidance, Dhariwal & Nichol 2021, section 4; FUDGE, Yang & Klein 2021).
Codes are drawn in proportion to their probability times the likelihood of the targets: by Bayes'
rule, they have the target attributes. The prior and its pointer need not know of them.

Attributes `[A]` of a frame are descriptors between 0 and 1, then tag weights, which sum to 1. NaN
stands for an absent descriptor (a pitch in noise) or an attribute that is left free.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear, softplus

WIDTH = 64
"""Hidden features: a frame's latents tell little, and few parameters do not overfit."""
RATE = 3e-3
"""Learning rate of Adam."""
LEAST_SPREAD = 0.05
"""Smallest standard deviation of a descriptor, as a share of its range: bounds the likelihood."""


class Targets(NamedTuple):
    """Attributes to steer by.

    `values` are `[B, T, A]`, or `[1, T, A]` for all streams alike. The last frame's apply to all
    frames after it. `guidance` is the exponent of the likelihood; 0 switches steering off.
    """

    values: Tensor
    guidance: float

    def at(self, t: int) -> Tensor:
        """Targets `[B, A]` of frame `t`."""
        return self.values[:, min(t, self.values.shape[1] - 1)]

    def row(self, number: int) -> "Targets":
        """Those of one stream, by its number."""
        if len(self.values) == 1:
            return self
        return self._replace(values=self.values[number : number + 1])

    def after(self, frames: int) -> "Targets":
        """The targets without the first `frames`, but for the last."""
        return self._replace(values=self.values[:, min(frames, self.values.shape[1] - 1) :])


class Prediction(NamedTuple):
    """Predicted distribution of attributes.

    `mean`, `spread` (standard deviation) and `present` (logit) `[..., descriptors]` describe each
    descriptor. `tags` `[..., tags]` are log-probabilities.
    """

    mean: Tensor
    spread: Tensor
    present: Tensor
    tags: Tensor


class AttributeClassifier(nn.Module):
    """Predicts attributes of the sound around a frame from the codes of its first levels.

    It learns once, before the prior is trained.

    Args:
        descriptors: number of descriptors.
        tags: number of tags.
        num_quantizers: levels `Q`.
        latent_dim: latent dimension `D` of the codec.
    """

    def __init__(
        self,
        descriptors: int,
        tags: int,
        num_quantizers: int,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.descriptors = descriptors
        self.num_quantizers = num_quantizers
        # Outputs: mean, spread and presence of each descriptor, then a logit for each tag.
        self.net = nn.Sequential(
            BatchInvariantLinear(latent_dim + num_quantizers, WIDTH),
            nn.GELU(),
            BatchInvariantLinear(WIDTH, WIDTH),
            nn.GELU(),
            BatchInvariantLinear(WIDTH, 3 * descriptors + tags),
        )

    def predict(self, level: int, latents: Tensor) -> Prediction:
        """Predict from the summed `latents` `[..., D]` of the codes up to `level`."""
        index = torch.tensor(level, device=latents.device)
        one_hot = F.one_hot(index, self.num_quantizers).to(latents)
        return self._predict(latents, one_hot)

    def _predict(self, latents: Tensor, levels: Tensor) -> Prediction:
        """Predict from `latents` `[..., D]` and one-hot `levels`, which are broadcast.

        The level is an input, so that one network serves all levels.
        """
        one_hot = levels.expand(*latents.shape[:-1], -1)
        outputs = self.net(torch.cat([latents, one_hot], -1))
        n = self.descriptors
        mean, spread, present, tags = outputs.split([n, n, n, outputs.shape[-1] - 3 * n], -1)
        return Prediction(
            mean=mean,
            spread=softplus(spread) + LEAST_SPREAD,
            present=present,
            tags=tags.log_softmax(-1),
        )

    def forward(self, level: int, latents: Tensor, targets: Tensor) -> Tensor:
        """Log-likelihood `[...]` of `targets` `[..., A]`, given the summed `latents` `[..., D]` of
        the codes up to `level`."""
        return self.log_likelihood(self.predict(level, latents), targets)

    def log_likelihood(self, prediction: Prediction, targets: Tensor) -> Tensor:
        """Log-likelihood `[...]` of `targets` `[..., A]`; those that are NaN do not count."""
        values, weights = _split(targets, self.descriptors)
        likelihood = _descriptor_log_likelihood(prediction, values)
        of_descriptors = torch.where(values.isnan(), 0.0, likelihood).sum(-1)
        # Cross-entropy of the weights: a mixture of tags is likeliest where all are plausible.
        of_tags = (weights * prediction.tags).sum(-1)
        return of_descriptors + of_tags

    def loss(self, latents: Tensor, attributes: Tensor) -> Tensor:
        """Mean negative log-likelihood over all levels.

        Args:
            latents: summed latents `[M, Q, D]` of the codes up to each level.
            attributes: attributes `[M, A]` of each frame; NaN where a descriptor is absent.
        """
        values, weights = _split(attributes[:, None], self.descriptors)
        # All levels at once: operations on those of one take longer to call than to compute.
        levels = torch.eye(self.num_quantizers, device=latents.device, dtype=latents.dtype)
        prediction = self._predict(latents, levels)
        # An absent descriptor is a fact to learn here; `log_likelihood` leaves it free.
        of_descriptors = torch.where(
            values.isnan(),
            F.logsigmoid(-prediction.present),
            _descriptor_log_likelihood(prediction, values),
        )
        of_tags = (weights * prediction.tags).sum(-1)
        return -(of_descriptors.sum(-1) + of_tags).mean()

    def learn(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Train on `batches` of latents `[M, Q, D]` and attributes `[M, A]`, then freeze."""
        optimizer = torch.optim.Adam(self.parameters(), RATE)
        for latents, attributes in batches:
            optimizer.zero_grad(set_to_none=True)
            self.loss(latents, attributes).backward()
            optimizer.step()
        self.requires_grad_(False)


class _Split(NamedTuple):
    """Descriptors `[..., descriptors]` and tag weights `[..., tags]`, 0 where they are NaN."""

    descriptors: Tensor
    tag_weights: Tensor


def _split(attributes: Tensor, descriptors: int) -> _Split:
    return _Split(attributes[..., :descriptors], attributes[..., descriptors:].nan_to_num())


def _descriptor_log_likelihood(prediction: Prediction, values: Tensor) -> Tensor:
    """Log-likelihood of each of `values` `[..., descriptors]`, up to a constant: that it is present
    at all, times a normal density."""
    # NaN would spread into gradients even where `torch.where` leaves it out.
    deviation = (values.nan_to_num() - prediction.mean) / prediction.spread
    log_density = -0.5 * deviation.square()
    return F.logsigmoid(prediction.present) + log_density - prediction.spread.log()
