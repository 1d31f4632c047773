"""Two priors as one: their log-probabilities are averaged."""

from pathlib import Path

import torch

from distill.models.persistence import load_model_v2
from distill.models.prior import CodePrior
from distill.models.prior_blend import BlendedPrior, BlendedStream, mix_logits
from distill.models.prior_stream import PriorStream


def test_a_mix_lies_between_whatever_is_added_to_the_logits() -> None:
    first, second = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    mixed = mix_logits(first, second + 5, 0.3)
    expected = 0.7 * first.log_softmax(-1) + 0.3 * second.log_softmax(-1)
    assert torch.allclose(mixed, expected, atol=1e-5)
    assert torch.allclose(mix_logits(first, second, 0), first.log_softmax(-1))
    assert torch.allclose(mix_logits(first, second, 1), second.log_softmax(-1))


@torch.inference_mode()
def test_frame_by_frame_as_in_one_go(trained: Path) -> None:
    first = load_model_v2(trained).prior
    assert isinstance(first, CodePrior)
    second = load_model_v2(trained).prior
    assert isinstance(second, CodePrior)
    second.heads[0].load_state_dict(first.heads[1].state_dict())
    prior = BlendedPrior(first, second, 0.4)
    codes = torch.randint(32, (1, 6, 3), generator=torch.Generator().manual_seed(1))
    whole = prior.frame_scores(codes)
    streams = [PriorStream(own, batch_size=1) for own in (first, second)]
    stream = BlendedStream(*streams, prior.share)
    none = torch.tensor([False])
    for t in range(6):
        end = stream.begin(codes[:, t - 1] if t else None, none)
        assert end is not None
        assert torch.allclose(end, whole.ends[:, t], atol=1e-4)
        choice = none
        for level in range(3):
            scores = stream.next_logits(choice)
            assert torch.allclose(scores, whole.codes[:, t, level], atol=1e-4)
            choice = codes[:, t, level]
