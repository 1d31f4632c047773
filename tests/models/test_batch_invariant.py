"""Streams of a batch are computed as they are alone, to the bit."""

import pytest
import torch
import torch.nn.functional as F

from distill.device import using_threads
from distill.models.batch_invariant import (
    BatchInvariantLinear,
    add_product,
    linear,
    logaddexp,
    softplus,
)
from distill.models.prior import CodePrior
from distill.models.prior_stream import PriorStream


@pytest.mark.parametrize("shape", [(1, 1), (64, 3), (24, 700), (128, 512), (513, 128)])
def test_products_do_not_depend_on_the_batch(shape: tuple[int, int]) -> None:
    K, N = shape
    generator = torch.Generator().manual_seed(K)
    x, weight = torch.randn(19, K, generator=generator), torch.randn(N, K, generator=generator)
    base, columns = torch.randn(19, N, generator=generator), weight.T.contiguous()
    whole, sums = linear(x, weight), add_product(base, x, columns, 60)
    assert torch.allclose(whole, x @ weight.T, atol=1e-4)
    assert torch.allclose(sums, base + 60 * x @ weight.T, atol=1e-2)
    for streams in (slice(0, 1), slice(3, 5), slice(7, 8), slice(4, 16)):
        assert torch.equal(linear(x[streams], weight), whole[streams])
        assert torch.equal(add_product(base[streams], x[streams], columns, 60), sums[streams])


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_the_same_in_and_out_of_training(bias: bool) -> None:
    layer, x = BatchInvariantLinear(16, 5, bias), torch.randn(3, 7, 16)
    trained = layer(x)
    layer.eval()
    assert torch.allclose(layer(x), trained, atol=1e-6)
    assert torch.equal(layer(x)[1:2], layer(x[1:2]))
    assert torch.allclose(layer(x[:, 0]), trained[:, 0], atol=1e-6)


@pytest.mark.parametrize("size", [40, 64, 100])
def test_a_step_of_the_prior_does_not_depend_on_the_batch(size: int) -> None:
    """Scores to the bit: of codes, ends and targets, by network, pointer and classifier, after a
    prompt.

    On one thread, as codes are drawn: each thread of attention has scratch memory of its own, and a
    product rounds differently where memory lies differently.
    """
    torch.manual_seed(0)
    Q, K, B = 3, size, 5
    prior = CodePrior(
        K,
        12 * Q,
        Q,
        128,
        latent_dim=24,
        descriptors=2,
        tags=2,
        ends_first=True,
        has_metre=True,
    ).eval()
    codes = torch.randint(K, (15, B, Q))
    starts = torch.rand(15, B) < 0.2
    prompt = torch.randint(K, (B, 9, Q))
    prompt_starts = torch.rand(B, 9) < 0.2
    targets = torch.rand(B, 4)
    metre = torch.rand(15, B, 2)
    metre[::4] = torch.nan
    prompt_metre = torch.rand(B, 9, 2)

    def scores_of(streams: slice) -> list[torch.Tensor]:
        scores = []
        stream = PriorStream(
            prior,
            len(prompt[streams]),
            prompt[streams],
            prompt_starts[streams],
            metre=prompt_metre[streams],
        )
        frames = zip(codes[:, streams], starts[:, streams], metre[:, streams], strict=True)
        for previous, begins, position in frames:
            end_logits = stream.begin(previous, begins, position)
            assert end_logits is not None
            scores.append(end_logits)
            choice = begins
            for level in range(Q):
                logits = stream.next_logits(choice)
                scores += [logits, stream.state, stream.target_scores(level, targets[streams])]
                choice = logits.argmax(-1)
        return scores

    with torch.inference_mode(), using_threads(1):
        together = scores_of(slice(None))
        for i in (0, 2, 4):
            assert all(
                torch.equal(a[i : i + 1], b)
                for a, b in zip(together, scores_of(slice(i, i + 1)), strict=True)
            )


@pytest.mark.parametrize("size", [1, 7, 40, 64])
def test_sums_do_not_depend_on_the_batch(size: int) -> None:
    generator = torch.Generator().manual_seed(size)
    a, b = (8 * torch.randn(50, 5, size, generator=generator) for _ in range(2))
    together = logaddexp(a, b)
    assert torch.allclose(together, torch.logaddexp(a, b), atol=1e-5)
    assert torch.allclose(softplus(a), F.softplus(a), atol=1e-5)
    for i in range(50):
        assert torch.equal(logaddexp(a[i, 2:3], b[i, 2:3]), logaddexp(a[i], b[i])[2:3])
        assert torch.equal(softplus(a[i, 2:3]), softplus(a[i])[2:3])
