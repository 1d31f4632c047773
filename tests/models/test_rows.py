"""Streams of a batch are computed as they are alone, to the bit."""

import pytest
import torch

from distill.models.rows import EIGHT, StreamLinear, by_stream, in_eights


@pytest.mark.parametrize("shape", [(1, 1), (64, 3), (24, 700), (128, 512), (513, 128)])
@pytest.mark.parametrize("product", [by_stream, in_eights])
def test_products_do_not_depend_on_the_batch(shape: tuple[int, int], product) -> None:
    K, N = shape
    generator = torch.Generator().manual_seed(K)
    x, weight = torch.randn(2 * EIGHT + 3, K, generator=generator), torch.randn(N, K, generator=generator)
    whole = product(x, weight)
    assert torch.allclose(whole, x @ weight.T, atol=1e-4)
    for some in (slice(0, 1), slice(3, 5), slice(7, 8), slice(4, 16)):
        assert torch.equal(product(x[some], weight), whole[some])


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_is_the_same_in_and_out_of_training(bias: bool) -> None:
    layer, x = StreamLinear(16, 5, bias), torch.randn(3, 7, 16)
    trained = layer(x)
    layer.eval()
    assert torch.allclose(layer(x), trained, atol=1e-6)
    assert torch.equal(layer(x)[1:2], layer(x[1:2]))
    assert torch.allclose(layer(x[:, 0]), trained[:, 0], atol=1e-6)
