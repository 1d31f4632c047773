"""Curves of a training as lines of text: a sparkline, where it began, where it is, its lowest."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distill.library.training_curves import ModelCurves, Point

BLOCKS = "▁▂▃▄▅▆▇█"

COLUMNS = 40
"""Columns of a sparkline: the rest of a terminal of 80 is for title and numbers."""


def curve_rows(curves: "ModelCurves") -> list[tuple[str, str]]:
    """Titles and lines of the curves that there are."""
    series = [
        ("Sound, steps", curves.steps, "mel_loss", "step"),
        ("Sound, own", curves.validations, "own_loss", "step"),
        ("Sound, held out", curves.validations, "val_loss", "step"),
        ("Prior, steps", curves.prior_steps, "loss", "epoch"),
        ("Prior, training", curves.prior_epochs, "train_loss", "epoch"),
        ("Prior, held out", curves.prior_epochs, "val_loss", "epoch"),
    ]
    rows = [(title, _line(points, name, unit)) for title, points, name, unit in series]
    return [(title, line) for title, line in rows if line]


def _line(points: "Sequence[Point]", name: str, unit: str) -> str:
    """A sparkline with numbers; empty without a value."""
    known = [(point.get(unit), point[name]) for point in points if _is_number(point.get(name))]
    if not known:
        return ""
    values = [value for _, value in known]
    place, lowest = min(known, key=lambda pair: pair[1])
    numbers = f"{values[0]:.3f} → {values[-1]:.3f}, lowest {lowest:.3f} at {unit} {place}"
    return f"{sparkline(values)}  {numbers}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def sparkline(values: Sequence[float], columns: int = COLUMNS) -> str:
    """`values` as blocks between their lowest and their highest, each column a mean.

    Args:
        values: At least one.
        columns: Columns at most.
    """
    count = min(columns, len(values))
    bounds = [len(values) * i // count for i in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(bounds)]
    low, high = min(means), max(means)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((mean - low) * scale)] for mean in means)
