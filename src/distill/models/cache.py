"""Cache of a prior that draws frame by frame: attention keys and values, and the pointer's past.

With it a frame costs the same however long the past is: earlier frames are not computed again
(incremental decoding, cf. Shazeer 2019, "Fast Transformer Decoding"). It keeps the last `window`
frames in a ring of slots, so that memory does not grow. Slots in front of the ring hold a suffix:
frames that follow a gap in time, and stay.

Tests hold that cached frames score as uncached ones (`tests/models/test_prior_stream.py`).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from distill.models.pointer import HEADS, FrameFeatures, Pointer, sound_age, squared_distance


class RingSlots(NamedTuple):
    """The `frames` `[n]` of a sequence that are still in a ring, and their `slots` `[n]`."""

    slots: Tensor
    frames: Tensor


def ring_slots(count: int, suffix_slots: int, window: int) -> RingSlots:
    """Slots of the first `suffix_slots` of `count` frames, which stay in front of the ring, and of
    the last `window` of the others."""
    order = torch.arange(count)
    is_stored = (order < suffix_slots) | (order >= count - window)
    frames = order[is_stored]
    in_ring = suffix_slots + (frames - suffix_slots) % window
    slots = torch.where(frames < suffix_slots, frames, in_ring)
    return RingSlots(slots, frames)


class PointerCache:
    """Past frames of `B` streams as the pointer compares them (`models/pointer.py`).

    Args:
        pointer: the pointer of the prior.
        batch_size: number of streams `B`.
        window: frames in the ring.
        suffix_frames: slots in front of it, for frames that follow a gap.
    """

    def __init__(
        self,
        pointer: Pointer,
        batch_size: int,
        window: int,
        suffix_frames: int = 0,
    ) -> None:
        Q, K, D = pointer.entries.shape
        B = batch_size
        slots = suffix_frames + window
        zeros = pointer.entries.new_zeros
        device = pointer.entries.device

        self.pointer = pointer
        self.window = window
        self.suffix_frames = suffix_frames
        self.suffix_position = 0
        # Frames that went into the ring so far, overwritten ones included.
        self.frame_count = 0

        # Of the frames in the slots.
        self.past = FrameFeatures(
            coarser=zeros(B, slots, Q, D),
            previous=zeros(B, slots, D),
            sound=torch.zeros(B, slots, dtype=torch.long, device=device),
        )
        self.distributions = zeros(B, Q, slots, K)

        # Of the current frame.
        self.previous = zeros(B, 1, D)
        self.sound = torch.zeros(B, 1, dtype=torch.long, device=device)
        self.age = torch.zeros(B, 1, dtype=torch.long, device=device)
        self.frame_logits = zeros(B, Q, HEADS, 1, 0)

        # Constant while a prior draws, so computed once.
        self.costs = pointer.costs()
        self.levels = torch.arange(Q, device=device)
        # For every code beforehand: for the drawn codes alone, the rounding of a distribution would
        # depend on the number of streams.
        every_code = torch.arange(K, device=device)[:, None].expand(K, Q)
        self.code_distributions = pointer.code_distributions(every_code)

    def fill(self, codes: Tensor, starts: Tensor, suffix_position: int) -> None:
        """Take in a whole context at once, before any `append`. Its last frame is left out, since
        the next `append` brings it.

        Args:
            codes: codes `[B, T, Q]`, the suffix first; `[1, T, Q]` for all streams alike.
            starts: frames `[B, T]` or `[1, T]` (bool) that begin a sound.
            suffix_position: position of the suffix in time, in frames; the others lie from 0 on.
        """
        T = codes.shape[1]
        prompt_frames = T - self.suffix_frames
        features = self.pointer.frame_features(codes, starts, self.suffix_frames)
        # A suffix alone is stored whole: its last frame has no successor that would bring it.
        count = T - 1 if prompt_frames else T
        slots, frames = ring_slots(count, self.suffix_frames, self.window)
        # In place: `past` are the tensors of all slots.
        for past, new in zip(self.past, features, strict=True):
            past[:, slots] = new[:, frames]
        distributions = self.code_distributions[codes[:, frames], self.levels]
        self.distributions[:, :, slots] = distributions.transpose(1, 2)

        self.suffix_position = suffix_position
        if prompt_frames:
            # The last frame of the prompt is the current one until the next `append`.
            self.frame_count = prompt_frames - 1
            self.previous[:] = features.previous[:, -1:]
            self.sound[:] = features.sound[:, -1:]
            age = sound_age(starts, self.suffix_frames)
            self.age[:] = age[:, -1:]

    def append(self, codes: Tensor, starts: Tensor) -> None:
        """Store frames and go on to the one after them.

        Args:
            codes: codes `[B, n, Q]` of the current frame and of those that follow, at most as many
                as the ring holds; none before the first frame of all.
            starts: which of the frames after each of them begin a sound, `[B, n]` (bool).
        """
        if codes.shape[1]:
            self._store(codes, starts)
        if self.suffix_frames + self.frame_count:
            self.frame_logits = self._frame_logits()

    def _store(self, codes: Tensor, starts: Tensor) -> None:
        """Move the current frame and those after it into the ring; then open a new one."""
        n = codes.shape[1]
        latents = self.pointer.latents(codes).cumsum(2)
        order = torch.arange(n, device=codes.device)
        slots = self.suffix_frames + (self.frame_count + order) % self.window
        # A sound knows nothing of the frame before its first.
        previous = torch.cat([self.previous, latents[:, :, -1] * ~starts[..., None]], 1)
        sound = torch.cat([self.sound, self.sound + starts.cumsum(1)], 1)
        # The first level has no coarser codes: its entry stays zero.
        self.past.coarser[:, slots, 1:] = latents[:, :, :-1]
        self.past.previous[:, slots] = previous[:, :-1]
        self.past.sound[:, slots] = sound[:, :-1]
        distributions = self.code_distributions[codes, self.levels]
        self.distributions[:, :, slots] = distributions.transpose(1, 2)
        self.frame_count += n

        self.previous = previous[:, -1:]
        self.sound = sound[:, -1:]
        # Frames from the last beginning to the new frame, where there is one.
        since = torch.where(starts, n - 1 - order, self.age + n).amin(1, keepdim=True)
        self.age = since

    def _frame_logits(self) -> Tensor:
        """Attention logits `[B, Q, H, 1, P]` of the `P` stored frames.

        Without the term of the coarser codes, since the current frame's are chosen one by one.
        """
        suffix = self.suffix_frames
        P = suffix + min(self.frame_count, self.window)
        previous = squared_distance(self.previous, self.past.previous[:, :P])[:, 0]
        B = len(previous)
        slots = torch.arange(P, device=previous.device)
        in_suffix = slots < suffix

        # Frames between a stored frame and the current one.
        before_suffix = self.suffix_position + slots - self.frame_count - 1
        since_stored = (self.frame_count - 1 + suffix - slots) % self.window
        age = torch.where(in_suffix, before_suffix, since_stored)
        # A boundary before the suffix is unknown as yet: only those within it count.
        crosses = self.sound != self.past.sound[:, :P]
        crosses[:, :suffix] = self.past.sound[:, :suffix] > 0

        # In the order of `Pointer.costs` from the second on.
        features = [
            previous,
            age.to(previous.dtype).expand_as(previous),
            crosses.to(previous.dtype),
        ]
        if suffix:
            features.append(in_suffix.to(previous.dtype).expand_as(previous))
        costs = self.costs[..., 1 : 1 + len(features)]
        costs = costs.flatten(0, 1)
        logits = -costs @ torch.stack(features, 1)
        return logits.view(B, -1, HEADS, 1, P)

    def mix(self, level: int, logits: Tensor, latents: Tensor) -> Tensor:
        """Mix one level's logits with the stored frames.

        Args:
            level: number of the level.
            logits: logits `[B, K]` of the network.
            latents: summed latents `[B, D]` of the current frame's coarser codes.

        Returns:
            Log-probabilities `[B, K]`.
        """
        frame_logits = self.frame_logits[:, level]
        P = frame_logits.shape[-1]
        if level:
            # The term that `_frame_logits` leaves out.
            distance = squared_distance(latents[:, None], self.past.coarser[:, :P, level])
            cost = self.costs[level, :, :1, None]
            frame_logits = frame_logits - cost * distance[:, None]
        # As a sequence of one frame.
        log_probs = self.pointer.mix(
            level,
            logits[:, None],
            frame_logits,
            self.distributions[:, level, :P],
            self.age,
        )
        return log_probs[:, 0]

    def end_logits(self) -> Tensor:
        """Logits `[B]` that the sound ends with the current frame."""
        assert self.pointer.ending is not None
        logits: Tensor = self.pointer.ending(self.previous, self.age)
        return logits[:, 0]


class PriorCache:
    """Keys and values of every layer, and the pointer's cache, for the streams of a batch.

    `fill` takes in a context; then each frame, or several at once, call `append` once a layer,
    and `advance`.

    Attributes:
        position: place of the next frame in time, in frames.

    Args:
        like: a tensor of the dtype and device of the keys.
        shape: shape `[B, heads, head_dim]` of one frame's keys.
        num_layers: layers of the Transformer.
        window: frames that a frame attends to, itself included.
        suffix_slots: inputs of the suffix, which stay.
        pointer: cache of the pointer, if the prior has one.
    """

    def __init__(
        self,
        like: Tensor,
        shape: tuple[int, int, int],
        num_layers: int,
        window: int,
        suffix_slots: int,
        pointer: PointerCache | None,
    ) -> None:
        B, heads, head_dim = shape
        slots = suffix_slots + window
        self.window = window
        self.suffix_slots = suffix_slots
        self.pointer = pointer
        self.position = 0
        self._keys = [like.new_zeros(B, heads, slots, head_dim) for _ in range(num_layers)]
        self._values = [like.new_zeros(B, heads, slots, head_dim) for _ in range(num_layers)]

    def fill(
        self,
        streams: slice,
        layer: int,
        key: Tensor,
        value: Tensor,
    ) -> None:
        """Take in keys and values of a whole context at once, before any `append`.

        Args:
            streams: streams that share this context.
            layer: number of the layer.
            key: keys `[1, heads, T, head_dim]`, those of the suffix first.
            value: values of the same shape.
        """
        T = key.shape[2]
        slots, inputs = ring_slots(T, self.suffix_slots, self.window)
        self._keys[layer][streams, :, slots] = key[:, :, inputs]
        self._values[layer][streams, :, slots] = value[:, :, inputs]
        self.position = T - self.suffix_slots

    def append(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store the keys and values `[B, heads, n, head_dim]` of the next frames, at most `window`.

        Returns:
            Keys and values `[B, heads, P, head_dim]` that the frames attend to, themselves
            included: one frame to all of them, several as `mask` says. Their order does not matter
            for one: keys carry their position already.
        """
        n = key.shape[2]
        keys = self._keys[layer]
        values = self._values[layer]
        stop = self._stored_slots(self.position)
        if n > 1 and self._overwrites(n):
            # The first of the frames still attend to what the last ones take the place of.
            seen_keys = torch.cat([keys[:, :, :stop], key], 2)
            seen_values = torch.cat([values[:, :, :stop], value], 2)
        else:
            stop = self._stored_slots(self.position + n)
            seen_keys = keys[:, :, :stop]
            seen_values = values[:, :, :stop]
        # The oldest frames' slots, once the ring is full.
        first = self.position % self.window
        ahead = min(n, self.window - first)
        slot = self.suffix_slots + first
        keys[:, :, slot : slot + ahead] = key[:, :, :ahead]
        values[:, :, slot : slot + ahead] = value[:, :, :ahead]
        if ahead < n:
            slot = self.suffix_slots
            keys[:, :, slot : slot + n - ahead] = key[:, :, ahead:]
            values[:, :, slot : slot + n - ahead] = value[:, :, ahead:]
        return seen_keys, seen_values

    def _stored_slots(self, position: int) -> int:
        """Number of slots in use once `position` frames are stored."""
        return self.suffix_slots + min(position, self.window)

    def _overwrites(self, n: int) -> bool:
        """Whether the next `n` frames take the places of earlier ones."""
        return self.position + n > self.window

    def mask(self, n: int, device: torch.device) -> Tensor | None:
        """Keys `[n, P]` (bool) that each of the next `n` frames may attend to, as `append` gives
        them; None for all."""
        if n == 1:
            return None
        order = torch.arange(n, device=device)
        sees_new = order[:, None] >= order
        stop = self._stored_slots(self.position)
        sees_old = torch.ones(n, stop, dtype=torch.bool, device=device)
        if self._overwrites(n):
            slots = torch.arange(stop - self.suffix_slots, device=device)
            # Frames from the one stored last back to that in each slot of the ring.
            since = (self.position - 1 - slots) % self.window
            sees_old[:, self.suffix_slots :] = order[:, None] + 1 + since < self.window
        return torch.cat([sees_old, sees_new], 1)

    def advance(self, n: int = 1) -> None:
        """Go on by `n` frames, after `append` for every layer."""
        self.position += n
