"""End-of-sound hazard: the chance that a sound ends with the next frame, given its past.

A logistic regression on the latents of the previous frame and on the age of the sound
(discrete-time survival analysis, Singer & Willett 1993). It has few weights because a corpus has
few ends. It reads latents, not codes, because an unfamiliar sound fades through the same latents.
"""

import torch
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear

FIRST_LOGIT = -4.0
"""Logit before training: about one frame in fifty ends a sound."""
LONG_FRAMES = 100.0
"""Age in frames that counts as 1 in the linear age feature: about 2 s, the order of a long hit."""
LOG_AGE_SCALE = 3
"""Divisor of log(1 + age): keeps the feature near 1 for sounds of some tens of frames."""
AGE_FEATURES = 3
"""Features of the age: its logarithm, the square of that, and the age itself."""


class EndHazard(nn.Module):
    """Logits that a sound ends, from latents of `latent_dim` numbers and the age of the sound."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.score = BatchInvariantLinear(latent_dim + AGE_FEATURES, 1)

    def reset(self) -> None:
        """Start from a constant hazard of about one frame in fifty."""
        nn.init.zeros_(self.score.weight)
        nn.init.constant_(self.score.bias, FIRST_LOGIT)

    def forward(self, previous: Tensor, age: Tensor) -> Tensor:
        """Compute the end logits of frames.

        Args:
            previous: latents `[..., D]` of the frame before each, zero where there is none.
            age: frames `[...]` since the sound began.

        Returns:
            Logits `[...]` that the sound ends with the frame.
        """
        frames = age.to(previous)
        log_age = frames.log1p() / LOG_AGE_SCALE
        age_features = torch.stack((log_age, log_age.square(), frames / LONG_FRAMES), -1)
        features = torch.cat([previous, age_features], -1)
        logits: Tensor = self.score(features).squeeze(-1)
        return logits
