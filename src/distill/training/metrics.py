"""What training reports, to a display, a log or a test. Free of torch."""

from dataclasses import dataclass

LOW_UTILISATION = 0.3


@dataclass(frozen=True)
class LevelHealth:
    """One codebook over the last steps: share of entries used, perplexity (effective entries), unused entries."""

    name: str
    utilisation: float
    perplexity: float
    dead_codes: int

    @property
    def is_low(self) -> bool:
        return self.utilisation < LOW_UTILISATION


@dataclass(frozen=True)
class StepMetrics:
    """State of codec training after one step. `progress` runs from 0 to 1, `mel_loss` sums 7 scales (log10)."""

    step: int
    progress: float
    elapsed_s: float
    remaining_s: float
    mel_loss: float
    commitment_loss: float
    learning_rate: float
    realtime_factor: float
    levels: tuple[LevelHealth, ...]


@dataclass(frozen=True)
class ValidationMetrics:
    """Held-out distance after `step` steps; `best` is the lowest so far."""

    step: int
    elapsed_s: float
    train_loss: float
    val_loss: float
    best: float


@dataclass(frozen=True)
class ModelSaved:
    """A usable model file was written after `step` steps."""

    step: int
    path: str


@dataclass(frozen=True)
class TrainingCompleteEvent:
    """End of codec training. `finished` is false after an interruption."""

    steps: int
    elapsed_s: float
    train_loss: float
    val_loss: float | None
    levels: tuple[LevelHealth, ...]
    verdict: str
    realtime_factor: float
    path: str
    finished: bool


TrainingEvent = StepMetrics | ValidationMetrics | ModelSaved | TrainingCompleteEvent


@dataclass(frozen=True)
class PriorStepMetrics:
    """One step of prior training; `loss` in nats per code."""

    epoch: int
    step: int
    steps_per_epoch: int
    loss: float


@dataclass(frozen=True)
class PriorEpochMetrics:
    """One epoch of prior training; losses in nats per code, perplexity is exp(val_loss)."""

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


@dataclass(frozen=True)
class PriorTrainingCompleteEvent:
    """End of prior training. `interrupted` is true when it was stopped by hand."""

    epochs_trained: int
    final_perplexity: float
    best_perplexity: float
    elapsed_s: float
    interrupted: bool
    warnings: tuple[str, ...]
