"""A pointer to the recent past: which codes followed when things were as they are now.

Each level has a few heads, and each head is a kernel regression (Nadaraya 1964) over the frames before: a frame weighs
the more the nearer its coarser codes are to this frame's, the nearer the frame before it is to the one before this
frame, the more recent it is, and if no new sound has begun since. Near is measured in the codec's own latents, so that
codes never learned from count as well. The past gives a distribution over codes, spread over entries near to those
that came, and is mixed with what the network says and with all codes alike (cf. pointer sentinel, Merity et al. 2017).

A sound that was not learned from uses few of the fine codes, again and again: that can be seen in its past only.

Where a gap is filled, the frames after it are known as well. They count as the past does: the nearer the more, whether
before or after, and each head weighs what lies ahead by a number of its own.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.models.ending import Ending
from distill.models.rows import log_sum

HEADS = 4
FIRST_SLOPES = (2.0, 0.1, 0.02, 0.005)
"""By how much each head's score falls a frame, before training: from the last frame alone to all of the past."""
FIRST_NEARNESS = (-3.0, -1.0, 1.0, 2.0)
"""Logarithm of how much distance counts, before training: not for the first head, much for the last."""
FIRST_CROSSING, FIRST_NOTHING, FIRST_SPREAD, FIRST_EVEN = 3.0, -6.0, 0.1, -2.0
FIRST_AHEAD = 1.0
LARGEST_ODDS = 6.0


class Frames(NamedTuple):
    """What the pointer knows of frames `[B, T]`: `coarser` `[B, T, Q, D]`, latents of the codes above each level;
    `last` `[B, T, D]`, latents of the frame before, zero where a sound begins or that frame is not known; `sound`
    `[B, T]`, the number of the sound, counting up."""

    coarser: Tensor
    last: Tensor
    sound: Tensor


