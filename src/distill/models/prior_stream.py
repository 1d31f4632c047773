"""The prior frame by frame, with its cache, for `B` streams at once.

Each frame takes the same calls, in this order:

    stream.begin(previous, starts)
    stream.set_end(draw(stream.end_logits()))        # a prior that `ends_first`
    for level in range(Q):
        stream.choose(level, draw(stream.logits(level)))

A prior that does not end first gives its `end_logits` after the last level. The scores equal those
of `CodePrior.frame_scores`; a stream's bits do not depend on what else is in the batch
(`models/batch_invariant.py`).
"""

from functools import partial

import torch
from torch import Tensor

from distill.models.cache import PointerCache, PriorCache
from distill.models.prior import CodePrior
from distill.models.transformer import Block, rotary_turns


class PriorStream:
    """Scores the codes of one frame after another.

    Args:
        prior: the prior, in eval mode.
        batch_size: number of streams `B`.
        codes: context `[S, T, Q]` to read first, of each stream, or of all where `S` is 1. The
            next `begin` takes its last frame.
        starts: frames `[S, T]` (bool) of the context that begin a sound.
        suffix_frames: number of first frames of the context that follow the gap to draw.
        suffix_position: their position in time, in frames; the rest of the context lies from 0 on.

    Attributes:
        hidden: state `[B, hidden_size]` of the current frame: the backbone's output, the end, and
            the codes chosen so far.
        latents: sums `[B, D]` of the latents of the codes chosen so far; None without a pointer.

    Raises:
        ValueError: for a suffix, from a prior that does not hear ahead.

    Example:
        >>> stream = PriorStream(prior, batch_size=1)
        >>> stream.begin(None, starts=torch.tensor([True]))
        >>> stream.logits(0).shape == (1, prior.codebook_size)
        True
    """

    def __init__(
        self,
        prior: CodePrior,
        batch_size: int,
        codes: Tensor | None = None,
        starts: Tensor | None = None,
        suffix_frames: int = 0,
        suffix_position: int = 0,
    ) -> None:
        self.prior = prior
        self.hidden = prior.start.new_zeros(batch_size, prior.hidden_size)
        self.latents: Tensor | None = None
        self._no_latents: Tensor | None = None
        pointer_cache = None
        if prior.pointer is not None:
            self._no_latents = prior.pointer.entries.new_zeros(
                batch_size, prior.pointer.entries.shape[-1]
            )
            pointer_cache = PointerCache(prior.pointer, batch_size, prior.window, suffix_frames)
        self._cache = PriorCache(
            like=prior.start,
            shape=(batch_size, prior.num_heads, prior.head_dim),
            num_layers=prior.num_layers,
            window=prior.window,
            # The last codes of the suffix have an input of their own (`CodePrior.run_backbone`).
            suffix_slots=suffix_frames + 1 if suffix_frames else 0,
            pointer=pointer_cache,
        )
        if codes is not None:
            assert starts is not None
            self._read(codes, starts, suffix_frames, suffix_position)

    def _read(
        self,
        codes: Tensor,
        starts: Tensor,
        suffix_frames: int,
        suffix_position: int,
    ) -> None:
        """Fill the cache with the context; arguments as for the class."""
        S = len(codes)
        # One stream after the other: in a batch, rounding would depend on the other streams.
        for i in range(S):
            context = codes[i : i + 1]
            streams = slice(None) if S == 1 else slice(i, i + 1)
            self.prior.run_backbone(
                self.prior.embed(context, starts[i : i + 1], suffix_frames),
                context,
                suffix_frames,
                suffix_position,
                store=partial(self._cache.fill, streams),
            )
        if self._cache.pointer is not None:
            self._cache.pointer.fill(codes, starts, suffix_position)

    def begin(self, previous: Tensor | None, starts: Tensor) -> None:
        """Go on to the next frame.

        Args:
            previous: codes `[B, Q]` of the frame before; None where there is none.
            starts: streams `[B]` (bool) in which the frame begins a sound.
        """
        prior = self.prior
        if previous is None:
            past = prior.start.expand(len(starts), -1)
        else:
            past = prior.embedding(prior.token_ids(previous)).sum(1)
        # One input `[B, 1, hidden_size]`, as `CodePrior.embed` makes it for a sequence.
        x = (past + starts[:, None] * prior.new_sound)[:, None]
        position = torch.tensor([self._cache.position], device=x.device)
        rotations = rotary_turns(position, prior.head_dim, x.dtype)
        for layer, block in enumerate(prior.blocks):
            assert isinstance(block, Block)
            x = block.step(x, rotations, self._cache, layer)
        self._cache.advance()
        self.hidden = prior.norm(x)[:, 0]
        if self._cache.pointer is not None:
            self._cache.pointer.append(previous, starts)
            # Shared by all frames: sums are new tensors, never changed in place.
            self.latents = self._no_latents

    def end_logits(self) -> Tensor:
        """Logits `[B]` that the sound ends with this frame.

        Before `set_end` from a prior that `ends_first`, else after the last level.
        """
        if self.prior.end is not None:
            logits: Tensor = self.prior.end(self.hidden).squeeze(-1)
            return logits
        assert self._cache.pointer is not None
        return self._cache.pointer.end_logits()

    def set_end(self, ends: Tensor) -> None:
        """Condition the codes on whether the sound `ends` `[B]` (bool) with this frame."""
        if self.prior.ending is not None:
            self.hidden = self.hidden + ends[:, None] * self.prior.ending

    def logits(self, level: int) -> Tensor:
        """Logits `[B, K]` of the codes of `level`, given the end and the levels above."""
        scores: Tensor = self.prior.heads[level](self.hidden)
        if self._cache.pointer is None:
            return scores
        assert self.latents is not None
        return self._cache.pointer.mix(level, scores, self.latents)

    def choose(self, level: int, codes: Tensor) -> None:
        """Condition the next levels on `codes` `[B]` of `level`."""
        prior = self.prior
        self.hidden = self.hidden + prior.known(codes + prior.codebook_size * level)
        if self.latents is not None:
            assert prior.pointer is not None
            self.latents = self.latents + prior.pointer.entries[level][codes]

    def target_scores(self, level: int, targets: Tensor) -> Tensor:
        """Log-likelihood of targets under each code of `level`, by the attribute classifier.

        Args:
            level: the next level to choose.
            targets: attributes `[B, A]`; NaN where one is free.

        Returns:
            Log-likelihoods `[B, K]`.

        Raises:
            ValueError: from a prior without an attribute classifier.
        """
        prior = self.prior
        if prior.reader is None or prior.pointer is None:
            raise ValueError("this prior was not made to be steered")
        assert self.latents is not None
        latents = self.latents[:, None] + prior.pointer.entries[level]
        scores: Tensor = prior.reader(level, latents, targets[:, None])
        return scores
