"""One pass of prior training, and one of judging it."""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from distill.errors import DivergedError
from distill.models.prior import CodePrior, FrameScores
from distill.training.prior.data import rearranged, stack
from distill.training.prior.streams import Stream

END_WEIGHT = 1.0
MAX_GRADIENT = 1.0
DIVERGED = "Prior training diverged: the loss is no number any more; start again with a lower --lr."


def prior_loss(scores: FrameScores, codes: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy of the codes in nats (first), and with the cost of sound endings added
    (second)."""
    per_code = F.cross_entropy(scores.codes.float().flatten(0, 2), codes.flatten())
    ending = F.binary_cross_entropy_with_logits(scores.ends.float(), ends.float())
    return per_code, per_code + END_WEIGHT * ending


def train_prior_epoch(
    prior: CodePrior,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Stream],
    mask_rate: float = 0.0,
    half_precision: bool = False,
    after_step: Callable[[float], bool] = lambda loss: False,
    frames_ahead: Callable[[int], int] = lambda length: 0,
) -> float:
    """Train over `batches` of codes `[B, T, Q]`; the mean loss in nats a code.

    `frames_ahead` says of each batch, given its length, how many of its last frames are heard
    before the others. `after_step` gets each step's loss; once it returns true, the epoch ends
    after that step.
    """
    prior.train()
    device, losses = prior.start.device, []
    for drawn in batches:
        ahead = frames_ahead(drawn.codes.shape[1])
        batch = rearranged(drawn, ahead)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half_precision):
            scores = prior.frame_scores(batch.codes, batch.starts, mask_rate, ahead, batch.ends)
        per_code, loss = prior_loss(scores, batch.codes, batch.ends)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(prior.parameters(), MAX_GRADIENT)
        optimizer.step()
        losses.append(per_code.item())
        if not math.isfinite(losses[-1]):
            raise DivergedError(DIVERGED)
        if after_step(losses[-1]):
            break
    return sum(losses) / len(losses)


def validate_prior_epoch(prior: CodePrior, pieces: Iterable[Stream]) -> tuple[float, float]:
    """Mean loss in nats a code, and its exponential, the perplexity, over `pieces` of codes `[T,
    Q]`."""
    losses = level_losses(prior, pieces)
    loss = sum(losses) / len(losses)
    return loss, perplexity_of(loss)


def perplexity_of(loss: float) -> float:
    """Of a loss in nats a code; bounded, so that it is a number for every loss that is one."""
    return math.exp(min(loss, 50.0))


@torch.no_grad()
def level_losses(prior: CodePrior, pieces: Iterable[Stream]) -> list[float]:
    """Mean loss in nats a code of each level, coarsest first, over `pieces` of codes `[T, Q]`."""
    prior.eval()
    total, frames = torch.zeros(prior.num_quantizers, dtype=torch.float64), 0
    for piece in pieces:
        batch = stack([piece], prior.start.device)
        scores = prior.frame_scores(batch.codes, batch.starts, ends=batch.ends).codes[0].float()
        cost = F.cross_entropy(scores.flatten(0, 1), batch.codes.flatten(), reduction="none")
        total += cost.view_as(piece.codes).sum(0).cpu()
        frames += len(piece.codes)
    return [float(level) for level in total / max(frames, 1)]
