"""What training reports, to a display, a log or a test. Free of torch."""

from dataclasses import dataclass
from enum import StrEnum

LOW_UTILISATION = 0.3


class VerdictKind(StrEnum):
    """What a verdict on codec training comes down to, for programs; its sentence is for people."""

    TOO_EARLY = "too-early"
    LEARNING = "learning"
    FLATTENING = "flattening"
    DONE = "done"
    OVERFITTING = "over-fitting"
    DIVERGING = "diverging"
    DIVERGED = "diverged"
    COLLAPSING = "collapsing"
    COLLAPSED = "collapsed"
    UNEVEN = "uneven"
    REPEATED = "repeated"
    NOISE = "noise"


class PriorVerdictKind(StrEnum):
    """What a verdict on prior training comes down to."""

    TOO_EARLY = "too-early"
    LEARNING = "learning"
    SETTLED = "settled"
    OVERFITTING = "over-fitting"
    MEMORISING = "memorising"
    COPYING = "copying"
    DIVERGING = "diverging"
    DIVERGED = "diverged"
    REPEATED = "repeated"


@dataclass(frozen=True)
class LevelHealth:
    """One codebook over the last steps: share of entries used, perplexity (effective entries),
    unused entries."""

    name: str
    utilisation: float
    perplexity: float
    dead_codes: int

    @property
    def is_low(self) -> bool:
        return self.utilisation < LOW_UTILISATION


@dataclass(frozen=True)
class StepMetrics:
    """State of codec training after one step. `progress` runs from 0 to 1, `mel_loss` sums 7 scales
    (log10)."""

    step: int
    progress: float
    elapsed_s: float
    remaining_s: float
    mel_loss: float
    learning_rate: float
    realtime_factor: float
    levels: tuple[LevelHealth, ...]


@dataclass(frozen=True)
class ValidationMetrics:
    """Distances after `step` steps on own sounds and, where any are held out, on those; `best` is
    the lowest such so far. `train_loss` is the mean over the last steps."""

    step: int
    elapsed_s: float
    train_loss: float
    own_loss: float
    val_loss: float | None
    best: float | None
    verdict: str
    verdict_kind: VerdictKind


@dataclass(frozen=True)
class BatchHalved:
    """Memory ran out; from step `step` on, a step hears `batch_size` pieces."""

    step: int
    batch_size: int


@dataclass(frozen=True)
class StoppingEarly:
    """More time would not help: after `step` steps, training comes to its end over a last short
    stretch."""

    step: int
    verdict: str


@dataclass(frozen=True)
class ModelSaved:
    """A usable model file was written after `step` steps."""

    step: int
    path: str


@dataclass(frozen=True)
class TrainingCompleteEvent:
    """End of codec training. `finished` is false after an interruption, true after an early stop.

    `stereo` has `side_db` and `correlation` of own sounds, as they are and as decoded; it is empty
    for mono.
    """

    steps: int
    elapsed_s: float
    train_loss: float
    val_loss: float | None
    levels: tuple[LevelHealth, ...]
    stereo: dict[str, list[float]]
    verdict: str
    verdict_kind: VerdictKind
    realtime_factor: float
    path: str
    finished: bool
    stopped_early: bool


TrainingEvent = (
    StepMetrics
    | ValidationMetrics
    | BatchHalved
    | StoppingEarly
    | ModelSaved
    | TrainingCompleteEvent
)


@dataclass(frozen=True)
class PriorStepMetrics:
    """One step of prior training; `loss` in nats per code."""

    epoch: int
    step: int
    steps_per_epoch: int
    loss: float


@dataclass(frozen=True)
class PriorEpochMetrics:
    """One epoch of prior training; losses in nats per code, perplexity is exp(val_loss).

    `train_loss` is that of the steps, under dropout and with frames hidden; `own_loss` that of some
    of one's own sounds under the conditions of `val_loss`, of which `level_losses` are the levels'
    parts, coarsest first.
    """

    epoch: int
    total_epochs: int
    train_loss: float
    val_loss: float
    val_perplexity: float
    best_perplexity: float
    is_memorizing: bool
    memorization_message: str
    epoch_time_s: float
    learning_rate: float
    verdict: str = ""
    verdict_kind: PriorVerdictKind = PriorVerdictKind.TOO_EARLY
    own_loss: float | None = None
    level_losses: tuple[float, ...] = ()


@dataclass(frozen=True)
class PriorTrainingCompleteEvent:
    """End of prior training. `interrupted` is true when it was stopped by hand."""

    epochs_trained: int
    final_perplexity: float
    best_perplexity: float
    elapsed_s: float
    interrupted: bool
    warnings: tuple[str, ...]
    verdict: str = ""
    verdict_kind: PriorVerdictKind | None = None
