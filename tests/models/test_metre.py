"""Positions in beat and bar as features."""

import torch

from distill.models.metre import HARMONICS, NO_METRE, Metre, metre_features


def test_a_position_that_is_unknown_is_no_input() -> None:
    metre = torch.tensor([[0.25, 0.5], NO_METRE, [0.25, torch.nan]])
    features = metre_features(metre)
    assert features.shape == (3, 1 + 4 * HARMONICS)
    assert features[0].abs().sum() > 0
    assert not features[1:].any()
    assert not Metre(8)(metre)[1:].any()


def test_phases_go_round() -> None:
    begin, end = metre_features(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    assert torch.allclose(begin, end, atol=1e-6)


def test_sixteenths_of_a_bar_differ() -> None:
    beats = torch.arange(16) / 4
    features = metre_features(torch.stack([beats % 1, beats / 4], 1))
    distances = torch.cdist(features, features) + 10 * torch.eye(16)
    assert distances.min() > 1
