"""Unit selection: the finer codes of a frame are taken together from a frame of the corpus.

The prior draws the coarse levels of a frame. The finer ones come from a recorded frame that is like
it (target cost). It follows one like the previous frame (join cost; Hunt & Black 1996, section 2).
A prior cannot learn from minutes of sound which fine codes go together: drawn one by one, they turn
tones and hits into noise.

Three more rules come from the recordings:

- The first level follows the recordings in a chosen share of draws (kNN-LM, Khandelwal et al.
  2020).
- A frame comes from a sound of a like age, so that hits decay instead of sustaining.
- A silence lasts no longer than the longest of the recordings.

The bank of frames is built in `sampling/frame_bank.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from distill.models.attribute_classifier import Prediction, Targets
from distill.models.batch_invariant import add_product
from distill.models.prior import CodePrior

TARGET = 100.0
"""Cost of the squared latent distance of the coarse codes (unit: total variance of all latents).
Frames of other coarse codes hardly ever come."""
JOIN = 30.0
"""Cost of the squared latent distance of the previous frames, in the same unit."""
AGE = 1.0
"""Cost of the squared difference of log2 age. Without it a sound sustains in the middle of a hit
and never decays."""
NEAREST = 8
"""Number of best frames to draw from. With one alone, sounds freeze or repeat a recording."""
STAGES = 20
"""Age buckets: the last begins after more than an hour."""

SilenceTest = Callable[[Tensor], Tensor]
"""Takes codes `[M, Q]`; returns which frames `[M]` (bool) are silent."""


@dataclass(frozen=True)
class FrameContext:
    """The place of the current frame in each of `B` streams.

    Attributes:
        previous: codes `[B, Q]` of the frame before, None where there is none.
        starts: whether `[B]` (bool) the frame begins a sound.
        ends: whether `[B]` (bool) it ends one.
        silence_expired: whether `[B]` (bool) the silence before it has lasted as long as it may.
        log2_age: age `[B]` of the sound, as `log2_age` gives it.
    """

    previous: Tensor | None
    starts: Tensor
    ends: Tensor
    silence_expired: Tensor
    log2_age: Tensor

    @property
    def facts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Silence expired, start and end as indices `[B]`, 0 or 1, into tables of a bank."""
        return self.silence_expired.long(), self.starts.long(), self.ends.long()

    @property
    def is_inside(self) -> Tensor:
        """Whether `[B]` (bool) the frame lies inside a sound of known age."""
        return ~(self.log2_age.isnan() | self.starts | self.ends)


def log2_age(age: Tensor, start_known: Tensor) -> Tensor:
    """Binary logarithm of the age of sounds.

    Args:
        age: frames `[B]` that a sound has lasted before the current one.
        start_known: whether `[B]` (bool) its beginning is known.

    Returns:
        `log2(age + 1)` `[B]`; NaN where the beginning is unknown.
    """
    # In float64, so that after rounding to float32 the bits do not depend on the batch. Not all
    # devices have float64.
    doublings = (age.cpu() + 1).double().log2().float()
    return torch.where(start_known, doublings.to(age.device), torch.nan)


def age_stage(log2_age: Tensor) -> Tensor:
    """Age buckets `[B]`: 1 + floor(log2 age), 0 if unknown (NaN)."""
    return (1 + log2_age.floor()).nan_to_num(0).long().clamp(max=STAGES - 1)


