"""Pointer to the past: attention over earlier frames that copies their codes.

Each level has `HEADS` heads. A head is a kernel regression (Nadaraya 1964) over past frames: a
frame weighs more

- the nearer its coarser codes are to those of the current frame,
- the nearer the frame before it is to the frame before the current one,
- the more recent it is,
- and if no new sound has begun since.

Distances are measured in the codec's latents, so that codes that never occurred in training count
too. The weighted past frames give a distribution over codes, spread over nearby entries. It is
mixed with the network's distribution and with a uniform one (cf. pointer sentinel, Merity et al.
2017). An unfamiliar sound uses few fine codes again and again, which only its own past can show.

When a gap is filled, the frames after it (the suffix) are attended to as well. Each head has a
weight for them.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.device import CONSTANTS
from distill.models.batch_invariant import logaddexp
from distill.models.end_hazard import EndHazard

HEADS = 4
"""Heads for each level; as many as there are values in the two tuples below."""
FIRST_SLOPES = (2.0, 0.1, 0.02, 0.005)
"""Fall of each head's score per frame of age, before training. The first head sees the last frame
alone, the last head all of the window."""
FIRST_NEARNESS = (-3.0, -1.0, 1.0, 2.0)
"""Logarithm of each head's distance weight, before training: from almost ignored to strict."""
FIRST_CROSSING = 3.0
"""Cost of a sound boundary between the two frames, in nats, before training."""
FIRST_NOTHING = -6.0
"""Score of the sentinel that stands for no frame, in nats, before training."""
FIRST_SPREAD = 0.1
"""Width of the kernel over entries, as a share of a level's variance, before training."""
FIRST_EVEN = -2.0
"""Logit of the uniform distribution's share, before training; those of heads and network are 0."""
FIRST_AHEAD = 1.0
"""Cost of a frame of the suffix, in nats, before training."""
LARGEST_LOG_TOTAL = 6.0
"""Bound of the log of a head's total weight, in nats, as a feature of the shares. A match beyond it
is as sure as it can be."""
LOG_TOTAL_SCALE = 3
"""Divisor of that feature, which brings it to about 1."""
LOG_AGE_SCALE = 5
"""Divisor of log(1 + age in frames), which brings it to about 1 for sounds of seconds."""


class FrameFeatures(NamedTuple):
    """Features by which the pointer compares frames `[B, T]`.

    `coarser` `[B, T, Q, D]` are the summed latents of the codes above each level. `previous`
    `[B, T, D]` are the latents of the frame before, zero where a sound begins or where that frame
    is unknown. `sound` `[B, T]` counts sounds upwards.
    """

    coarser: Tensor
    previous: Tensor
    sound: Tensor


