"""Curves of a training."""

from distill.training.curves import mean, series


def test_a_series_leaves_out_points_without_the_figure() -> None:
    curve = [{"step": 1, "val_loss": 3.0}, {"step": 2}, {"step": 3, "val_loss": 1.0}]
    assert series(curve, "step") == [1, 2, 3]
    assert series(curve, "val_loss") == [3.0, 1.0]
    assert mean(series(curve, "val_loss")) == 2.0
