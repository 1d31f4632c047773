"""Two priors of one codec as one: their logits are mixed.

A mean of log-probabilities is a product of experts (Hinton 2002): likely is what both find likely,
each as far as its share goes.
"""

import torch
from torch import Tensor

from distill.models.attribute_classifier import AttributeClassifier
from distill.models.pointer import Pointer
from distill.models.prior import CodePrior, FrameScores
from distill.models.prior_stream import PriorStream


class BlendedPrior:
    """A prior between two, for draws alone. Both score the codes of one codec.

    What steers is the attribute classifier of the first.

    Args:
        first: one prior, in eval mode.
        second: the other, on the same device; it predicts ends of sounds as the first does.
        share: share of the second, 0 to 1.

    Example:
        >>> prior = BlendedPrior(old.require_prior(), new.require_prior(), 0.4)
    """

    def __init__(self, first: CodePrior, second: CodePrior, share: float) -> None:
        self.first = first
        self.second = second
        self.share = share
        self.start = first.start
        self.num_quantizers = first.num_quantizers
        # Each looks back as far as it can.
        self.window = max(first.window, second.window)
        self.hears_ahead = first.hears_ahead and second.hears_ahead

    @property
    def reader(self) -> AttributeClassifier | None:
        """The attribute classifier that steers; None without one."""
        return self.first.reader

    @property
    def pointer(self) -> Pointer | None:
        """The pointer of the first prior, which has the entries of the codec."""
        return self.first.pointer

    def frame_scores(self, codes: Tensor, last_frames: int | None = None) -> FrameScores:
        """As `CodePrior.frame_scores`."""
        first = self.first.frame_scores(codes, last_frames=last_frames)
        second = self.second.frame_scores(codes, last_frames=last_frames)
        return FrameScores(
            codes=mix_logits(first.codes, second.codes, self.share),
            ends=torch.lerp(first.ends, second.ends, self.share),
        )


Prior = CodePrior | BlendedPrior
"""What codes are drawn from."""


class BlendedStream:
    """Two priors frame by frame, with the calls of a `PriorStream`.

    Args:
        first: stream of the one prior.
        second: stream of the other.
        share: share of the second, 0 to 1.
    """

    def __init__(self, first: PriorStream, second: PriorStream, share: float) -> None:
        self.first = first
        self.second = second
        self.share = share

    def begin(
        self, previous: Tensor | None, starts: Tensor, metre: Tensor | None = None
    ) -> Tensor | None:
        """As `PriorStream.begin`."""
        first = self.first.begin(previous, starts, metre)
        second = self.second.begin(previous, starts, metre)
        if first is None or second is None:
            return None
        return torch.lerp(first, second, self.share)

    def skip_frame(
        self, previous: Tensor | None, starts: Tensor, metre: Tensor | None = None
    ) -> None:
        """As `PriorStream.skip_frame`."""
        self.first.skip_frame(previous, starts, metre)
        self.second.skip_frame(previous, starts, metre)

    def next_logits(self, choice: Tensor) -> Tensor:
        """As `PriorStream.next_logits`: log-probabilities `[B, K]`, mixed."""
        first = self.first.next_logits(choice)
        return mix_logits(first, self.second.next_logits(choice), self.share)

    def skip_level(self, choice: Tensor) -> None:
        """As `PriorStream.skip_level`."""
        self.first.skip_level(choice)
        self.second.skip_level(choice)

    def end_logits(self, codes: Tensor) -> Tensor:
        """As `PriorStream.end_logits`."""
        return torch.lerp(self.first.end_logits(codes), self.second.end_logits(codes), self.share)

    def target_scores(self, level: int, targets: Tensor) -> Tensor:
        """As `PriorStream.target_scores`, by the attribute classifier of the first prior."""
        return self.first.target_scores(level, targets)


def mix_logits(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Log-probabilities `[..., K]`, up to a constant, between those of two logits `[..., K]`."""
    # Of log-probabilities: a constant in the logits of one must not count.
    return torch.lerp(first.log_softmax(-1), second.log_softmax(-1), share)