class Pointer(nn.Module):
    """Mixes scores of codes with what the past says, for `num_quantizers` levels; `D` is `latent_dim`."""

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
        self.share = nn.Parameter(torch.cat([torch.zeros(Q, H + 1), torch.full((Q, 1), FIRST_EVEN)], 1))
        self.share_by = nn.Parameter(torch.zeros(Q, H + 1, H + 2))
        self.ahead = nn.Parameter(torch.full((Q, H), FIRST_AHEAD)) if hears_ahead else None
        self.ending = Ending(latent_dim) if ends_first else None

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
        # Not `squared_distance`, which would copy the entries for every frame; what is the same for all `K` falls out.
        near = self.entries.square().sum(-1) - 2 * torch.einsum("...qd,qkd->...qk", self.latents(codes), self.entries)
        return (-near / (self.variance * self.spread.exp())[:, None]).softmax(-1)

    def costs(self) -> Tensor:
        """What lowers the score of a known frame, for each level and head, `[Q, H, 4]`: squared distance of coarser
        codes and of last frames, frames of age beyond one, a new sound since; and, `[Q, H, 5]`, that it lies ahead."""
        weights = [self.coarser_weight.exp(), self.last_weight.exp(), self.slope.exp(), self.crossing]
        return torch.stack(weights if self.ahead is None else [*weights, self.ahead], 2)

    def frames(self, codes: Tensor, starts: Tensor, ahead: int = 0) -> Frames:
        """Of `codes` `[B, T, Q]`, the first `ahead` of which follow the others in time; `starts` `[B, T]` (bool) marks
        where sounds begin."""
        so_far = self.latents(codes).cumsum(2)
        coarser = F.pad(so_far[:, :, :-1], (0, 0, 1, 0))
        last = F.pad(so_far[:, :-1, -1], (0, 0, 1, 0)) * ~_fresh(starts, ahead)[..., None]
        return Frames(coarser, last, starts.long().cumsum(1))

    def forward(self, scores: Tensor, codes: Tensor, starts: Tensor, window: int, ahead: int = 0) -> Tensor:
        """Log-probabilities `[B, R, Q, K]` of the last `R` of `codes` `[B, T, Q]` from the network's logits `scores`
        `[B, R, Q, K]`.

        Each frame looks at up to `window` frames before it, and at the first `ahead`, which follow the others in time.
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
            # Whether a sound begins between a frame and what lies ahead is not known yet, only what begins there.
            crossed[:, max(0, ahead - first) :, :ahead] = (frames.sound[:, None, :ahead] > 0).to(crossed)
            known.append(((order >= ahead)[first:, None] & (order < ahead)).to(scores.dtype))
        costs, past, mixed = self.costs()[..., : 1 + len(known)], self.spread_out(codes), []
        for q in range(Q):
            coarser = squared_distance(frames.coarser[:, first:, q], frames.coarser[:, :, q])
            facts = torch.stack(torch.broadcast_tensors(coarser, *known), 1)
            fit = (-costs[q] @ facts.flatten(2)).view(B, HEADS, R, T).masked_fill(hidden, -torch.inf)
            mixed.append(self.mix(q, scores[:, :, q], fit, past[:, :, q], since))
        return torch.stack(mixed, 2)

    def score_ends(self, codes: Tensor, starts: Tensor, ahead: int = 0) -> Tensor:
        """Logits `[B, T]` that a sound ends with each frame, told by those before it; arguments as for `frames`."""
        assert self.ending is not None
        scores: Tensor = self.ending(self.frames(codes, starts, ahead).last, _since(starts, ahead))
        return scores

    def mix(self, level: int, scores: Tensor, fit: Tensor, past: Tensor, since: Tensor) -> Tensor:
        """Log-probabilities `[B, T, K]` of `level` from the network's logits `[B, T, K]`.

        `fit` `[B, H, T, S]` scores past frames, whose codes are `past` `[B, S, K]`; `since` `[B, T]` is the number of
        frames since the sound began.
        """
        K, H = scores.shape[-1], HEADS
        nothing = self.nothing[level][:, None, None].expand(*fit.shape[:3], 1)
        weights = torch.cat([fit, nothing], -1).softmax(-1)
        odds = nothing[..., 0] - weights[..., -1].clamp(min=1e-30).log()
        facts = torch.cat([odds.clamp(-LARGEST_ODDS, LARGEST_ODDS) / 3, since[:, None].log1p() / 5], 1).transpose(1, 2)
        shares = torch.baddbmm(self.share[level], facts, self.share_by[level].expand(len(facts), -1, -1)).softmax(-1)
        by_frame = (shares[..., :H].transpose(1, 2)[..., None] * weights[..., :-1]).sum(1)
        even = (1 - by_frame.sum(-1, keepdim=True) - shares[..., H, None]).clamp(min=1e-6)
        told = torch.baddbmm(even / K, by_frame, past)
        return log_sum(told.log(), shares[..., H, None].log() + scores.log_softmax(-1))


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


def recent_slots(count: int, ahead: int, window: int) -> tuple[Tensor, Tensor]:
    """Slots `[n]` of a ring for those frames `[n]`, of `count`, that are still in it: the first `ahead`, which stay in
    front of it, and of those after them the last `window`."""
    kept = torch.arange(count)
    kept = kept[(kept < ahead) | (kept >= count - window)]
    return torch.where(kept < ahead, kept, ahead + (kept - ahead) % window), kept


class Memory:
    """What the pointer keeps of the last `window` frames while codes are drawn one after the other.

    A ring of slots: how old each is tells the pointer what it needs to know of their order. In front of it are slots
    for `ahead` frames that follow in time, if any.
    """

    def __init__(self, pointer: Pointer, batch_size: int, window: int, ahead: int = 0) -> None:
        Q, K, D = pointer.entries.shape
        empty, slots = pointer.entries.new_zeros, ahead + window
        numbers = torch.zeros(batch_size, slots, dtype=torch.long, device=pointer.entries.device)
        self.pointer, self.window, self.kept = pointer, window, 0
        self.past = Frames(empty(batch_size, slots, Q, D), empty(batch_size, slots, D), numbers)
        self.codes = empty(batch_size, Q, slots, K)
        self.last = empty(batch_size, 1, D)
        self.sound, self.since = numbers[:, :1].clone(), numbers[:, :1].clone()
        self.costs = pointer.costs()
        # Of every code once: of those drawn together at once, each would depend on how many there are.
        everyone = torch.arange(K, device=numbers.device)[:, None].expand(K, Q)
        self.spread, self.levels = pointer.spread_out(everyone), torch.arange(Q, device=numbers.device)
        self.ahead, self.place = ahead, 0
        self.fit = empty(batch_size, Q, HEADS, 1, 0)

    def hold(self, codes: Tensor, starts: Tensor, place: int) -> None:
        """Begin with `codes` `[S, T, Q]`, of each stream or of all, the last of which is still to be pushed.

        Those of the first `ahead` frames, which lie from `place` on, stay for good; the others lie from 0 on. Sounds
        begin at `starts` `[S, T]` (bool).
        """
        T, past = codes.shape[1], codes.shape[1] - self.ahead
        frames = self.pointer.frames(codes, starts, self.ahead)
        slots, done = recent_slots(T - bool(past), self.ahead, self.window)
        for kept, new in zip(self.past, frames, strict=True):
            kept[:, slots] = new[:, done]
        self.codes[:, :, slots] = self.spread[codes[:, done], self.levels].transpose(1, 2)
        self.place = place
        if past:
            self.kept = past - 1
            self.last[:], self.sound[:] = frames.last[:, -1:], frames.sound[:, -1:]
            self.since[:] = _since(starts, self.ahead)[:, -1:]

    def push(self, previous: Tensor | None, starts: Tensor) -> None:
        """Keep the codes `previous` `[B, Q]` (None: there are none yet) and go on to the next frame, which begins a
        new sound where `starts` `[B]` (bool)."""
        if previous is not None:
            self._keep(previous, starts)
        if self.ahead + self.kept:
            self.fit = self._fit()

    def score_end(self) -> Tensor:
        """Logit `[B]` that the sound ends with the coming frame."""
        assert self.pointer.ending is not None
        scores: Tensor = self.pointer.ending(self.last, self.since)
        return scores[:, 0]

    def _keep(self, previous: Tensor, starts: Tensor) -> None:
        so_far = self.pointer.latents(previous).cumsum(1)
        slot = self.ahead + self.kept % self.window
        self.past.coarser[:, slot, 1:] = so_far[:, :-1]
        self.past.last[:, slot], self.past.sound[:, slot] = self.last[:, 0], self.sound[:, 0]
        self.codes[:, :, slot] = self.spread[previous, self.levels]
        self.kept += 1
        self.last = (so_far[:, -1] * ~starts[:, None])[:, None]
        self.sound = self.sound + starts[:, None]
        self.since = torch.where(starts[:, None], 0, self.since + 1)

    def _fit(self) -> Tensor:
        """Scores `[B, Q, H, 1, S]` of known frames, but for the coarser codes of this one, which come one by one."""
        ahead, filled = self.ahead, min(self.kept, self.window)
        last = squared_distance(self.last, self.past.last[:, : ahead + filled])[:, 0]
        order = torch.arange(ahead + filled, device=last.device)
        age = torch.where(
            order < ahead, self.place + order - self.kept - 1, (self.kept - 1 + ahead - order) % self.window
        )
        crossed = self.sound != self.past.sound[:, : ahead + filled]
        crossed[:, :ahead] = self.past.sound[:, :ahead] > 0
        known = [last, age.to(last.dtype).expand_as(last), crossed.to(last.dtype)]
        if ahead:
            known.append((order < ahead).to(last.dtype).expand_as(last))
        fit = -self.costs[..., 1 : 1 + len(known)].flatten(0, 1) @ torch.stack(known, 1)
        return fit.view(len(last), -1, HEADS, 1, ahead + filled)

    def mix(self, level: int, scores: Tensor, coarser: Tensor) -> Tensor:
        """Log-probabilities `[B, K]` of `level` from the network's logits `[B, K]`; `coarser` `[B, D]` are the
        latents of those codes of this frame that are chosen."""
        filled, fit = self.fit.shape[-1], self.fit[:, level]
        if level:
            near = squared_distance(coarser[:, None], self.past.coarser[:, :filled, level])
            fit = fit - self.costs[level, :, :1, None] * near[:, None]
        past = self.codes[:, level, :filled]
        return self.pointer.mix(level, scores[:, None], fit, past, self.since)[:, 0]
