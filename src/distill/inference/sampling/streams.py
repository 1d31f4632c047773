"""Streams of a prior, opened on what comes before the draw and after it."""

import torch

from distill.inference.sampling.conditions import Suffix
from distill.inference.sampling.lead_in import LeadIn, LeadInBatch
from distill.models.prior import CodePrior
from distill.models.prior_blend import BlendedPrior, BlendedStream, Prior
from distill.models.prior_stream import PriorStream


def prompt_on(device: torch.device, prompt: LeadIn | LeadInBatch | None) -> LeadInBatch | None:
    """A prompt on a device, as a batch; None for none."""
    if prompt is None:
        return None
    batch = LeadInBatch.stack([prompt]) if isinstance(prompt, LeadIn) else prompt
    return batch.to(device)


def open_streams(
    prior: Prior, batch_size: int, prompt: LeadInBatch | None, suffix: Suffix
) -> PriorStream | BlendedStream:
    """A stream of the prior, or of both that it blends, each with suffix and prompt."""
    if not isinstance(prior, BlendedPrior):
        return _open_stream(prior, batch_size, prompt, suffix)
    first = _open_stream(prior.first, batch_size, prompt, suffix)
    second = _open_stream(prior.second, batch_size, prompt, suffix)
    return BlendedStream(first, second, prior.share)


def _open_stream(
    prior: CodePrior,
    batch_size: int,
    prompt: LeadInBatch | None,
    suffix: Suffix,
) -> PriorStream:
    """A stream that has read suffix and prompt, where there are any."""
    # One suffix for all streams, and no beginnings of sounds within it.
    codes = suffix.codes[None].to(prior.start.device)
    suffix_frames = codes.shape[1]
    starts = torch.zeros(1, suffix_frames, dtype=torch.bool, device=codes.device)
    metre = torch.full((1, suffix_frames, 2), torch.nan, device=codes.device)
    prompt_frames = 0
    if prompt is not None:
        S, prompt_frames, _ = prompt.codes.shape
        codes = torch.cat([codes.expand(S, -1, -1), prompt.codes], 1)
        starts = torch.cat([starts.expand(S, -1), prompt.starts], 1)
        metre = torch.cat([metre.expand(S, -1, -1), prompt.metre], 1)
    if not codes.shape[1]:
        return PriorStream(prior, batch_size)
    return PriorStream(
        prior,
        batch_size,
        codes,
        starts,
        suffix_frames,
        suffix_position=prompt_frames + suffix.gap,
        metre=metre,
    )
