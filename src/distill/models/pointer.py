"""A pointer to the recent past: which codes followed when things were as they are now.

Each level has a few heads, and each head is a kernel regression (Nadaraya 1964) over the frames before: a frame weighs
the more the nearer its coarser codes are to this frame's, the nearer the frame before it is to the one before this
frame, the more recent it is, and if no new sound has begun since. Near is measured in the codec's own latents, so that
codes never learned from count as well. The past gives a distribution over codes, spread over entries near to those
that came, and is mixed with what the network says and with all codes alike (cf. pointer sentinel, Merity et al. 2017).

A sound that was not learned from uses few of the fine codes, again and again: that can be seen in its past only.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 4
FIRST_SLOPES = (2.0, 0.1, 0.02, 0.005)
"""By how much each head's score falls a frame, before training: from the last frame alone to all of the past."""
FIRST_NEARNESS = (-3.0, -1.0, 1.0, 2.0)
"""Logarithm of how much distance counts, before training: not for the first head, much for the last."""
FIRST_CROSSING, FIRST_NOTHING, FIRST_SPREAD, FIRST_EVEN = 3.0, -6.0, 0.1, -2.0
LARGEST_ODDS = 6.0


class Frames(NamedTuple):
    """What the pointer knows of frames `[B, T]`: `coarser` `[B, T, Q, D]`, latents of the codes above each level;
    `last` `[B, T, D]`, latents of the frame before, zero where a sound begins; `sound` `[B, T]`, the number of the
    sound, counting up."""

    coarser: Tensor
    last: Tensor
    sound: Tensor


