"""Curves of the trainings of a model, from the log beside it, or from the file. Free of torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.errors import ModelFileError
from distill.files import FilePath
from distill.library.job_events import MOST_POINTS, read_curves
from distill.library.job_types import JobEvent
from distill.models.header import read_outline
from distill.training.metrics import (
    PriorEpochMetrics,
    PriorStepMetrics,
    StepMetrics,
    ValidationMetrics,
)
from distill.training.paths import log_path

Point = dict[str, Any]
"""A point of a curve: names and values."""

_PLACES: dict[type, tuple[str, ...]] = {
    StepMetrics: ("step",),
    ValidationMetrics: ("step",),
    PriorStepMetrics: ("epoch", "step"),
    PriorEpochMetrics: ("epoch",),
}
"""Fields that say where in its training an event is."""


@dataclass(frozen=True)
class ModelCurves:
    """Curves of a model; each is a list of points, the first one first.

    Attributes:
        source: `log` where they are from the log beside the model, `model` where from the file,
            which holds no steps.
        steps: Steps of codec training: fields of `StepMetrics`.
        validations: Validations of the codec: `step`, `elapsed_s`, `train_loss`, `own_loss`,
            `val_loss`.
        prior_steps: Steps of prior training: fields of `PriorStepMetrics`.
        prior_epochs: Epochs of the prior: `epoch`, `train_loss`, `val_loss`, `own_loss`.
    """

    source: str
    steps: list[Point] = field(default_factory=list)
    validations: list[Point] = field(default_factory=list)
    prior_steps: list[Point] = field(default_factory=list)
    prior_epochs: list[Point] = field(default_factory=list)


def model_curves(model_path: FilePath, most: int = MOST_POINTS) -> ModelCurves:
    """The curves of a model.

    Args:
        model_path: Model file; with a log beside it, one whose training has saved none yet will do.
        most: Points of a curve, at most.

    Raises:
        ModelFileError: There is neither a model nor a log of one.

    Example:
        losses = [point["val_loss"] for point in model_curves("my.sda").validations]
    """
    events = read_curves(log_path(Path(model_path)), most)
    logged = {
        kind: _points(events.get(kind.__name__, []), names) for kind, names in _PLACES.items()
    }
    kept = _curves_in_file(model_path, is_required=not any(logged.values()))
    if not any(logged.values()):
        return kept
    # A codec that came from elsewhere has no log of its training, but its prior may.
    return ModelCurves(
        source="log",
        steps=logged[StepMetrics],
        validations=logged[ValidationMetrics] or kept.validations,
        prior_steps=logged[PriorStepMetrics],
        prior_epochs=logged[PriorEpochMetrics] or kept.prior_epochs,
    )


def _points(events: list[JobEvent], names: tuple[str, ...]) -> list[Point]:
    """The points of events, but for those that a later run did again, or replaced."""
    kept: list[Point] = []
    next_place: tuple[Any, ...] | None = None
    for event in reversed(events):
        place = tuple(event.data.get(name) for name in names)
        if not all(type(number) is int for number in place):
            continue
        if next_place is None or place < next_place:
            kept.append(event.data | {"t": event.t})
            next_place = place
    return kept[::-1]


def _curves_in_file(model_path: FilePath, is_required: bool) -> ModelCurves:
    try:
        outline = read_outline(model_path)
    except ModelFileError:
        if is_required:
            raise
        return ModelCurves(source="model")
    prior = outline.get("prior_metadata") if outline.get("has_prior") is True else None
    return ModelCurves(
        source="model",
        validations=_points_in_file(outline["metadata"]),
        prior_epochs=_points_in_file(prior or {}),
    )


def _points_in_file(metadata: dict[str, Any]) -> list[Point]:
    points = metadata.get("loss_curves")
    return [point for point in points if isinstance(point, dict)] if points else []
