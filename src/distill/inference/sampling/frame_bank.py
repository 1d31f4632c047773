"""Preparation of recordings for unit selection (`sampling/unit_selection.py`).

Everything that does not depend on the sound being drawn is computed here, once for all frames. A
draw then costs one product with the bank for each frame.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.inference.sampling.unit_selection import (
    JOIN,
    STAGES,
    TARGET,
    FrameBank,
    SilenceTest,
    age_stage,
    log2_age,
    summed_latents,
)
from distill.models.attribute_classifier import Prediction
from distill.models.prior import CodePrior
from distill.models.prior_metadata import Recording

WRONG_EDGE = 1000.0
"""Cost of a frame that begins or ends a sound where none does, or the reverse: it hardly ever
comes."""
LARGEST_BANK = 32_768
"""Most frames of a bank, evenly spread over all recordings: with more, drawing falls behind real
time."""
CHUNK = 4096
"""Frames tested for silence at a time: bounds the memory for an hour of recordings."""


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
    frames = _all_frames(prior, recordings, is_silent)
    # Of all frames: the longest silence must not depend on which are selected.
    lengths = [len(recording.codes) for recording in recordings]
    longest_silence = max(_longest_run(flags) for flags in frames.silent.split(lengths))
    frames = frames.select(_select_frames(frames.edges))
    return _prepare(
        prior,
        frames,
        free_levels,
        is_silent,
        longest_silence,
        match_age,
    )


class _Frames(NamedTuple):
    """Facts of `M` recorded frames.

    Codes `[M, Q]`, latents of all levels and of the frame before `[M, D]`, edges `[M, 2]` (bool),
    silence `[M]` (bool) and age `[M]`.
    """

    codes: Tensor
    latents: Tensor
    previous: Tensor
    edges: Tensor
    silent: Tensor
    log2_age: Tensor

    def select(self, indices: Tensor) -> "_Frames":
        """The frames with these `indices`."""
        return _Frames(*(part[indices] for part in self))


def _all_frames(
    prior: CodePrior,
    recordings: Sequence[Recording],
    is_silent: SilenceTest | None,
) -> _Frames:
    """All frames of the recordings, one recording after the other."""
    device = prior.start.device
    grids = [recording.codes.long().to(device) for recording in recordings]
    lengths = [len(grid) for grid in grids]
    whole = [recording.whole for recording in recordings]
    # Recording by recording: less memory at a time.
    latents = torch.cat([summed_latents(prior, grid) for grid in grids])
    edges = _edges(lengths, whole, device)
    # Shifted by one frame, and zero where a recording begins.
    previous = F.pad(latents, (0, 0, 1, 0))[:-1]
    silent = [_silent_frames(grid, is_silent) for grid in grids]
    ages = torch.cat([torch.arange(length, device=device) for length in lengths])
    return _Frames(
        codes=torch.cat(grids),
        latents=latents,
        previous=previous * ~edges[:, :1],
        edges=edges,
        silent=torch.cat(silent),
        log2_age=log2_age(ages, start_known=ages >= 0),
    )


def _prepare(
    prior: CodePrior,
    frames: _Frames,
    free_levels: int,
    is_silent: SilenceTest | None,
    longest_silence: int,
    match_age: bool,
) -> FrameBank:
    """The bank of these frames; arguments as for `build_frame_bank`."""
    codes = frames.codes
    coarse = codes[:, :free_levels]
    kinds, kind = coarse.unique(dim=0, return_inverse=True)
    coarse_latents = summed_latents(prior, kinds)
    if frames.silent.all():
        # No audible frame could end a silence.
        is_silent = None
    stages = age_stage(frames.log2_age)
    used_codes = _used_codes(
        coarse,
        frames.edges,
        frames.silent,
        stages,
        prior.codebook_size,
    )
    previous_scores = -JOIN * frames.previous.square().sum(1)
    return FrameBank(
        free_levels=free_levels,
        codes=codes,
        kind=kind,
        coarse_latents=coarse_latents.T.contiguous(),
        coarse_scores=-TARGET * coarse_latents.square().sum(1),
        previous_latents=frames.previous.T.contiguous(),
        edges=frames.edges,
        log2_age=frames.log2_age if match_age else None,
        prediction=_predict(prior, frames.latents) if prior.reader is not None else None,
        context_scores=_context_scores(frames.edges, frames.silent) + previous_scores,
        used_codes=used_codes,
        is_silent=is_silent,
        longest_silence=longest_silence if is_silent else None,
    )


def _edges(
    lengths: Sequence[int],
    is_whole: Sequence[bool],
    device: torch.device,
) -> Tensor:
    """Frames `[M, 2]` (bool) that begin, and end, a recording.

    A recording that is not `is_whole` was cut off and has no end.
    """
    # Index of the frame after each recording.
    stops = torch.tensor(lengths).cumsum(0)
    edges = torch.zeros(int(stops[-1]), 2, dtype=torch.bool, device=device)
    first_frames = [0, *stops[:-1]]
    edges[first_frames, 0] = True
    edges[stops - 1, 1] = torch.tensor(is_whole, device=device)
    return edges


def _silent_frames(codes: Tensor, is_silent: SilenceTest | None) -> Tensor:
    """Which of the frames `[M]` (bool) with `codes` `[M, Q]` are silent."""
    if is_silent is None:
        return torch.zeros_like(codes[:, 0]).bool()
    return torch.cat([is_silent(chunk) for chunk in codes.split(CHUNK)])


def _longest_run(flags: Tensor) -> int:
    """Length of the longest run of true `flags` `[M]` (bool)."""
    count = F.pad(flags.long().cumsum(0), (1, 0))
    # The count where the run began: that at the last flag that is false.
    count_at_false = F.pad(count[1:] * ~flags, (1, 0))
    count_before_run = count_at_false.cummax(0).values
    return int((count - count_before_run).max())


def _select_frames(edges: Tensor) -> Tensor:
    """Indices of at most `LARGEST_BANK` frames, evenly spread, and of all edges `[M, 2]`: those are
    few."""
    M = len(edges)
    count = min(LARGEST_BANK, M)
    spread = torch.linspace(0, M - 1, count, device=edges.device).round().long()
    at_edges = edges.any(1).nonzero()[:, 0]
    return torch.cat([spread, at_edges]).unique()


def _predict(prior: CodePrior, latents: Tensor) -> Prediction:
    """Attributes that the classifier predicts from `latents` `[M, D]` of whole frames."""
    assert prior.reader is not None
    # As one sequence of a batch of one.
    prediction = prior.reader.predict(prior.num_quantizers - 1, latents[None])
    return Prediction(*(part[0] for part in prediction))


def _context_scores(edges: Tensor, silent: Tensor) -> Tensor:
    """Scores `[2, 2, 2, M]` of frames with these `edges` `[M, 2]`, `silent` `[M]` (bool) or not, as
    in `FrameBank`."""
    # An edge is wrong where it differs from the fact: index 0 is no, 1 is yes.
    no_yes = torch.tensor([[False], [True]], device=edges.device)
    wrong_start = (edges[:, 0] != no_yes).float()
    wrong_end = (edges[:, 1] != no_yes).float()
    wrong = wrong_start[:, None] + wrong_end
    # Once silence has expired, a silent frame is out of the question.
    may_be_silent = torch.zeros_like(wrong)
    must_sound = torch.zeros_like(wrong).masked_fill(silent, -torch.inf)
    return torch.stack([may_be_silent, must_sound]) - WRONG_EDGE * wrong


def _used_codes(
    coarse: Tensor,
    edges: Tensor,
    silent: Tensor,
    stages: Tensor,
    codebook_size: int,
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
        # Indices `[M, 1]`, which broadcast with the levels.
        start, end = edges[frames, :, None].long().unbind(1)
        # A frame counts at the stages beside its own too: ages need not agree to the frame.
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