class Pointer(nn.Module):
    """Mixes scores of codes with what the past says, for `num_quantizers` levels; `D` is `latent_dim`."""

    entries: Tensor

    def __init__(self, codebook_size: int, num_quantizers: int, latent_dim: int) -> None:
        super().__init__()
        Q, H = num_quantizers, HEADS
        # Until `set_entries`: at random, so that codes are near to none but themselves.
        self.register_buffer("entries", torch.zeros(Q, codebook_size, latent_dim))
        nn.init.normal_(self.entries, std=(Q * latent_dim) ** -0.5)
        self.slope = nn.Parameter(torch.tensor(FIRST_SLOPES).log().repeat(Q, 1))
        self.coarser_weight = nn.Parameter(torch.tensor(FIRST_NEARNESS).repeat(Q, 1))
        self.last_weight = nn.Parameter(torch.tensor(FIRST_NEARNESS).repeat(Q, 1))
        self.crossing = nn.Parameter(torch.full((Q, H), FIRST_CROSSING))
        self.nothing = nn.Parameter(torch.full((Q, H), FIRST_NOTHING))
        self.spread = nn.Parameter(torch.full((Q,), FIRST_SPREAD).log())
        # Shares of the heads, of the network, and of all codes alike.
        self.share = nn.Parameter(torch.cat([torch.zeros(Q, H + 1), torch.full((Q, 1), FIRST_EVEN)], 1))
        self.share_by = nn.Parameter(torch.zeros(Q, H + 1, H + 2))

    @torch.no_grad()
    def set_entries(self, entries: Tensor) -> None:
        """Take over the codec's codebooks `[Q, K, D]`, in units of the spread of all latents."""
        total = entries.var(1, correction=0).sum().sqrt()
        self.entries.copy_(entries / total.clamp(min=1e-6))

    def latents(self, codes: Tensor) -> Tensor:
        """Entries `[..., Q, D]` of `codes` `[..., Q]`."""
        return torch.stack([self.entries[q][codes[..., q]] for q in range(len(self.entries))], -2)

    def spread_out(self, codes: Tensor, level: int) -> Tensor:
        """`codes` `[..., T]` of `level` as distributions `[..., T, K]` over the entries near to them."""
        entries = self.entries[level]
        distance = squared_distance(entries[codes], entries) / entries.var(0, correction=0).sum().clamp(min=1e-6)
        return (-distance / self.spread[level].exp()).softmax(-1)

    def frames(self, codes: Tensor, starts: Tensor) -> Frames:
        """Of `codes` `[B, T, Q]`; `starts` `[B, T]` (bool) marks where sounds begin."""
        so_far = self.latents(codes).cumsum(2)
        coarser = F.pad(so_far[:, :, :-1], (0, 0, 1, 0))
        last = F.pad(so_far[:, :-1, -1], (0, 0, 1, 0)) * ~starts[..., None]
        return Frames(coarser, last, starts.long().cumsum(1))

    def forward(self, scores: Tensor, codes: Tensor, starts: Tensor, window: int) -> Tensor:
        """Log-probabilities `[B, T, Q, K]` of `codes` `[B, T, Q]` from the network's logits `scores` `[B, T, Q, K]`.

        Each frame looks at up to `window` frames before it.
        """
        T = codes.shape[1]
        frames = self.frames(codes, starts)
        place = torch.arange(T, device=codes.device)
        age = place[:, None] - place
        hidden = (age <= 0) | (age > window)
        crossed = frames.sound[:, :, None] - frames.sound[:, None]
        begun = torch.where(starts, place, 0).cummax(1).values
        last = squared_distance(frames.last, frames.last)
        mixed = []
        for q in range(codes.shape[2]):
            coarser = squared_distance(frames.coarser[:, :, q], frames.coarser[:, :, q])
            weights = self.weigh(q, coarser, last, age, crossed, hidden)
            past = self.spread_out(codes[:, :, q], q)
            mixed.append(self.mix(q, scores[:, :, q], *weights, past, place - begun))
        return torch.stack(mixed, 2)

    def weigh(
        self, level: int, coarser: Tensor, last: Tensor, age: Tensor, crossed: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        """How much each past frame weighs with each head `[B, H, T, S]`, and how well the past fits `[B, T, H]`."""
        facts = torch.stack(torch.broadcast_tensors(coarser, last, age - 1.0, crossed.clamp(max=1)), 1)
        costs = (self.coarser_weight.exp(), self.last_weight.exp(), self.slope.exp(), self.crossing)
        cost = torch.stack([weight[level] for weight in costs], 1)
        B, _, T, S = facts.shape
        scores = (-cost @ facts.flatten(2)).view(B, HEADS, T, S).masked_fill(hidden, -torch.inf)
        nothing = self.nothing[level][:, None, None].expand(B, -1, T, 1)
        weights = torch.cat([scores, nothing], -1).softmax(-1)
        odds = nothing[..., 0] - weights[..., -1].clamp(min=1e-30).log()
        return weights[..., :-1], odds.transpose(1, 2)

    def mix(self, level: int, scores: Tensor, weights: Tensor, odds: Tensor, past: Tensor, since: Tensor) -> Tensor:
        """Log-probabilities `[B, T, K]`; `past` `[B, S, K]`, `since` `[B, T]` frames since the sound began."""
        K, H = scores.shape[-1], HEADS
        fit = odds.clamp(-LARGEST_ODDS, LARGEST_ODDS) / 3
        facts = torch.cat([fit, since[..., None].float().log1p() / 5], -1)
        shares = (self.share[level] + facts @ self.share_by[level]).softmax(-1)
        by_frame = (shares[..., :H].transpose(1, 2)[..., None] * weights).sum(1)
        even = 1 - by_frame.sum(-1) - shares[..., H]
        told = by_frame @ past + even.clamp(min=1e-6)[..., None] / K
        return torch.logaddexp(told.log(), shares[..., H, None].log() + scores.log_softmax(-1))


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """`[..., T, S]` between the rows of `a` `[..., T, D]` and of `b` `[..., S, D]`."""
    distance = a.square().sum(-1, keepdim=True) + b.square().sum(-1)[..., None, :] - 2 * a @ b.mT
    return distance.clamp(min=0)


class Memory:
    """What the pointer keeps of the last `window` frames while codes are drawn one after the other.

    A ring of slots: how old each is tells the pointer what it needs to know of their order.
    """

    def __init__(self, pointer: Pointer, batch_size: int, window: int) -> None:
        Q, K, D = pointer.entries.shape
        empty = pointer.entries.new_zeros
        numbers = torch.zeros(batch_size, window, dtype=torch.long, device=pointer.entries.device)
        self.pointer, self.window, self.kept = pointer, window, 0
        self.past = Frames(empty(batch_size, window, Q, D), empty(batch_size, window, D), numbers)
        self.codes = empty(batch_size, window, Q, K)
        self.last = empty(batch_size, 1, D)
        self.sound, self.since = numbers[:, :1].clone(), numbers[:, 0].clone()

    def push(self, previous: Tensor | None, starts: Tensor) -> None:
        """Keep the codes `previous` `[B, Q]` (None: there are none yet) and go on to the next frame, which begins a
        new sound where `starts` `[B]` (bool)."""
        if previous is None:
            return
        so_far = self.pointer.latents(previous).cumsum(1)
        slot = self.kept % self.window
        self.past.coarser[:, slot, 1:] = so_far[:, :-1]
        self.past.last[:, slot], self.past.sound[:, slot] = self.last[:, 0], self.sound[:, 0]
        for q in range(previous.shape[1]):
            self.codes[:, slot, q] = self.pointer.spread_out(previous[:, q : q + 1], q)[:, 0]
        self.kept += 1
        self.last = (so_far[:, -1] * ~starts[:, None])[:, None]
        self.sound = self.sound + starts[:, None]
        self.since = torch.where(starts, 0, self.since + 1)

    def mix(self, level: int, scores: Tensor, coarser: Tensor) -> Tensor:
        """Log-probabilities `[B, K]` of `level` from the network's logits `[B, K]`; `coarser` `[B, D]` are the
        latents of those codes of this frame that are chosen."""
        filled = min(self.kept, self.window)
        past = Frames(*(kept[:, :filled] for kept in self.past))
        age = (self.kept - 1 - torch.arange(filled, device=scores.device)) % self.window + 1
        near = squared_distance(coarser[:, None], past.coarser[:, :, level])
        last = squared_distance(self.last, past.last)
        crossed = self.sound[..., None] - past.sound[:, None]
        hidden = torch.zeros_like(age, dtype=torch.bool)
        weights = self.pointer.weigh(level, near, last, age[None], crossed, hidden)
        return self.pointer.mix(level, scores[:, None], *weights, self.codes[:, :filled, level], self.since[:, None])[
            :, 0
        ]
