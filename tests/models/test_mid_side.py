import math

import torch

from distill.models.mid_side import drop_faint_side, from_mid_side, relative_to_mid, to_mid_side


def test_there_and_back() -> None:
    x = torch.randn(3, 2, 5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(from_mid_side(to_mid_side(x)), x, atol=1e-6)
    spectrum = torch.complex(x, x.flip(0))
    assert torch.allclose(from_mid_side(to_mid_side(spectrum)), spectrum, atol=1e-6)


def test_dual_mono_has_no_side_and_no_side_is_dual_mono() -> None:
    x = torch.randn(1, 1, 50).expand(1, 2, 50)
    mid_side = to_mid_side(x)
    assert torch.equal(mid_side, torch.cat((x[:, :1], torch.zeros(1, 1, 50)), 1))
    left, right = from_mid_side(mid_side)[0]
    assert torch.equal(left, right)


def test_the_side_is_told_relative_to_the_mid() -> None:
    x = torch.tensor([[1.0, -2.0], [0.5, 4.0]])[None]
    assert relative_to_mid(x).tolist() == [[[1.0, -2.0], [1.5, 2.0]]]


def test_a_faint_side_is_none() -> None:
    def side_survives(mid: float, side: float) -> bool:
        pair = torch.tensor([mid, side]).log().reshape(1, 2, 1, 1)
        result = drop_faint_side(pair)
        assert result[0, 0, 0, 0] == pair[0, 0, 0, 0]
        return bool(result[0, 1, 0, 0] > -math.inf)

    assert side_survives(1.0, 0.01)
    assert side_survives(1e-6, 1e-3)
    assert not side_survives(1.0, 5e-4)
    assert not side_survives(1e-6, 5e-5)
