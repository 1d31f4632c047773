"""Where sounds end: a hazard for every frame, by what the sound has come to and by its age.

A logistic regression on the latents of the frame before and on the time since the sound began
(discrete-time survival analysis, Singer & Willett 1993): few numbers, since a corpus has few ends,
and latents, since a sound that was not learned from dies away through the same ones.
"""

import torch
from torch import Tensor, nn

from distill.models.batch_invariant import BatchInvariantLinear

FIRST_LOGIT = -4.0
LONG_FRAMES = 100.0


class EndHazard(nn.Module):
    """`D` is `latent_dim`."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.score = BatchInvariantLinear(latent_dim + 3, 1)

    def reset(self) -> None:
        """One frame in fifty is a last one, whatever came before."""
        nn.init.zeros_(self.score.weight)
        nn.init.constant_(self.score.bias, FIRST_LOGIT)

    def forward(self, last: Tensor, since: Tensor) -> Tensor:
        """Logits `[...]` that a sound ends with a frame; `last` `[..., D]` are the latents of the
        frame before (zero for none), `since` `[...]` is the number of frames since the sound
        began."""
        age = since.to(last)
        slow = age.log1p() / 3
        facts = torch.cat([last, torch.stack((slow, slow.square(), age / LONG_FRAMES), -1)], -1)
        logits: Tensor = self.score(facts).squeeze(-1)
        return logits
