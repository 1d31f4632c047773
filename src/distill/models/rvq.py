"""Residual vector quantiser (Zeghidour et al. 2021, SoundStream, section III-C) fitted by k-means.

Codes are chosen by beam search. Random draws come from an explicit generator, so that training can
be repeated.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BEAM = 8
"""Paths of the beam search. Four already serve sounds outside the corpus better than codebooks four
times as large."""

OWN_SHARE = 0.9
"""Share of a level's entries that the corpus shall use. A larger share serves new sounds less."""

KMEANS_ITERATIONS = 15
"""Rounds of k-means: further ones hardly lower the error."""

JITTER = 1e-3
"""Noise added to the first centres, relative to the standard deviation: it parts equal rows."""


ROWS = 2048
"""Rows whose distances from all entries are in memory at once: 1 MB for 128 entries, which the
processor's cache holds. For all rows at once, memory took as long as the products."""


def nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index of the entry of `codebook` `[K, D]` nearest to each row of `x` `[M, D]`: `[M]`."""
    squares = codebook.square().sum(1)
    # Squared distances up to a constant per row.
    parts = (torch.addmm(squares, rows, codebook.T, alpha=-2) for rows in x.split(ROWS))
    return torch.cat([distances.argmin(1) for distances in parts])


def smallest(distances: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Find the smallest distances of each row, in order.

    Args:
        distances: `[M, P, K]`: rows, paths, entries.
        count: How many are found; all if there are fewer.

    Returns:
        Values, paths and entries, each `[M, count]`.
    """
    P, K = distances.shape[1:]
    # They lie in the columns whose own minima are smallest: to search these alone is quicker.
    minima = distances.amin(1)
    columns = minima.topk(min(count, K), largest=False, sorted=False).indices
    by_path = columns[:, None].expand(-1, P, -1)
    candidates = distances.gather(2, by_path).flatten(1)
    n_found = min(count, candidates.shape[1])
    values, position = candidates.topk(n_found, largest=False)
    n_columns = columns.shape[1]
    path = position // n_columns
    entry = columns.gather(1, position % n_columns)
    return values, path, entry


