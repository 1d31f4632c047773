"""Unit selection: the finer codes of a frame are taken together from a frame of the corpus.

The prior draws the coarse levels of a frame. The finer ones come from a recorded frame that is like
it (target cost) and follows one like the frame before (join cost; Hunt & Black 1996, section 2).
Which fine codes go together is more than a prior learns from minutes of sound: drawn one by one,
they turn tones and hits into noise.

Three more rules come from the recordings:

- The first level follows the recordings in a chosen share of draws (kNN-LM, Khandelwal et al.
  2020).
- A frame comes from a sound of a like age, so that hits decay instead of sustaining.
- A silence lasts no longer than the longest of the recordings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.models.attribute_classifier import Prediction, Targets
from distill.models.batch_invariant import add_product
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording

TARGET = 100.0
"""Cost of the squared latent distance of the coarse codes (unit: total variance of all latents).
Frames of other coarse codes hardly ever come."""
JOIN = 30.0
"""Cost of the squared latent distance of the previous frames, in the same unit."""
AGE = 1.0
"""Cost of the squared difference of log2 age. Without it a sound sustains in the middle of a hit
and never decays."""
WRONG_EDGE = 1000.0
"""Cost of a frame that begins or ends a sound where none does, or the reverse: it hardly ever
comes."""
NEAREST = 8
"""Number of best frames to draw from. With one alone, sounds freeze or repeat a recording."""
LARGEST_BANK = 32_768
"""Most frames of a bank, evenly spread over all recordings: with more, drawing falls behind real
time."""
STAGES = 20
"""Age buckets: the last begins after more than an hour."""
CHUNK = 4096
"""Frames tested for silence at a time: bounds the memory for an hour of recordings."""

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
            starts, and a sound ends; less the cost of the squared length of `previous_latents`.
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
            previous = _latents(prior, context.previous)
        facts = context.silence_expired.long(), context.starts.long(), context.ends.long()
        scores = add_product(
            self.context_scores[facts],
            previous * ~context.starts[:, None],
            self.previous_latents,
            2 * JOIN,
        )
        if self.log2_age is None:
            return scores
        difference = (self.log2_age - context.log2_age[:, None]).square_()
        return scores.sub_(difference.masked_fill_(~context.is_inside[:, None], 0), alpha=AGE)

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
        by_kind = add_product(
            self.coarse_scores.expand(len(coarse), -1),
            _latents(prior, coarse),
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
        if self.log2_age is None:
            stage = torch.zeros_like(context.log2_age).long()
        else:
            stage = age_stage(context.log2_age)
        facts = context.silence_expired.long(), context.starts.long(), context.ends.long()
        used = self.used_codes[(stage, *facts, level)]
        probabilities = logits.masked_fill(~used, -torch.inf).softmax(-1)
        if level > 0 or closeness == 0:
            return probabilities.log()

        nearest = join_scores.topk(min(NEAREST, join_scores.shape[1]))
        codes = self.codes[:, 0][nearest.indices]
        neighbours = torch.zeros_like(probabilities).scatter_add_(
            1, codes, nearest.values.softmax(-1)
        )
        return (closeness * neighbours + (1 - closeness) * probabilities).log()


def _latents(prior: CodePrior, codes: Tensor) -> Tensor:
    """Summed latents `[M, D]` of `codes` `[M, n]` of the first `n` levels."""
    assert prior.pointer is not None
    return prior.pointer.entries[torch.arange(codes.shape[1], device=codes.device), codes].sum(1)


@torch.inference_mode()
def build_frame_bank(
    prior: CodePrior,
    recordings: Sequence[Recording] | None,
    free_levels: int,
    is_silent: SilenceTest | None = None,
    match_age: bool = True,
) -> FrameBank | None:
    """Prepare the frames of recordings for selection.

    Args:
        prior: the prior.
        recordings: recordings in the model file.
        free_levels: levels that the prior draws itself.
        is_silent: tells silent frames; None lets silence last.
        match_age: whether frames come from sounds of a like age; if not, sounds may sustain.

    Returns:
        The bank; None where the prior draws all levels, has no recordings, no pointer to measure
        distances by, or does not end first.
    """
    if (
        not recordings
        or free_levels >= prior.num_quantizers
        or prior.pointer is None
        or not prior.ends_first
    ):
        return None
    device = prior.start.device
    grids = [recording.codes.long().to(device) for recording in recordings]
    lengths = [len(grid) for grid in grids]
    codes = torch.cat(grids)
    latents = torch.cat([_latents(prior, grid) for grid in grids])
    edges = _edges(lengths, [recording.whole for recording in recordings], device)
    previous = F.pad(latents, (0, 0, 1, 0))[:-1] * ~edges[:, :1]
    silent = torch.cat([_silent_frames(grid, is_silent) for grid in grids])
    longest_silence = max(_longest_run(flags) for flags in silent.split(lengths))
    ages = torch.cat([torch.arange(length, device=device) for length in lengths])

    selected = _select_frames(edges)
    age = log2_age(ages, ages >= 0)[selected]
    codes = codes[selected]
    latents = latents[selected]
    previous = previous[selected]
    edges = edges[selected]
    silent = silent[selected]

    coarse = codes[:, :free_levels]
    kinds, kind = coarse.unique(dim=0, return_inverse=True)
    coarse_latents = _latents(prior, kinds)
    if silent.all():
        # No audible frame could end a silence.
        is_silent = None
    return FrameBank(
        free_levels=free_levels,
        codes=codes,
        kind=kind,
        coarse_latents=coarse_latents.T.contiguous(),
        coarse_scores=-TARGET * coarse_latents.square().sum(1),
        previous_latents=previous.T.contiguous(),
        edges=edges,
        log2_age=age if match_age else None,
        prediction=_predict(prior, latents) if prior.reader is not None else None,
        context_scores=_context_scores(edges, silent) - JOIN * previous.square().sum(1),
        used_codes=_used_codes(coarse, edges, silent, age_stage(age), prior.codebook_size),
        is_silent=is_silent,
        longest_silence=longest_silence if is_silent else None,
    )


def _edges(lengths: Sequence[int], whole: Sequence[bool], device: torch.device) -> Tensor:
    """Frames `[M, 2]` (bool) that begin, and end, a recording; a recording that is not `whole` was
    cut off and has no end."""
    stops = torch.tensor(lengths).cumsum(0)
    edges = torch.zeros(int(stops[-1]), 2, dtype=torch.bool, device=device)
    edges[[0, *stops[:-1]], 0] = True
    edges[stops - 1, 1] = torch.tensor(whole, device=device)
    return edges


def _silent_frames(codes: Tensor, is_silent: SilenceTest | None) -> Tensor:
    """Which of the frames `[M]` (bool) with `codes` `[M, Q]` are silent."""
    if is_silent is None:
        return torch.zeros_like(codes[:, 0]).bool()
    return torch.cat([is_silent(chunk) for chunk in codes.split(CHUNK)])


def _longest_run(flags: Tensor) -> int:
    """Length of the longest run of true `flags` `[M]` (bool)."""
    count = F.pad(flags.long().cumsum(0), (1, 0))
    count_at_last_false = F.pad(count[1:] * ~flags, (1, 0)).cummax(0).values
    return int((count - count_at_last_false).max())


def _select_frames(edges: Tensor) -> Tensor:
    """Indices of at most `LARGEST_BANK` frames, evenly spread, and of all edges `[M, 2]`: those are
    few."""
    M = len(edges)
    spread = torch.linspace(0, M - 1, min(LARGEST_BANK, M), device=edges.device).round().long()
    return torch.cat([spread, edges.any(1).nonzero()[:, 0]]).unique()


def _predict(prior: CodePrior, latents: Tensor) -> Prediction:
    """Attributes that the classifier predicts from `latents` `[M, D]` of whole frames."""
    assert prior.reader is not None
    # As one sequence of a batch of one.
    prediction = prior.reader.predict(prior.num_quantizers - 1, latents[None])
    return Prediction(*(part[0] for part in prediction))


def _context_scores(edges: Tensor, silent: Tensor) -> Tensor:
    """Scores `[2, 2, 2, M]` of frames with these `edges` `[M, 2]`, `silent` `[M]` (bool) or not, as
    in `FrameBank`."""
    no_yes = torch.tensor([[False], [True]], device=edges.device)
    wrong_start = (edges[:, 0] != no_yes).float()
    wrong_end = (edges[:, 1] != no_yes).float()
    wrong = wrong_start[:, None] + wrong_end
    may_be_silent = torch.zeros_like(wrong)
    must_sound = torch.zeros_like(wrong).masked_fill(silent, -torch.inf)
    return torch.stack([may_be_silent, must_sound]) - WRONG_EDGE * wrong


def _used_codes(
    coarse: Tensor, edges: Tensor, silent: Tensor, stages: Tensor, codebook_size: int
) -> Tensor:
    """Codes that occur by age stage and context.

    Args:
        coarse: coarse codes `[M, L]`.
        edges: whether `[M, 2]` (bool) each frame begins, and ends, a recording.
        silent: silent frames `[M]` (bool).
        stages: age stage `[M]`, from 1 on; stage 0 stands for all ages.
        codebook_size: entries `K`.

    Returns:
        `used_codes` of `FrameBank`, `[STAGES, 2, 2, 2, L, K]` (bool).
    """
    L = coarse.shape[1]
    levels = torch.arange(L, device=coarse.device)
    used = torch.zeros(STAGES, 2, 2, 2, L, codebook_size, dtype=torch.bool, device=coarse.device)
    # Index 1 of the first fact, silence expired, holds audible frames only.
    for silence_expired, frames in enumerate((torch.ones_like(silent), ~silent)):
        start, end = edges[frames, :, None].long().unbind(1)
        own_stage = stages[frames, None]
        near_stages = [(own_stage + i).clamp(1, STAGES - 1) for i in (-1, 0, 1)]
        for stage in (torch.zeros_like(own_stage), *near_stages):
            used[stage, silence_expired, start, end, levels, coarse[frames]] = True

    # Beginnings and ends are few: they count at any age.
    used[:, :, 1] = used[:1, :, 1]
    used[:, :, :, 1] = used[:1, :, :, 1]

    # Where no code occurs, relax the age, then the end, the start, and the silence.
    used = torch.where(used.any(-1, keepdim=True), used, used[:1])
    for axes in ((3,), (2, 3), (1, 2, 3)):
        relaxed = used
        for axis in axes:
            relaxed = relaxed.any(axis, keepdim=True)
        used = torch.where(used.any(-1, keepdim=True), used, relaxed)
    return used