@dataclass(frozen=True)
class FrameBank:
    """`M` frames of the recordings, prepared for selection.

    Squared distances are computed without the term that is the same for all frames. Terms that
    depend on the bank's frame alone are summed beforehand. Matrices of latents are stored in
    columns, which are read faster.

    Attributes:
        free_levels: levels that the prior draws itself.
        codes: codes `[M, Q]`.
        kind: index `[M]` of each frame's coarse codes among the `N` distinct ones.
        coarse_latents: summed latents `[D, N]` of the distinct coarse codes.
        coarse_scores: score `[N]` of their squared length.
        previous_latents: latents `[D, M]` of the frame before each, zero where a recording begins.
        edges: whether `[M, 2]` (bool) each frame begins, and ends, a recording.
        log2_age: age `[M]` of each frame's sound; None where ages do not count.
        prediction: attributes that the classifier predicts for each frame, if there is one.
        context_scores: score `[2, 2, 2, M]` of each frame by whether silence has expired, a sound
            starts, and a sound ends. The cost of the squared length of `previous_latents` is taken
            off.
        used_codes: codes `[STAGES, 2, 2, 2, free_levels, K]` (bool) that occur by age stage and the
            same three facts. Where none occur, the facts are relaxed one by one.
        is_silent: tells silent frames; None where silence may last.
        longest_silence: frames that a silence may last; None for any.
    """

    free_levels: int
    codes: Tensor
    kind: Tensor
    coarse_latents: Tensor
    coarse_scores: Tensor
    previous_latents: Tensor
    edges: Tensor
    log2_age: Tensor | None
    prediction: Prediction | None
    context_scores: Tensor
    used_codes: Tensor
    is_silent: SilenceTest | None
    longest_silence: int | None

    def silence_expired(self, silent_frames: Tensor) -> Tensor:
        """Whether `[B]` (bool) a silence of `silent_frames` `[B]` has lasted as long as it may."""
        if self.longest_silence is None:
            return torch.zeros_like(silent_frames).bool()
        return silent_frames >= self.longest_silence

    def silence_after(self, silent_frames: Tensor, codes: Tensor) -> Tensor:
        """Frames `[B]` of silence after `codes` `[B, Q]`, given those before them."""
        if self.is_silent is None:
            return silent_frames
        return torch.where(self.is_silent(codes), silent_frames + 1, 0)

    def join_scores(self, prior: CodePrior, context: FrameContext) -> Tensor:
        """Join score `[B, M]` of each frame in its context, up to a constant."""
        if context.previous is None:
            previous = torch.zeros_like(self.previous_latents[:, :1].T)
        else:
            previous = summed_latents(prior, context.previous)
        # -JOIN * |previous - b|^2 = context score + 2 * JOIN * previous . b, up to a constant.
        scores = add_product(
            self.context_scores[context.facts],
            # At the beginning of a sound the frame before does not count.
            previous * ~context.starts[:, None],
            self.previous_latents,
            2 * JOIN,
        )
        if self.log2_age is None:
            return scores
        # In place: at `B * M` numbers a frame, copies would take longer than the product.
        difference = (self.log2_age - context.log2_age[:, None]).square_()
        difference.masked_fill_(~context.is_inside[:, None], 0)
        return scores.sub_(difference, alpha=AGE)

    def selection_scores(
        self,
        prior: CodePrior,
        coarse: Tensor,
        join_scores: Tensor,
        targets: Targets | None,
        t: int,
    ) -> Tensor:
        """Total score of each frame: target cost, join cost and steering.

        Args:
            prior: the prior.
            coarse: drawn codes `[B, free_levels]`.
            join_scores: join scores `[B, M]`.
            targets: attributes that steer, if any.
            t: number of the current frame.

        Returns:
            Scores `[B, M]`.
        """
        # Once for each distinct coarse code, of which there are far fewer than frames.
        by_kind = add_product(
            self.coarse_scores.expand(len(coarse), -1),
            summed_latents(prior, coarse),
            self.coarse_latents,
            2 * TARGET,
        )
        scores = join_scores + by_kind.index_select(1, self.kind)
        if targets is None or prior.reader is None or self.prediction is None:
            return scores
        values = targets.at(t).to(scores)[:, None]
        return scores + targets.guidance * prior.reader.log_likelihood(self.prediction, values)

    def mix_with_neighbours(
        self,
        level: int,
        logits: Tensor,
        join_scores: Tensor,
        context: FrameContext,
        closeness: float,
    ) -> Tensor:
        """Restrict logits to codes that occur in such a context, and mix in the corpus.

        On the first level, a share of the probability goes to the codes that followed the nearest
        frames of the recordings (kNN-LM, Khandelwal et al. 2020, equation 3).

        Args:
            level: a free level.
            logits: logits `[B, K]` of the prior.
            join_scores: join scores `[B, M]`.
            context: place of the current frame.
            closeness: that share, 0 to 1.

        Returns:
            Log-probabilities `[B, K]`.
        """
        # Stage 0 holds the codes of all ages.
        if self.log2_age is None:
            stage = torch.zeros_like(context.log2_age).long()
        else:
            stage = age_stage(context.log2_age)
        used = self.used_codes[(stage, *context.facts, level)]
        probabilities = logits.masked_fill(~used, -torch.inf).softmax(-1)
        if level > 0 or closeness == 0:
            return probabilities.log()

        nearest = join_scores.topk(min(NEAREST, join_scores.shape[1]))
        codes = self.codes[:, 0][nearest.indices]
        # Several neighbours may have the same code: their weights add up.
        neighbours = torch.zeros_like(probabilities)
        neighbours.scatter_add_(1, codes, nearest.values.softmax(-1))
        return (closeness * neighbours + (1 - closeness) * probabilities).log()


def summed_latents(prior: CodePrior, codes: Tensor) -> Tensor:
    """Summed latents `[M, D]` of `codes` `[M, n]` of the first `n` levels."""
    assert prior.pointer is not None
    levels = torch.arange(codes.shape[1], device=codes.device)
    return prior.pointer.entries[levels, codes].sum(1)