def kmeans(
    x: Tensor,
    k: int,
    generator: torch.Generator,
    iterations: int = KMEANS_ITERATIONS,
    anchors: Tensor | None = None,
) -> Tensor:
    """Cluster rows by k-means.

    With fewer rows than `k`, the rest of the centres are jittered copies. A centre that is nearest
    to no row starts again from a random row.

    Args:
        x: Rows `[M, D]`.
        k: Number of centres.
        generator: Source of the first centres, on the CPU.
        iterations: Rounds.
        anchors: Further centres `[anchors, D]` that take rows too, but stay as they are.

    Returns:
        Centres `[k, D]`, without the anchors.
    """
    order = torch.randperm(len(x), generator=generator).to(x.device)
    if len(x) < k:
        order = order.repeat(-(-k // len(x)))
    centres = x[order[:k]].clone()
    jitter = torch.randn(centres.shape, generator=generator).to(x)
    centres += JITTER * x.std() * jitter
    if anchors is None:
        anchors = x[:0]
    for _ in range(iterations):
        all_centres = torch.cat((centres, anchors))
        assignment = nearest(x, all_centres)
        counts = torch.bincount(assignment, minlength=len(all_centres))
        sums = torch.zeros_like(all_centres).index_add_(0, assignment, x)
        size = counts[:k, None].to(x.dtype)
        means = sums[:k] / size.clamp(min=1)
        # Drawn in every round, needed or not: the draws must not depend on the data.
        rows = torch.randint(len(x), (k,), generator=generator).to(x.device)
        centres = torch.where(size > 0, means, x[rows])
    return centres


class ResidualVQ(nn.Module):
    """Residual vector quantiser: each level quantises the residual of the levels before it.

    Args:
        dim: Dimension `D` of latents.
        codebook_size: Entries `K` of a codebook.
        num_quantizers: Levels `Q`.
    """

    codebooks: Tensor

    def __init__(self, dim: int, codebook_size: int, num_quantizers: int) -> None:
        super().__init__()
        self.register_buffer("codebooks", torch.zeros(num_quantizers, codebook_size, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Codes `[M, Q]` of latents `x` `[M, D]`: nearest sum of entries by beam search."""
        M, D = x.shape
        K = self.codebooks.shape[1]
        row = torch.arange(M, device=x.device)[:, None]
        # For each of `P` paths: residual, its squared length, and the codes so far.
        residual = x[:, None]
        length = x.square().sum(1, keepdim=True)
        codes = row[:, :, None][..., :0]
        for codebook, squares in zip(self.codebooks, self.codebooks.square().sum(2), strict=True):
            P = residual.shape[1]
            flat = residual.flatten(0, 1)
            # Squared distances to the entries, but for the squared length of the residual.
            product = torch.addmm(squares, flat, codebook.T, alpha=-2)
            distances = product.view(M, -1, K).add_(length[..., None])
            length, path, entry = smallest(distances, BEAM)
            parents = (row * P + path).flatten()
            vectors = F.embedding(entry.flatten(), codebook)
            residual = flat.index_select(0, parents).sub_(vectors).view(M, -1, D)
            codes = torch.cat((codes[row, path], entry[..., None]), 2)
        # `topk` sorts: the first path is the nearest.
        return codes[:, 0]

    def lookup(self, codes: Tensor, levels: Sequence[int] | None = None) -> Tensor:
        """Quantised latents: sums of entries.

        Args:
            codes: Codes `[..., q]` of the first `q` levels, whole numbers of any size.
            levels: Levels to sum, from 0; None for all `q`.

        Returns:
            Sums `[..., D]`.
        """
        if levels is None:
            levels = range(codes.shape[-1])
        if codes.device.type == "cpu" and levels:
            return self._lookup_at_once(codes, levels)
        # Added one by one: a sum over a stack of all takes nine times as long for short sounds.
        total = torch.zeros((), device=self.codebooks.device)
        for level in levels:
            # Torch takes small whole numbers for masks.
            total = total + F.embedding(codes[..., level].long(), self.codebooks[level])
        return total

    def _lookup_at_once(self, codes: Tensor, levels: Sequence[int]) -> Tensor:
        """`lookup` in one operation: the same to the bit, and ten times as fast.

        On other devices it may be missing, as on MPS.
        """
        K = self.codebooks.shape[1]
        own = codes if len(levels) == codes.shape[-1] else codes[..., list(levels)]
        # All codebooks as one table, in which the entries of a level begin at a row of their own.
        rows = own.long() + K * torch.tensor(levels)
        bags = rows.reshape(-1, len(levels))
        sums = F.embedding_bag(bags, self.codebooks.flatten(0, 1), mode="sum")
        return sums.reshape(*codes.shape[:-1], sums.shape[-1])

    @torch.no_grad()
    def fit(
        self,
        x: Tensor,
        generator: torch.Generator,
        own: Tensor | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Set every codebook by k-means, level after level on the residuals.

        Args:
            x: Latents `[M, D]` to fit to.
            generator: Source of randomness, on the CPU.
            own: Latents `[rows, D]` of the corpus as it is. Some of the entries that it leaves idle
                are fitted to it instead, so that it uses `OWN_SHARE`.
            check: Called before each level; may raise.
        """
        for level in range(len(self.codebooks)):
            check()
            centres = kmeans(x, self.codebooks.shape[1], generator)
            if own is not None:
                _put_to_use(centres, own, x, generator)
                own = own - centres[nearest(own, centres)]
            self.codebooks[level] = centres
            x = x - centres[nearest(x, centres)]


def _put_to_use(
    centres: Tensor,
    own: Tensor,
    x: Tensor,
    generator: torch.Generator,
) -> None:
    """Fit idle `centres` `[K, D]` to `own`, in place: those that `x` uses least.

    Idle are those that no row of `own` is nearest to.
    """
    K = len(centres)
    use_by_own = torch.bincount(nearest(own, centres), minlength=K)
    use_by_all = torch.bincount(nearest(x, centres), minlength=K)
    # At least two rows of the corpus for each entry.
    target = min(round(OWN_SHARE * K), len(own) // 2)
    missing = target - int((use_by_own > 0).sum())
    if missing > 0:
        # Idle ones first, by how little all sounds use them.
        priority = torch.where(use_by_own > 0, len(x) + 1, use_by_all)
        order = priority.argsort(stable=True)
        idle = order[:missing]
        rest = order[missing:]
        centres[idle] = kmeans(own, missing, generator, anchors=centres[rest])
