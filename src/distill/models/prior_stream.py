"""The prior frame by frame, with its cache, for `B` streams at once.

Each frame takes the same calls, in this order:

    end_logits = stream.begin(previous, starts)
    logits = stream.next_logits(draw_end(end_logits))    # of the first level
    logits = stream.next_logits(draw_code(logits))       # of each level below
    …

Each call takes the choice made from the result of the call before. A frame whose codes are known
may be skipped instead (`skip_frame`). The scores equal those of `CodePrior.frame_scores`; a
stream's bits do not depend on what else is in the batch (`models/batch_invariant.py`).
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from distill.models.cache import PointerCache, PriorCache
from distill.models.prior import CodePrior
from distill.models.transformer import Block, rotary_turns


class _Context(NamedTuple):
    """Frames before the first one to draw; fields as the arguments of `PriorStream`."""

    codes: Tensor
    starts: Tensor
    suffix_frames: int
    suffix_position: int
    metre: Tensor | None


class _Frame(NamedTuple):
    """A frame to read; fields as the arguments of `PriorStream.begin`."""

    previous: Tensor | None
    starts: Tensor
    metre: Tensor | None


MOST_SKIPPED = 64
"""Frames that are skipped together, at most: their attention takes memory."""


class PriorStream:
    """Scores the codes of one frame after another.

    Args:
        prior: the prior, in eval mode.
        batch_size: number of streams `B`.
        codes: context `[B, T, Q]` before the first frame, or `[1, T, Q]` where all streams share
            one. The first `begin` reads it, and takes its last frame as `previous`.
        starts: frames `[B, T]` or `[1, T]` (bool) of the context that begin a sound.
        suffix_frames: number of first frames of the context that follow the gap to draw.
        suffix_position: their position in time, in frames; the rest of the context lies from 0 on.
        metre: positions `[B, T, 2]` or `[1, T, 2]` of the context in beat and bar; None for none.

    Attributes:
        state: state `[B, hidden_size]` of the current frame: the backbone's output, the end, and
            the codes chosen so far.
        latents: sums `[B, D]` of the latents of the codes chosen so far; None without a pointer.

    Raises:
        ValueError: for a suffix, from a prior that does not hear ahead.

    Example:
        >>> stream = PriorStream(prior, batch_size=1)
        >>> end_logits = stream.begin(None, starts=torch.tensor([True]))
        >>> logits = stream.next_logits(end_logits > 0)
        >>> logits.shape == (1, prior.codebook_size)
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
        metre: Tensor | None = None,
    ) -> None:
        self.prior = prior
        self.state = prior.start.new_zeros(batch_size, prior.hidden_size)
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
        # The level whose logits come next.
        self._level = 0
        self._skipped: list[_Frame] = []
        self._most_skipped = min(MOST_SKIPPED, prior.window - 1)
        self._context: _Context | None = None
        if codes is not None:
            assert starts is not None
            if suffix_frames:
                prior.check_hears_ahead()
            self._context = _Context(codes, starts, suffix_frames, suffix_position, metre)

    def _read(self, context: _Context) -> None:
        """Fill the cache with the context."""
        streams_of_their_own = len(context.codes)
        # One stream after the other: in a batch, rounding would depend on the other streams.
        for i in range(streams_of_their_own):
            codes = context.codes[i : i + 1]
            streams = slice(None) if streams_of_their_own == 1 else slice(i, i + 1)
            inputs = self.prior.embed(codes, context.starts[i : i + 1], context.suffix_frames)
            if context.metre is not None:
                inputs = self.prior.add_metre(inputs, context.metre[i : i + 1])
            self.prior.run_backbone(
                inputs,
                codes,
                context.suffix_frames,
                context.suffix_position,
                store=partial(self._cache.fill, streams),
            )
        if self._cache.pointer is not None:
            self._cache.pointer.fill(context.codes, context.starts, context.suffix_position)

    def begin(
        self, previous: Tensor | None, starts: Tensor, metre: Tensor | None = None
    ) -> Tensor | None:
        """Go on to the next frame.

        Args:
            previous: codes `[B, Q]` of the frame before; None where there is none.
            starts: streams `[B]` (bool) in which the frame begins a sound.
            metre: position `[B, 2]` of the frame in beat and bar; None where there is none.

        Returns:
            Logits `[B]` that the sound ends with this frame. None from a prior that predicts the
            end from the codes: it gives `end_logits` after the last level.
        """
        self._run_backbone(_Frame(previous, starts, metre))
        self._level = 0
        if not self.prior.ends_first:
            return None
        assert self._cache.pointer is not None
        return self._cache.pointer.end_logits()

    def skip_frame(
        self, previous: Tensor | None, starts: Tensor, metre: Tensor | None = None
    ) -> None:
        """As `begin`, for a frame whose codes are known: nothing of it is scored.

        Skipped frames go through the backbone together, with the next one that begins: for the
        bits of a stream, it matters which frames are skipped.
        """
        if len(self._skipped) == self._most_skipped:
            self._run_backbone(_Frame(previous, starts, metre))
        else:
            self._skipped.append(_Frame(previous, starts, metre))

    def _run_backbone(self, frame: _Frame) -> None:
        """Run the backbone over all skipped frames, and over `frame`."""
        if self._context is not None:
            self._read(self._context)
            self._context = None
        prior = self.prior
        frames = [*self._skipped, frame]
        self._skipped = []
        # Codes `[B, n, Q]` of the frames before them; the first of all has none.
        known = [frame.previous for frame in frames if frame.previous is not None]
        shape = (len(self.state), 0, prior.num_quantizers)
        codes = torch.stack(known, 1) if known else frame.starts.new_zeros(shape, dtype=torch.long)
        starts = torch.stack([frame.starts for frame in frames], 1)
        x = self._inputs(codes, starts, [frame.metre for frame in frames])

        n = len(frames)
        positions = self._cache.position + torch.arange(n, device=x.device)
        rotations = rotary_turns(positions, prior.head_dim, x.dtype)
        mask = self._cache.mask(n, x.device)
        for layer, block in enumerate(prior.blocks):
            assert isinstance(block, Block)
            x = block.step(x, rotations, mask, self._cache, layer)
        self._cache.advance(n)
        self.state = prior.norm(x[:, -1])
        if self._cache.pointer is not None:
            self._cache.pointer.append(codes, starts[:, n - codes.shape[1] :])
            # Shared by all frames: sums are new tensors, never changed in place.
            self.latents = self._no_latents

    def _inputs(self, codes: Tensor, starts: Tensor, metres: Sequence[Tensor | None]) -> Tensor:
        """Inputs `[B, n, hidden_size]` of frames, as `CodePrior.embed` makes them for a sequence.

        Args:
            codes: codes `[B, n, Q]` of the frames before them; without the first, `[B, n - 1, Q]`.
            starts: which `[B, n]` (bool) begin a sound.
            metres: position `[B, 2]` of each in beat and bar; None where there is none.
        """
        prior = self.prior
        x = prior.embedding(prior.token_ids(codes)).sum(2)
        if codes.shape[1] < starts.shape[1]:
            first = prior.start.expand(len(starts), 1, -1)
            x = torch.cat([first, x], 1)
        x = x + starts[..., None] * prior.new_sound
        known = [metre for metre in metres if metre is not None]
        return prior.add_metre(x, torch.stack(known, 1)) if known else x

    def next_logits(self, choice: Tensor) -> Tensor:
        """Logits `[B, K]` of the codes of the next level.

        Args:
            choice: for the first level, whether the sound ends with this frame, `[B]` (bool); a
                prior that does not `ends_first` ignores it. For each level below, the codes `[B]`
                of the level above.
        """
        level = self._level
        self.skip_level(choice)
        scores: Tensor = self.prior.heads[level](self.state)
        if self._cache.pointer is None:
            return scores
        assert self.latents is not None
        return self._cache.pointer.mix(level, scores, self.latents)

    def skip_level(self, choice: Tensor) -> None:
        """As `next_logits`, for a level whose code is fixed: its logits are not computed."""
        if self._level == 0:
            self._condition_on_end(choice)
        else:
            self._condition_on_codes(self._level - 1, choice)
        self._level += 1

    def end_logits(self, codes: Tensor) -> Tensor:
        """Logits `[B]` that the sound ends here, from a prior that does not `ends_first`.

        Args:
            codes: codes `[B]` of the last level.
        """
        assert self.prior.end is not None
        self._condition_on_codes(self.prior.num_quantizers - 1, codes)
        logits: Tensor = self.prior.end(self.state).squeeze(-1)
        return logits

    def _condition_on_end(self, ends: Tensor) -> None:
        """Condition the codes on whether the sound `ends` `[B]` (bool) with this frame."""
        if self.prior.ending is not None:
            self.state = self.state + ends[:, None] * self.prior.ending

    def _condition_on_codes(self, level: int, codes: Tensor) -> None:
        """Condition the levels below on `codes` `[B]` of `level`."""
        prior = self.prior
        self.state = self.state + prior.known(codes + prior.codebook_size * level)
        if self.latents is not None:
            assert prior.pointer is not None
            self.latents = self.latents + prior.pointer.entries[level][codes]

    def target_scores(self, level: int, targets: Tensor) -> Tensor:
        """Log-likelihood of targets under each code of `level`, by the attribute classifier.

        Args:
            level: the level whose logits `next_logits` gave last.
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
