"""Residual vector quantiser with codebooks learned by exponential moving average.

Zeghidour et al. 2021 (SoundStream), section III-C; EMA updates after van den Oord et al. 2017, appendix A.1.
Random draws (k-means start, dead-code reset) come from an explicit generator, so that training can be repeated.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Quantised(NamedTuple):
    """`codes` `[N, Q]`, `values` `[N, D]` (sum of the chosen entries), `commitment` scalar loss."""

    codes: Tensor
    values: Tensor
    commitment: Tensor


def nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index `[N]` of the entry of `codebook` `[K, D]` nearest to each row of `x` `[N, D]`."""
    return (codebook.square().sum(1) - 2 * x @ codebook.T).argmin(1)


def kmeans(x: Tensor, k: int, generator: torch.Generator, iterations: int = 15) -> Tensor:
    """Centres `[k, D]` of `x` `[N, D]`. With fewer than `k` rows, the rest are jittered copies."""
    order = torch.randperm(len(x), generator=generator).to(x.device)
    if len(x) < k:
        order = order.repeat(-(-k // len(x)))
    centres = x[order[:k]].clone()
    centres += 1e-3 * x.std() * torch.randn(centres.shape, generator=generator).to(x)
    for _ in range(iterations):
        chosen = nearest(x, centres)
        counts = torch.bincount(chosen, minlength=k).to(x.dtype)
        sums = torch.zeros_like(centres).index_add_(0, chosen, x)
        used = counts > 0
        centres[used] = sums[used] / counts[used, None]
    return centres


class ResidualVQ(nn.Module):
    """`num_quantizers` codebooks of `codebook_size` entries; each quantises what the earlier ones left over."""

    codebooks: Tensor
    ema_counts: Tensor
    ema_sums: Tensor

    def __init__(self, dim: int, codebook_size: int, num_quantizers: int, decay: float = 0.97) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("codebooks", torch.zeros(num_quantizers, codebook_size, dim))
        self.register_buffer("ema_counts", torch.ones(num_quantizers, codebook_size))
        self.register_buffer("ema_sums", torch.zeros(num_quantizers, codebook_size, dim))

    def forward(self, x: Tensor) -> Quantised:
        """Quantise `x` `[N, D]`. Gradients pass straight through (Bengio et al. 2013)."""
        residual, codes = x.detach(), []
        commitment = x.new_zeros(())
        total = torch.zeros_like(x)
        for codebook in self.codebooks:
            chosen = nearest(residual, codebook)
            entry = codebook[chosen]
            total = total + entry
            commitment = commitment + (x - total).square().mean()
            residual = residual - entry
            codes.append(chosen)
        values = x + (total - x).detach()
        return Quantised(torch.stack(codes, 1), values, commitment / len(codes))

    def lookup(self, codes: Tensor) -> Tensor:
        """Sum of entries `[..., D]` for `codes` `[..., q]`; `q` may be less than all levels."""
        entries = [self.codebooks[q][codes[..., q]] for q in range(codes.shape[-1])]
        return torch.stack(entries).sum(0)

    @torch.no_grad()
    def start_from(self, x: Tensor, generator: torch.Generator) -> None:
        """Set every codebook by k-means on latents `x` `[N, D]`, level after level on what is left over."""
        residual = x.detach()
        for q in range(len(self.codebooks)):
            centres = kmeans(residual, self.codebooks.shape[1], generator)
            chosen = nearest(residual, centres)
            counts = torch.bincount(chosen, minlength=len(centres)).to(x.dtype)
            per_batch = counts / counts.mean()
            self.codebooks[q] = centres
            self.ema_counts[q] = per_batch
            self.ema_sums[q] = centres * per_batch[:, None]
            residual = residual - centres[chosen]

    @torch.no_grad()
    def update(self, x: Tensor, codes: Tensor, generator: torch.Generator, dead_below: float = 0.05) -> None:
        """Move the codebooks towards the latents `x` `[N, D]` that chose them (`codes` `[N, Q]`).

        Counts are kept relative to an even share, so that `dead_below` does not depend on the batch: an entry
        used less than that share of its due is moved onto a random latent of the batch.
        """
        residual = x.detach()
        K = self.codebooks.shape[1]
        for q, codebook in enumerate(self.codebooks):
            chosen = codes[:, q]
            share = K / len(x)
            counts = torch.bincount(chosen, minlength=K).to(x.dtype) * share
            sums = torch.zeros_like(codebook).index_add_(0, chosen, residual) * share
            self.ema_counts[q].lerp_(counts, 1 - self.decay)
            self.ema_sums[q].lerp_(sums, 1 - self.decay)
            left_over = residual - codebook[chosen]
            self._revive(q, residual, generator, dead_below)
            codebook.copy_(self.ema_sums[q] / self.ema_counts[q].clamp(min=1e-5)[:, None])
            residual = left_over

    def _revive(self, q: int, residual: Tensor, generator: torch.Generator, dead_below: float) -> None:
        dead = (self.ema_counts[q] < dead_below).nonzero()[:, 0]
        if len(dead) == 0:
            return
        rows = torch.randint(len(residual), (len(dead),), generator=generator).to(residual.device)
        self.ema_sums[q, dead] = residual[rows]
        self.ema_counts[q, dead] = 1.0
