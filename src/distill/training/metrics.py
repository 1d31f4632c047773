"""Events and metrics of training, for a display, a log or a test. Free of torch."""

from dataclasses import dataclass
from enum import StrEnum

from distill.html import card

# Share of used entries under which a codebook counts as little used.
LOW_UTILISATION = 0.3

# Share of used entries below which a codebook has collapsed, ...
COLLAPSE_SHARE = 0.1

# ... and perplexity (effective entries) below which a little-used one has.
COLLAPSED_PERPLEXITY = 2.5


class VerdictKind(StrEnum):
    """Kind of a verdict on codec training, for programs; its sentence is for people."""

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
    FEEDBACK = "feedback"
    REPEATED = "repeated"
    NOISE = "noise"


class PriorVerdictKind(StrEnum):
    """Kind of a verdict on prior training."""

    TOO_EARLY = "too-early"
    LEARNING = "learning"
    SETTLED = "settled"
    OVERFITTING = "over-fitting"
    MEMORISING = "memorising"
    COPYING = "copying"
    DIVERGING = "diverging"
    DIVERGED = "diverged"
    FEEDBACK = "feedback"
    REPEATED = "repeated"


@dataclass(frozen=True)
class LevelHealth:
    """Use of one codebook, over the last steps or over the corpus.

    Attributes:
        name: Name of the level.
        utilisation: Share of used entries, 0 to 1.
        perplexity: Effective number of entries.
        dead_codes: Number of unused entries.
    """

    name: str
    utilisation: float
    perplexity: float
    dead_codes: int

    @property
    def is_low(self) -> bool:
        """Whether few of its entries are used."""
        return self.utilisation < LOW_UTILISATION

    @property
    def is_collapsed(self) -> bool:
        """Whether next to none of its entries are used, or hardly more than one or two."""
        if self.utilisation < COLLAPSE_SHARE:
            return True
        return self.is_low and self.perplexity < COLLAPSED_PERPLEXITY


@dataclass(frozen=True)
class StepMetrics:
    """Codec training after one step.

    Attributes:
        step: Steps done.
        progress: 0 at the start, 1 at the end of training.
        elapsed_s: Seconds spent so far.
        remaining_s: Seconds left, as far as can be told.
        mel_loss: Mel distance of the batch, a sum over 7 scales (log10).
        learning_rate: That of the step.
        realtime_factor: Seconds of sound in batches per second of time.
        levels: Use of each codebook over the last steps.
    """

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
    """Validation of the codec after `step` steps. All distances are mel distances over 7 scales.

    Attributes:
        step: Steps done.
        elapsed_s: Seconds spent so far.
        train_loss: Mean over the last steps.
        own_loss: Distance on sounds of the training split.
        val_loss: Distance on held-out sounds; None where nothing is held out.
        best: Lowest `val_loss` so far.
        verdict: Sentence on how training goes.
        verdict_kind: Its kind.
    """

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
    """Memory ran out: from step `step` on, a batch has `batch_size` crops."""

    step: int
    batch_size: int


@dataclass(frozen=True)
class StoppingEarly:
    """More time would not help: from step `step` on, training comes to its end."""

    step: int
    verdict: str


@dataclass(frozen=True)
class ModelSaved:
    """A usable model file was written after `step` steps."""

    step: int
    path: str


@dataclass(frozen=True)
class TrainingCompleteEvent:
    """End of codec training.

    Attributes:
        steps: Steps done.
        elapsed_s: Seconds spent, earlier runs included.
        train_loss: Mean mel distance of the last steps.
        val_loss: Distance on held-out sounds; None where nothing is held out.
        levels: Use of each codebook.
        stereo: `side_db` and `correlation` of own sounds, each as they are and as decoded; empty
            for mono.
        verdict: Sentence on how training went.
        verdict_kind: Its kind.
        realtime_factor: Seconds of sound in batches per second of time.
        path: Model file.
        finished: False after an interruption, true after an early stop.
        stopped_early: Whether training ended before its time was over.
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

    def _repr_html_(self) -> str:
        """Verdict and facts, for notebooks."""
        facts = {
            "Verdict": self.verdict,
            "Steps": f"{self.steps} in {self.elapsed_s:.0f} s",
            "Held out": None if self.val_loss is None else f"{self.val_loss:.3f} (mel distance)",
            "Model": self.path,
        }
        facts |= {level.name: f"{level.utilisation:.0%} in use" for level in self.levels}
        return card("Codec training" if self.finished else "Codec training, stopped", facts)


TrainingEvent = (
    StepMetrics
    | ValidationMetrics
    | BatchHalved
    | StoppingEarly
    | ModelSaved
    | TrainingCompleteEvent
)


@dataclass(frozen=True)
class PreparationMetrics:
    """Preparation of a prior training: every sound is encoded and measured.

    Attributes:
        done: Sounds done.
        total: Sounds in all.
        progress: Share of the work that is done, 0 to 1: a long sound counts for more.
        name: Name of the sound in work; empty at the end.
    """

    done: int
    total: int
    progress: float
    name: str


@dataclass(frozen=True)
class PriorStepMetrics:
    """Prior training after one step; `loss` in nats a code."""

    epoch: int
    step: int
    steps_per_epoch: int
    loss: float


@dataclass(frozen=True)
class PriorEpochMetrics:
    """One epoch of prior training; losses in nats a code.

    Attributes:
        epoch: Number of the epoch, from 1.
        total_epochs: Epochs at most.
        train_loss: Mean over the steps, with dropout and hidden frames.
        val_loss: Loss on held-out sounds.
        val_perplexity: Its exponential.
        best_perplexity: Lowest one so far.
        is_memorizing: Whether held-out codes are suspiciously easy to predict.
        memorization_message: Sentence on that; empty where it is not so.
        epoch_time_s: Seconds of the epoch, validation included.
        learning_rate: That of its end.
        verdict: Sentence on how training goes.
        verdict_kind: Its kind.
        own_loss: Loss on sounds of the training split, measured as `val_loss` is.
        level_losses: `val_loss` of each level, coarsest first.
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
    """End of prior training.

    Attributes:
        epochs_trained: Epochs done.
        final_perplexity: Held-out perplexity after the last epoch.
        best_perplexity: Lowest held-out perplexity.
        elapsed_s: Seconds of training, earlier runs included.
        interrupted: Whether it was stopped by hand.
        warnings: Sentences of warning.
        verdict: Sentence on how training went; empty before the first epoch.
        verdict_kind: Its kind.
    """

    epochs_trained: int
    final_perplexity: float
    best_perplexity: float
    elapsed_s: float
    interrupted: bool
    warnings: tuple[str, ...]
    verdict: str = ""
    verdict_kind: PriorVerdictKind | None = None

    def _repr_html_(self) -> str:
        """Verdict and facts, for notebooks."""
        facts = {
            "Verdict": self.verdict,
            "Epochs": f"{self.epochs_trained} in {self.elapsed_s:.0f} s",
            "Perplexity": f"{self.best_perplexity:.1f} at best, {self.final_perplexity:.1f} last",
            "Warnings": " ".join(self.warnings) or None,
        }
        return card("Prior training, stopped" if self.interrupted else "Prior training", facts)
