"""Residual vector quantiser (Zeghidour et al. 2021, SoundStream, section III-C) with codebooks by
k-means.

Random draws come from an explicit generator, so that training can be repeated.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BEAM = 8
"""Paths kept while choosing codes. Four serve sounds not learned from better than codebooks four
times as large."""

OWN_SHARE = 0.9
"""Share of a level's entries that the corpus shall use. The more are its own, the less well fits
what is new."""


def nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index `[N]` of the entry of `codebook` `[K, D]` nearest to each row of `x` `[N, D]`."""
    return (codebook.square().sum(1) - 2 * x @ codebook.T).argmin(1)


def smallest(distances: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The `count` smallest (or all) of `distances` `[N, P, K]`, in order: values, rows and columns,
    each `[N, count]`.

    They lie in the columns whose own smallest are the smallest; to look there alone is quicker than
    at all.
    """
    P, K = distances.shape[1:]
    columns = distances.amin(1).topk(min(count, K), largest=False, sorted=False).indices
    few = distances.gather(2, columns[:, None].expand(-1, P, -1)).flatten(1)
    values, at = few.topk(min(count, few.shape[1]), largest=False)
    return values, at // columns.shape[1], columns.gather(1, at % columns.shape[1])


def kmeans(
    x: Tensor, k: int, generator: torch.Generator, iterations: int = 15, fixed: Tensor | None = None
) -> Tensor:
    """Centres `[k, D]` of `x` `[N, D]`, beside those that are `fixed` `[F, D]`.

    With fewer than `k` rows, the rest are jittered copies. A centre that nothing is nearest to
    starts again from a random row.
    """
    order = torch.randperm(len(x), generator=generator).to(x.device)
    if len(x) < k:
        order = order.repeat(-(-k // len(x)))
    centres = x[order[:k]].clone()
    centres += 1e-3 * x.std() * torch.randn(centres.shape, generator=generator).to(x)
    none = x[:0] if fixed is None else fixed
    for _ in range(iterations):
        everyone = torch.cat((centres, none))
        chosen = nearest(x, everyone)
        counts = torch.bincount(chosen, minlength=len(everyone))[:k].to(x.dtype)
        sums = torch.zeros_like(everyone).index_add_(0, chosen, x)[:k]
        elsewhere = x[torch.randint(len(x), (k,), generator=generator).to(x.device)]
        centres = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], elsewhere)
    return centres


class ResidualVQ(nn.Module):
    """`num_quantizers` codebooks of `codebook_size` entries; each quantises what the earlier ones
    left over."""

    codebooks: Tensor

    def __init__(self, dim: int, codebook_size: int, num_quantizers: int) -> None:
        super().__init__()
        self.register_buffer("codebooks", torch.zeros(num_quantizers, codebook_size, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Codes `[N, Q]` of `x` `[N, D]`: the nearest sum of entries that a beam of `BEAM` paths
        finds."""
        N, K = len(x), self.codebooks.shape[1]
        order = torch.arange(N, device=x.device)[:, None]
        # Paths `[N, P]`: what is left over, how far that is from nothing, and the codes so far.
        residual, length, codes = (
            x[:, None],
            x.square().sum(1, keepdim=True),
            order[:, :, None][..., :0],
        )
        for codebook in self.codebooks:
            product = torch.addmm(
                codebook.square().sum(1), residual.flatten(0, 1), codebook.T, alpha=-2
            )
            length, path, entry = smallest(product.view(N, -1, K).add_(length[..., None]), BEAM)
            paths = (order * residual.shape[1] + path).flatten()
            residual = (
                residual.flatten(0, 1)
                .index_select(0, paths)
                .sub_(F.embedding(entry.flatten(), codebook))
            )
            residual = residual.view(N, -1, x.shape[1])
            codes = torch.cat((codes[order, path], entry[..., None]), 2)
        # `topk` sorts: the first path is the nearest.
        return codes[:, 0]

    def lookup(self, codes: Tensor, levels: Sequence[int] | None = None) -> Tensor:
        """Sum of entries `[..., D]` for `codes` `[..., q]`, of `levels` only (from 0; None: all).

        `q` may be less than all levels.
        """
        entries = [
            self.codebooks[q][codes[..., q]]
            for q in (range(codes.shape[-1]) if levels is None else levels)
        ]
        return torch.stack(entries).sum(0)

    @torch.no_grad()
    def fit(self, x: Tensor, generator: torch.Generator, own: Tensor | None = None) -> None:
        """Set every codebook by k-means on `x` `[N, D]`, level after level on what is left over.

        Of the entries that `own` `[M, D]` leaves idle, some are fitted to it instead, so that it
        uses `OWN_SHARE`.
        """
        for q in range(len(self.codebooks)):
            centres = kmeans(x, self.codebooks.shape[1], generator)
            if own is not None:
                _put_to_use(centres, own, x, generator)
                own = own - centres[nearest(own, centres)]
            self.codebooks[q] = centres
            x = x - centres[nearest(x, centres)]


def _put_to_use(centres: Tensor, own: Tensor, x: Tensor, generator: torch.Generator) -> None:
    """Fit those of the `centres` `[K, D]` that `own` leaves idle, and that `x` misses least, to
    `own` instead."""
    K = len(centres)
    use, use_by_all = (torch.bincount(nearest(rows, centres), minlength=K) for rows in (own, x))
    wanted = min(round(OWN_SHARE * K), len(own) // 2) - int((use > 0).sum())
    if wanted > 0:
        order = torch.where(use > 0, len(x) + 1, use_by_all).argsort(stable=True)
        idle, rest = order[:wanted], order[wanted:]
        centres[idle] = kmeans(own, wanted, generator, fixed=centres[rest])
