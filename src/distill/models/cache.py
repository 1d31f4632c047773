"""The attention cache and the pointer cache of a prior."""

import torch
from torch import Tensor

from distill.models.pointer import HEADS, Frames, Pointer, _since, squared_distance


def recent_slots(count: int, ahead: int, window: int) -> tuple[Tensor, Tensor]:
    """Slots `[n]` of a ring for those frames `[n]`, of `count`, that are still in it: the first
    `ahead`, which stay in front of it, and of those after them the last `window`."""
    kept = torch.arange(count)
    kept = kept[(kept < ahead) | (kept >= count - window)]
    return torch.where(kept < ahead, kept, ahead + (kept - ahead) % window), kept


class PointerCache:
    """What the pointer keeps of the last `window` frames while codes are drawn one after the other.

    A ring of slots: how old each is tells the pointer what it needs to know of their order. In
    front of it are slots for `ahead` frames that follow in time, if any.
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
        # Of every code once: of those drawn together at once, each would depend on how many there
        # are.
        everyone = torch.arange(K, device=numbers.device)[:, None].expand(K, Q)
        self.spread, self.levels = (
            pointer.spread_out(everyone),
            torch.arange(Q, device=numbers.device),
        )
        self.ahead, self.place = ahead, 0
        self.fit = empty(batch_size, Q, HEADS, 1, 0)

    def hold(self, codes: Tensor, starts: Tensor, place: int) -> None:
        """Begin with `codes` `[S, T, Q]`, of each stream or of all, the last of which is still to
        be pushed.

        Those of the first `ahead` frames, which lie from `place` on, stay for good; the others lie
        from 0 on. Sounds begin at `starts` `[S, T]` (bool).
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
        """Keep the codes `previous` `[B, Q]` (None: there are none yet) and go on to the next
        frame, which begins a new sound where `starts` `[B]` (bool)."""
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
        """Scores `[B, Q, H, 1, S]` of known frames, but for the coarser codes of this one, which
        come one by one."""
        ahead, filled = self.ahead, min(self.kept, self.window)
        last = squared_distance(self.last, self.past.last[:, : ahead + filled])[:, 0]
        order = torch.arange(ahead + filled, device=last.device)
        age = torch.where(
            order < ahead,
            self.place + order - self.kept - 1,
            (self.kept - 1 + ahead - order) % self.window,
        )
        crossed = self.sound != self.past.sound[:, : ahead + filled]
        crossed[:, :ahead] = self.past.sound[:, :ahead] > 0
        known = [last, age.to(last.dtype).expand_as(last), crossed.to(last.dtype)]
        if ahead:
            known.append((order < ahead).to(last.dtype).expand_as(last))
        fit = -self.costs[..., 1 : 1 + len(known)].flatten(0, 1) @ torch.stack(known, 1)
        return fit.view(len(last), -1, HEADS, 1, ahead + filled)

    def mix(self, level: int, scores: Tensor, coarser: Tensor) -> Tensor:
        """Log-probabilities `[B, K]` of `level` from the network's logits `[B, K]`; `coarser` `[B,
        D]` are the latents of those codes of this frame that are chosen."""
        filled, fit = self.fit.shape[-1], self.fit[:, level]
        if level:
            near = squared_distance(coarser[:, None], self.past.coarser[:, :filled, level])
            fit = fit - self.costs[level, :, :1, None] * near[:, None]
        past = self.codes[:, level, :filled]
        return self.pointer.mix(level, scores[:, None], fit, past, self.since)[:, 0]


class PriorCache:
    """Keys and values of the last `window` frames for every layer: constant memory however long the
    output.

    Those of the first `ahead` steps stay for good. `position` is the place in time of the next
    step.
    """

    def __init__(self, num_layers: int, window: int) -> None:
        self.window, self.ahead, self.batch_size = window, 0, 1
        self.position = self.steps = 0
        self.memory: PointerCache | None = None
        self._keys: list[Tensor | None] = [None] * num_layers
        self._values: list[Tensor | None] = [None] * num_layers

    def begin(self, batch_size: int, ahead: int) -> None:
        """Before anything is kept: of so many streams, with so many slots that stay."""
        self.batch_size, self.ahead = batch_size, ahead

    def fill(self, streams: slice, layer: int, key: Tensor, value: Tensor) -> None:
        """Keep the first keys and values `[1, heads, T, head_dim]` of some `streams`, which are
        alike."""
        _, heads, T, dim = key.shape
        slots, frames = recent_slots(T, self.ahead, self.window)
        for kept, new in ((self._keys, key), (self._values, value)):
            whole = kept[layer]
            if whole is None:
                whole = kept[layer] = new.new_zeros(
                    self.batch_size, heads, self.ahead + self.window, dim
                )
            whole[streams, :, slots] = new[:, :, frames]

    def push(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add one frame's `[B, heads, 1, head_dim]`; return all that it may look at, itself
        included.

        The order of the slots is of no matter to attention: positions are in the keys already.
        """
        keys, values = self._keys[layer], self._values[layer]
        if keys is None or values is None:
            B, heads, _, dim = key.shape
            keys = self._keys[layer] = key.new_zeros(B, heads, self.ahead + self.window, dim)
            values = self._values[layer] = value.new_zeros(B, heads, self.ahead + self.window, dim)
        past = self.steps - self.ahead
        slot = self.steps if past < 0 else self.ahead + past % self.window
        filled = min(self.steps + 1, self.ahead + self.window)
        keys[:, :, slot] = key[:, :, 0]
        values[:, :, slot] = value[:, :, 0]
        return keys[:, :, :filled], values[:, :, :filled]
