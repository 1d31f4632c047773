"""One epoch of prior training, and its validation."""

import math
from collections.abc import Callable, Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from distill.errors import DivergedError
from distill.models.prior import CodePrior, FrameScores
from distill.training.prior.streams import Stream, move_end_to_front, stack
from distill.training.prior.verdict import perplexity_of

# Weight of the loss of sound ends, beside that of the codes: both in nats.
END_WEIGHT = 1.0

# Norm that gradients are clipped to.
MAX_GRADIENT = 1.0

DIVERGENCE = (
    "Prior training diverged: the loss is no number any more; "
    "start again with a lower learning rate."
)
"""Sentence of the error."""


def prior_loss(scores: FrameScores, codes: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of a batch.

    Args:
        scores: Logits of codes `[B, T, Q, K]` and of ends `[B, T]`.
        codes: `[B, T, Q]`
        ends: `[B, T]` (bool), the last frame of each sound.

    Returns:
        Mean cross-entropy of the codes in nats, and the same with the loss of the ends added, which
        is minimised. Both are scalars.
    """
    code_loss = F.cross_entropy(scores.codes.float().flatten(0, 2), codes.flatten())
    end_loss = F.binary_cross_entropy_with_logits(scores.ends.float(), ends.float())
    return code_loss, code_loss + END_WEIGHT * end_loss


def train_prior_epoch(
    prior: CodePrior,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Stream],
    mask_rate: float = 0.0,
    half_precision: bool = False,
    after_step: Callable[[float], bool] = lambda loss: False,
    frames_ahead: Callable[[int], int] = lambda length: 0,
    after_backward: Callable[[Iterator[nn.Parameter], Tensor], None] = lambda weights, losses: None,
) -> float:
    """Train the prior on `batches`.

    Args:
        prior: Is trained in place.
        optimizer: Of the prior's parameters.
        batches: Codes `[B, T, Q]` with starts and ends `[B, T]`.
        mask_rate: Share of past frames that are hidden.
        half_precision: Whether the forward pass runs in bfloat16.
        after_step: Gets the loss of each step; once it returns true, the epoch ends.
        frames_ahead: Gets the length of a batch in frames; returns how many of the last ones the
            prior reads before the others.
        after_backward: Gets the parameters, with gradients, and the loss of each batch, `[1]`. It
            may change both, as to those of a larger batch.

    Returns:
        Mean loss in nats a code.

    Raises:
        DivergedError: A loss is no number.
    """
    prior.train()
    device = prior.start.device
    losses: list[float] = []
    for batch in batches:
        ahead = frames_ahead(batch.codes.shape[1])
        codes, starts, ends, metre = move_end_to_front(batch, ahead)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half_precision):
            scores = prior.frame_scores(codes, starts, mask_rate, ahead, ends, metre=metre)
        code_loss, loss = prior_loss(scores, codes, ends)

        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        figures = code_loss.detach().reshape(1)
        after_backward(prior.parameters(), figures)
        torch.nn.utils.clip_grad_norm_(prior.parameters(), MAX_GRADIENT)
        optimizer.step()

        losses.append(figures.item())
        if not math.isfinite(losses[-1]):
            raise DivergedError(DIVERGENCE)
        if after_step(losses[-1]):
            break
    return sum(losses) / len(losses)


def validate_prior_epoch(prior: CodePrior, pieces: Iterable[Stream]) -> tuple[float, float]:
    """Loss of the prior on `pieces` of codes `[T, Q]`.

    Returns:
        Mean loss in nats a code, and its exponential, the perplexity.
    """
    losses = level_losses(prior, pieces)
    loss = sum(losses) / len(losses)
    return loss, perplexity_of(loss)


def validation_losses(
    prior: CodePrior, held_out: Iterable[Stream], own: Iterable[Stream]
) -> tuple[list[float], float]:
    """Losses of each level on pieces of held-out sounds, and the mean loss on own ones."""
    losses = level_losses(prior, held_out)
    own_loss, _ = validate_prior_epoch(prior, own)
    return losses, own_loss


@torch.no_grad()
def level_losses(prior: CodePrior, pieces: Iterable[Stream]) -> list[float]:
    """Mean loss of each level in nats a code, coarsest first, on `pieces` of codes `[T, Q]`."""
    prior.eval()
    total = torch.zeros(prior.num_quantizers, dtype=torch.float64)
    frames = 0
    for piece in pieces:
        batch = stack([piece], prior.start.device)
        scores = prior.frame_scores(batch.codes, batch.starts, ends=batch.ends, metre=batch.metre)
        logits = scores.codes[0].float()
        losses = F.cross_entropy(logits.flatten(0, 1), batch.codes.flatten(), reduction="none")
        total += losses.view_as(piece.codes).sum(0).cpu()
        frames += len(piece.codes)
    return [float(loss) for loss in total / max(frames, 1)]