class Pointer(nn.Module):
    """Mixes the network's code logits with what followed similar frames in the past.

    Args:
        codebook_size: entries `K` of each level.
        num_quantizers: levels `Q`.
        latent_dim: latent dimension `D` of the codec.
        hears_ahead: whether frames that follow a gap can be attended to.
        ends_first: whether the pointer predicts the ends of sounds (`models/end_hazard.py`).
    """

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
        Q = num_quantizers
        H = HEADS
        # Random until `set_entries`: each code is then near to itself only.
        self.register_buffer("entries", torch.zeros(Q, codebook_size, latent_dim))
        nn.init.normal_(self.entries, std=(Q * latent_dim) ** -0.5)
        self.register_buffer("variance", torch.full((Q,), 1 / Q))

        with CONSTANTS:
            slopes = torch.tensor(FIRST_SLOPES).log().repeat(Q, 1)
            nearness = torch.tensor(FIRST_NEARNESS).repeat(Q, 1)
            spread = torch.full((Q,), FIRST_SPREAD).log()
            share = torch.cat([torch.zeros(Q, H + 1), torch.full((Q, 1), FIRST_EVEN)], 1)

        # Weights of the features of `costs`; those that must stay positive as logarithms.
        self.slope = nn.Parameter(slopes)
        self.coarser_weight = nn.Parameter(nearness.clone())
        self.last_weight = nn.Parameter(nearness)
        self.crossing = nn.Parameter(torch.full((Q, H), FIRST_CROSSING))
        self.nothing = nn.Parameter(torch.full((Q, H), FIRST_NOTHING))
        self.spread = nn.Parameter(spread)

        # Logits of the mixture's shares: of each head, of the network, of the uniform distribution.
        self.share = nn.Parameter(share)
        self.share_by = nn.Parameter(torch.zeros(Q, H + 1, H + 2))

        self.ahead = nn.Parameter(torch.full((Q, H), FIRST_AHEAD)) if hears_ahead else None
        self.ending = EndHazard(latent_dim) if ends_first else None

    @torch.no_grad()
    def set_entries(self, entries: Tensor) -> None:
        """Take over the codec's codebooks `[Q, K, D]`, scaled to a total variance of 1."""
        variance = entries.var(1, correction=0).sum(-1)
        # Codebooks of a single entry have no variance.
        total = variance.sum().clamp(min=1e-12)
        self.entries.copy_(entries / total.sqrt())
        self.variance.copy_((variance / total).clamp(min=1e-6))

    def latents(self, codes: Tensor) -> Tensor:
        """Entries `[..., Q, D]` of `codes` `[..., Q]`."""
        levels = torch.arange(len(self.entries), device=codes.device)
        return self.entries[levels, codes]

    def code_distributions(self, codes: Tensor) -> Tensor:
        """Spread each of `codes` `[..., Q]` over nearby entries: distributions `[..., Q, K]`."""
        # `squared_distance` would copy the entries for every frame. The squared length of the code
        # itself is left out: it is the same for all `K` entries and cancels in the softmax.
        products = torch.einsum("...qd,qkd->...qk", self.latents(codes), self.entries)
        distance = self.entries.square().sum(-1) - 2 * products
        kernel_width = self.variance * self.spread.exp()
        return (-distance / kernel_width[:, None]).softmax(-1)

    def costs(self) -> Tensor:
        """Weights of the features that lower attention to a past frame.

        Returns:
            Weights `[Q, H, 4 or 5]`: (1) distance of coarser codes, (2) of previous frames,
            (3) age - 1 in frames, (4) sound boundary, (5) suffix. Distances are squared.
        """
        weights = [
            self.coarser_weight.exp(),
            self.last_weight.exp(),
            self.slope.exp(),
            self.crossing,
        ]
        if self.ahead is not None:
            weights.append(self.ahead)
        return torch.stack(weights, 2)

    def frame_features(
        self,
        codes: Tensor,
        starts: Tensor,
        suffix_frames: int = 0,
    ) -> FrameFeatures:
        """Features of each frame.

        Args:
            codes: codes `[B, T, Q]`.
            starts: frames `[B, T]` (bool) that begin a sound.
            suffix_frames: number of first frames that follow the others in time.
        """
        latents = self.latents(codes).cumsum(2)
        # Shifted by one level: the first level has no coarser codes.
        coarser = F.pad(latents[:, :, :-1], (0, 0, 1, 0))
        # Shifted by one frame: the first frame has none before it.
        previous = F.pad(latents[:, :-1, -1], (0, 0, 1, 0))
        boundaries = sound_boundaries(starts, suffix_frames)
        return FrameFeatures(
            coarser=coarser,
            previous=previous * ~boundaries[..., None],
            sound=starts.long().cumsum(1),
        )

    def forward(
        self,
        logits: Tensor,
        codes: Tensor,
        starts: Tensor,
        window: int,
        suffix_frames: int = 0,
    ) -> Tensor:
        """Mix the network's logits of the last `R` frames of a sequence with its past.

        Args:
            logits: logits `[B, R, Q, K]` of the network.
            codes: codes `[B, T, Q]` of the whole sequence, `T >= R`.
            starts: frames `[B, T]` (bool) that begin a sound.
            window: number of earlier frames that each frame looks at, beside the suffix.
            suffix_frames: number of first frames that follow the others in time.

        Returns:
            Log-probabilities `[B, R, Q, K]`.
        """
        B, T, Q = codes.shape
        R = logits.shape[1]
        first = T - R
        frames = self.frame_features(codes, starts, suffix_frames)
        age = sound_age(starts, suffix_frames)[:, first:]
        # What a frame must not see gets a weight of zero.
        is_hidden = _hidden_frames(
            T,
            first,
            window,
            suffix_frames,
            codes.device,
        )

        features = self._pair_features(frames, first, suffix_frames)
        # Without a suffix the cost of lying in it is not needed.
        costs = self.costs()[..., : 1 + len(features)]
        distributions = self.code_distributions(codes)
        scores = []
        for q in range(Q):
            of_level = frames.coarser[:, :, q]
            coarser = squared_distance(of_level[:, first:], of_level)
            pairs = torch.stack(torch.broadcast_tensors(coarser, *features), 1)
            # One product for all pairs of frames: `[H, features] @ [B, features, R * T]`.
            frame_logits = (-costs[q] @ pairs.flatten(2)).view(B, HEADS, R, T)
            frame_logits = frame_logits.masked_fill(is_hidden, -torch.inf)
            scores.append(
                self.mix(
                    q,
                    logits[:, :, q],
                    frame_logits,
                    distributions[:, :, q],
                    age,
                )
            )
        return torch.stack(scores, 2)

    def _pair_features(
        self,
        frames: FrameFeatures,
        first: int,
        suffix_frames: int,
    ) -> list[Tensor]:
        """Features `[B, R, T]` (or `[R, T]`) of pairs of frames that all levels share, in the order
        of `costs` from the second on. `R` are the frames from `first` on."""
        T = frames.sound.shape[1]
        order = torch.arange(T, device=frames.sound.device)
        # In time the suffix comes after the other frames.
        position = order.roll(suffix_frames)
        age = (position[first:, None] - position).abs()
        previous = squared_distance(frames.previous[:, first:], frames.previous)
        crosses = frames.sound[:, first:, None] != frames.sound[:, None]
        crosses = crosses.to(previous.dtype)
        features = [previous, age - 1.0, crosses]
        if suffix_frames:
            # A boundary between a frame and the suffix is unknown as yet. Only those within the
            # suffix are known.
            later_sound = frames.sound[:, None, :suffix_frames] > 0
            after_suffix = max(0, suffix_frames - first)
            crosses[:, after_suffix:, :suffix_frames] = later_sound.to(crosses)
            in_suffix = order < suffix_frames
            looks_ahead = ~in_suffix[first:, None] & in_suffix
            features.append(looks_ahead.to(previous.dtype))
        return features

    def end_logits(self, codes: Tensor, starts: Tensor, suffix_frames: int = 0) -> Tensor:
        """Logits `[B, T]` that a sound ends with each frame, given the frames before it; arguments
        as for `frame_features`."""
        assert self.ending is not None
        frames = self.frame_features(codes, starts, suffix_frames)
        age = sound_age(starts, suffix_frames)
        logits: Tensor = self.ending(frames.previous, age)
        return logits

    def mix(
        self,
        level: int,
        logits: Tensor,
        frame_logits: Tensor,
        distributions: Tensor,
        age: Tensor,
    ) -> Tensor:
        """Mix one level's logits with the codes of past frames.

        Args:
            level: number of the level.
            logits: logits `[B, T, K]` of the network.
            frame_logits: attention logits `[B, H, T, P]` over `P` past frames.
            distributions: codes of the past frames as distributions `[B, P, K]`.
            age: frames `[B, T]` since the sound began.

        Returns:
            Log-probabilities `[B, T, K]`.
        """
        K = logits.shape[-1]
        nothing = self.nothing[level][:, None, None].expand(*frame_logits.shape[:3], 1)
        weights = torch.cat([frame_logits, nothing], -1).softmax(-1)
        shares = self._shares(level, weights[..., -1], nothing[..., 0], age)
        network_share = shares[..., HEADS, None]

        # Weight `[B, T, P]` of each past frame over all heads.
        head_shares = shares[..., :HEADS].transpose(1, 2)[..., None]
        by_frame = (head_shares * weights[..., :-1]).sum(1)
        # The sentinel's weight goes to the uniform distribution.
        even = (1 - by_frame.sum(-1, keepdim=True) - network_share).clamp(min=1e-6)
        from_past = torch.baddbmm(even / K, by_frame, distributions)
        from_network = network_share.log() + logits.log_softmax(-1)
        return logaddexp(from_past.log(), from_network)

    def _shares(
        self,
        level: int,
        nothing_weight: Tensor,
        nothing: Tensor,
        age: Tensor,
    ) -> Tensor:
        """Shares `[B, T, H + 2]` of heads, network and uniform distribution in the mixture.

        They depend on how well the past matches, head by head, and on the age of the sound.

        Args:
            level: number of the level.
            nothing_weight: weight `[B, H, T]` of the sentinel, 0 to 1.
            nothing: its score `[B, H, T]`.
            age: frames `[B, T]` since the sound began.
        """
        # The total weight before normalisation, from the share that the sentinel has of it.
        log_total = nothing - nothing_weight.clamp(min=1e-30).log()
        log_total = log_total.clamp(-LARGEST_LOG_TOTAL, LARGEST_LOG_TOTAL)
        log_age = age[:, None].log1p()
        features = torch.cat(
            [
                log_total / LOG_TOTAL_SCALE,
                log_age / LOG_AGE_SCALE,
            ],
            1,
        ).transpose(1, 2)
        # `baddbmm` in place of a matrix product: the bits of a stream do not depend on the batch.
        share_by = self.share_by[level].expand(len(features), -1, -1)
        return torch.baddbmm(self.share[level], features, share_by).softmax(-1)


