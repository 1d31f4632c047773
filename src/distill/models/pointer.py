"""A pointer to the recent past: which codes followed when things were as they are now.

Each level has a few heads, and each head is a kernel regression (Nadaraya 1964) over the frames
before: a frame weighs the more the nearer its coarser codes are to this frame's, the nearer the
frame before it is to the one before this frame, the more recent it is, and if no new sound has
begun since. Near is measured in the codec's own latents, so that codes never learned from count as
well. The past gives a distribution over codes, spread over entries near to those that came, and is
mixed with what the network says and with all codes alike (cf. pointer sentinel, Merity et al.
2017).

A sound that was not learned from uses few of the fine codes, again and again: that can be seen in
its past only.

Where a gap is filled, the frames after it are known as well. They count as the past does: the
nearer the more, whether before or after, and each head weighs what lies ahead by a number of its
own.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.batch_invariant import logaddexp
from distill.models.end_hazard import EndHazard

HEADS = 4
FIRST_SLOPES = (2.0, 0.1, 0.02, 0.005)
"""By how much each head's score falls a frame, before training: from the last frame alone to all of
the past."""
FIRST_NEARNESS = (-3.0, -1.0, 1.0, 2.0)
"""Logarithm of how much distance counts, before training: not for the first head, much for the
last."""
FIRST_CROSSING, FIRST_NOTHING, FIRST_SPREAD, FIRST_EVEN = 3.0, -6.0, 0.1, -2.0
FIRST_AHEAD = 1.0
LARGEST_ODDS = 6.0


class Frames(NamedTuple):
    """What the pointer knows of frames `[B, T]`: `coarser` `[B, T, Q, D]`, latents of the codes
    above each level; `last` `[B, T, D]`, latents of the frame before, zero where a sound begins or
    that frame is not known; `sound` `[B, T]`, the number of the sound, counting up."""

    coarser: Tensor
    last: Tensor
    sound: Tensor


class Pointer(nn.Module):
    """Mixes scores of codes with what the past says, for `num_quantizers` levels; `D` is
    `latent_dim`."""

    entries: Tensor
    variance: Tensor

    def __init__(
        self,
        codebook_size: int,
        num_quantizers: int,
        latent_dim: int,
        hears_ahead: bool = False,
        ends_first: bool = False,
    ) -> None:
        super().__init__()
        Q, H = num_quantizers, HEADS
        # Until `set_entries`: at random, so that codes are near to none but themselves.
        self.register_buffer("entries", torch.zeros(Q, codebook_size, latent_dim))
        nn.init.normal_(self.entries, std=(Q * latent_dim) ** -0.5)
        self.register_buffer("variance", torch.full((Q,), 1 / Q))
        self.slope = nn.Parameter(torch.tensor(FIRST_SLOPES).log().repeat(Q, 1))
        self.coarser_weight = nn.Parameter(torch.tensor(FIRST_NEARNESS).repeat(Q, 1))
        self.last_weight = nn.Parameter(torch.tensor(FIRST_NEARNESS).repeat(Q, 1))
        self.crossing = nn.Parameter(torch.full((Q, H), FIRST_CROSSING))
        self.nothing = nn.Parameter(torch.full((Q, H), FIRST_NOTHING))
        self.spread = nn.Parameter(torch.full((Q,), FIRST_SPREAD).log())
        # Shares of the heads, of the network, and of all codes alike.
        self.share = nn.Parameter(
            torch.cat([torch.zeros(Q, H + 1), torch.full((Q, 1), FIRST_EVEN)], 1)
        )
        self.share_by = nn.Parameter(torch.zeros(Q, H + 1, H + 2))
        self.ahead = nn.Parameter(torch.full((Q, H), FIRST_AHEAD)) if hears_ahead else None
        self.ending = EndHazard(latent_dim) if ends_first else None

    @torch.no_grad()
    def set_entries(self, entries: Tensor) -> None:
        """Take over the codec's codebooks `[Q, K, D]`, in units of the spread of all latents."""
        variance = entries.var(1, correction=0).sum(-1)
        total = variance.sum().clamp(min=1e-12)
        self.entries.copy_(entries / total.sqrt())
        self.variance.copy_((variance / total).clamp(min=1e-6))

    def latents(self, codes: Tensor) -> Tensor:
        """Entries `[..., Q, D]` of `codes` `[..., Q]`."""
        return self.entries[torch.arange(len(self.entries), device=codes.device), codes]

    def spread_out(self, codes: Tensor) -> Tensor:
        """`codes` `[..., Q]` as distributions `[..., Q, K]` over the entries near to them."""
        # Not `squared_distance`, which would copy the entries for every frame; what is the same for
        # all `K` falls out.
        near = self.entries.square().sum(-1) - 2 * torch.einsum(
            "...qd,qkd->...qk", self.latents(codes), self.entries
        )
        return (-near / (self.variance * self.spread.exp())[:, None]).softmax(-1)

    def costs(self) -> Tensor:
        """What lowers the score of a known frame, for each level and head, `[Q, H, 4]`: squared
        distance of coarser codes and of last frames, frames of age beyond one, a new sound since;
        and, `[Q, H, 5]`, that it lies ahead."""
        weights = [
            self.coarser_weight.exp(),
            self.last_weight.exp(),
            self.slope.exp(),
            self.crossing,
        ]
        return torch.stack(weights if self.ahead is None else [*weights, self.ahead], 2)

    def frames(self, codes: Tensor, starts: Tensor, ahead: int = 0) -> Frames:
        """Of `codes` `[B, T, Q]`, the first `ahead` of which follow the others in time; `starts`
        `[B, T]` (bool) marks where sounds begin."""
        so_far = self.latents(codes).cumsum(2)
        coarser = F.pad(so_far[:, :, :-1], (0, 0, 1, 0))
        last = F.pad(so_far[:, :-1, -1], (0, 0, 1, 0)) * ~_fresh(starts, ahead)[..., None]
        return Frames(coarser, last, starts.long().cumsum(1))

    def forward(
        self, scores: Tensor, codes: Tensor, starts: Tensor, window: int, ahead: int = 0
    ) -> Tensor:
        """Log-probabilities `[B, R, Q, K]` of the last `R` of `codes` `[B, T, Q]` from the
        network's logits `scores` `[B, R, Q, K]`.

        Each frame looks at up to `window` frames before it, and at the first `ahead`, which follow
        the others in time.
        """
        B, T, Q = codes.shape
        R = scores.shape[1]
        first = T - R
        frames = self.frames(codes, starts, ahead)
        order = torch.arange(T, device=codes.device)
        place, behind = order.roll(ahead), order[:, None] - order
        age = (place[first:, None] - place).abs()
        hidden = ((behind <= 0) | ((behind > window) & (order >= ahead)))[first:]
        crossed = (frames.sound[:, first:, None] != frames.sound[:, None]).to(scores.dtype)
        since = _since(starts, ahead)[:, first:]
        last = squared_distance(frames.last[:, first:], frames.last)
        known = [last, age - 1.0, crossed]
        if ahead:
            # Whether a sound begins between a frame and what lies ahead is not known yet, only what
            # begins there.
            crossed[:, max(0, ahead - first) :, :ahead] = (frames.sound[:, None, :ahead] > 0).to(
                crossed
            )
            known.append(((order >= ahead)[first:, None] & (order < ahead)).to(scores.dtype))
        costs, past, mixed = self.costs()[..., : 1 + len(known)], self.spread_out(codes), []
        for q in range(Q):
            coarser = squared_distance(frames.coarser[:, first:, q], frames.coarser[:, :, q])
            facts = torch.stack(torch.broadcast_tensors(coarser, *known), 1)
            fit = (
                (-costs[q] @ facts.flatten(2)).view(B, HEADS, R, T).masked_fill(hidden, -torch.inf)
            )
            mixed.append(self.mix(q, scores[:, :, q], fit, past[:, :, q], since))
        return torch.stack(mixed, 2)

    def score_ends(self, codes: Tensor, starts: Tensor, ahead: int = 0) -> Tensor:
        """Logits `[B, T]` that a sound ends with each frame, told by those before it; arguments as
        for `frames`."""
        assert self.ending is not None
        scores: Tensor = self.ending(self.frames(codes, starts, ahead).last, _since(starts, ahead))
        return scores

    def mix(self, level: int, scores: Tensor, fit: Tensor, past: Tensor, since: Tensor) -> Tensor:
        """Log-probabilities `[B, T, K]` of `level` from the network's logits `[B, T, K]`.

        `fit` `[B, H, T, S]` scores past frames, whose codes are `past` `[B, S, K]`; `since` `[B,
        T]` is the number of frames since the sound began.
        """
        K, H = scores.shape[-1], HEADS
        nothing = self.nothing[level][:, None, None].expand(*fit.shape[:3], 1)
        weights = torch.cat([fit, nothing], -1).softmax(-1)
        odds = nothing[..., 0] - weights[..., -1].clamp(min=1e-30).log()
        facts = torch.cat(
            [odds.clamp(-LARGEST_ODDS, LARGEST_ODDS) / 3, since[:, None].log1p() / 5], 1
        ).transpose(1, 2)
        shares = torch.baddbmm(
            self.share[level], facts, self.share_by[level].expand(len(facts), -1, -1)
        ).softmax(-1)
        by_frame = (shares[..., :H].transpose(1, 2)[..., None] * weights[..., :-1]).sum(1)
        even = (1 - by_frame.sum(-1, keepdim=True) - shares[..., H, None]).clamp(min=1e-6)
        told = torch.baddbmm(even / K, by_frame, past)
        return logaddexp(told.log(), shares[..., H, None].log() + scores.log_softmax(-1))


def _fresh(starts: Tensor, ahead: int) -> Tensor:
    """Where `[B, T]` (bool) a sound begins, or the frame before is not known."""
    fresh = starts.clone()
    fresh[:, ahead : ahead + 1] = True
    return fresh


def _since(starts: Tensor, ahead: int) -> Tensor:
    """Frames `[B, T]` since the sound began, or since the first that is known."""
    order = torch.arange(starts.shape[1], device=starts.device)
    return order - torch.where(_fresh(starts, ahead), order, 0).cummax(1).values


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """`[..., T, S]` between the rows of `a` `[..., T, D]` and of `b` `[..., S, D]`."""
    distance = a.square().sum(-1, keepdim=True) + b.square().sum(-1)[..., None, :] - 2 * a @ b.mT
    return distance.clamp(min=0)
