"""Curves: figures of a training, point by point. Free of torch.

A point is one validation of the codec, or one epoch of the prior. Checkpoints and model files keep
points as plain dicts.
"""

from collections.abc import Sequence
from typing import Any

Point = dict[str, Any]
"""Figures by name, such as `step`, `train_loss`, `own_loss` and `val_loss`.

`own_loss` is measured on sounds of the training split, `val_loss` on held-out ones; the latter is
missing where nothing is held out.
"""


def series(curve: Sequence[Point], name: str) -> list[float]:
    """Values of the figure `name`, from the points that have it."""
    return [point[name] for point in curve if name in point]


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of one value or more."""
    return sum(values) / len(values)