def _hidden_frames(
    T: int,
    first: int,
    window: int,
    suffix_frames: int,
    device: torch.device,
) -> Tensor:
    """Frames `[R, T]` (bool) that each frame from `first` on must not look at.

    These are itself, later ones, and those out of the `window`, but for the suffix.
    """
    order = torch.arange(T, device=device)
    behind = order[:, None] - order
    out_of_window = (behind > window) & (order >= suffix_frames)
    is_hidden = (behind <= 0) | out_of_window
    return is_hidden[first:]


def sound_boundaries(starts: Tensor, suffix_frames: int) -> Tensor:
    """Frames `[B, T]` (bool) whose previous frame belongs to another sound or is unknown."""
    boundaries = starts.clone()
    boundaries[:, suffix_frames : suffix_frames + 1] = True
    return boundaries


def sound_age(starts: Tensor, suffix_frames: int) -> Tensor:
    """Frames `[B, T]` since the sound began, or since its first known frame."""
    order = torch.arange(starts.shape[1], device=starts.device)
    boundaries = sound_boundaries(starts, suffix_frames)
    last_boundary = torch.where(boundaries, order, 0).cummax(1).values
    return order - last_boundary


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances `[..., T, P]` between rows of `a` `[..., T, D]` and `b` `[..., P, D]`."""
    lengths_a = a.square().sum(-1, keepdim=True)
    lengths_b = b.square().sum(-1)[..., None, :]
    distance = lengths_a + lengths_b - 2 * a @ b.mT
    # Rounding can leave equal rows a little below zero.
    return distance.clamp(min=0)
