"""Curves of figures over a training."""

from collections.abc import Sequence
from typing import Any

Point = dict[str, Any]


def series(curve: Sequence[Point], name: str) -> list[float]:
    return [point[name] for point in curve if name in point]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
