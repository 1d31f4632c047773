"""Layers of the decoder."""

import pytest
import torch
import torch.nn.functional as F

from distill.models.layers import KERNEL, ConvNeXtBlock, WideLinear, backbone


@pytest.mark.parametrize("outputs", [1, 16, 21, 1025])
def test_a_wide_layer_computes_what_a_linear_one_does(outputs: int) -> None:
    """Outputs and all gradients."""
    torch.manual_seed(0)
    layer = WideLinear(6, outputs)
    x = torch.randn(2, 5, 6, requires_grad=True)
    weights = torch.randn(2, 5, outputs)
    results = []
    for output in (layer(x), F.linear(x, layer.weight, layer.bias)):
        results.append(
            (output, *torch.autograd.grad((output * weights).sum(), (x, layer.weight, layer.bias)))
        )
    assert results[0][0].shape == (2, 5, outputs)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*results, strict=True))


def test_a_block_reaches_over_its_kernel_only() -> None:
    torch.manual_seed(0)
    block = ConvNeXtBlock(8, expansion=2, layer_scale=1.0)
    x = torch.randn(1, 21, 8)
    changed = x.clone()
    changed[:, 10] += 1
    difference = (block(x) - block(changed)).abs().amax(2)[0]
    touched = difference.nonzero()[:, 0].tolist()
    assert touched == list(range(10 - KERNEL // 2, 10 + KERNEL // 2 + 1))


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_backbone_keeps_the_shape(layers: int) -> None:
    stack = backbone(8, layers, 2)
    assert stack(torch.randn(2, 5, 8)).shape == (2, 5, 8)
    assert sum(isinstance(layer, ConvNeXtBlock) for layer in stack) == layers
