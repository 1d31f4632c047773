"""Facts about results as typed records: encoded, decoded, edited and generated sounds, and priors.

As in `describe`, field names and their order are the JSON keys that `--json` prints. The facts of
codec training are `distill.training.TrainingCompleteEvent`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distill.audio.timing import Timing
    from distill.inference.blending.settings import BlendRecord
    from distill.inference.codes.grid import CodeGrid
    from distill.inference.codes.rearrange import EditResult
    from distill.inference.copies.report import CopyReport
    from distill.inference.generate import Generated
    from distill.inference.modes.request import ModeSettings
    from distill.inference.sampling.curves import Steering
    from distill.inference.sampling.settings import Sampling


# --- encoded and decoded sounds -------------------------------------------------------------------


@dataclass(frozen=True)
class EncodedFacts:
    """A sound that was encoded to a codes file.

    Attributes:
        remark: A sentence on what encoding lost; mostly empty.
    """

    path: Path
    frames: int
    levels: int
    n_samples: int
    duration_s: float
    gain: float
    remark: str = ""


def encoded_facts(path: Path, grid: CodeGrid, remark: str = "") -> EncodedFacts:
    """Facts about a sound that was encoded to the file at `path`."""
    T, Q = grid.codes.shape
    return EncodedFacts(
        path=path,
        frames=T,
        levels=Q,
        n_samples=grid.n_samples,
        duration_s=grid.seconds,
        gain=grid.gain,
        remark=remark,
    )


@dataclass(frozen=True)
class DecodedFacts:
    """A sound file that was decoded from codes."""

    path: Path
    duration_s: float
    n_samples: int


@dataclass(frozen=True)
class ConvertedFacts:
    """A sound file in another form.

    Attributes:
        path: The file.
        duration_s: Length in seconds.
        n_samples: Samples of a channel.
        sample_rate: In Hz.
        channels: Number of channels.
        bytes: Size of the file.
    """

    path: Path
    duration_s: float
    n_samples: int
    sample_rate: int
    channels: int
    bytes: int


# --- edits ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EditedFacts:
    """A codes file that edits were written to."""

    path: Path
    frames: int
    levels: int
    n_samples: int
    duration_s: float


def edited_facts(path: Path, grid: CodeGrid) -> EditedFacts:
    """Facts about an edited `grid` that was written to the file at `path`."""
    T, Q = grid.codes.shape
    return EditedFacts(
        path=path, frames=T, levels=Q, n_samples=grid.n_samples, duration_s=grid.seconds
    )


@dataclass(frozen=True)
class StepFacts:
    """One edit.

    Attributes:
        changed: Number of codes that changed; None if the length changed.
        locked: Number of locked codes afterwards.
        kept_back: Number of codes that would have changed, but are locked.
        remark: A sentence on what went another way than asked; may be empty.
        distance: Of a blend: mean distance from the exact blend, as a share of the distance between
            the two sounds.
        changed_frames: First code frame that differs, and the frame after the last; None if none.
    """

    operation: str
    changed: int | None
    locked: int
    kept_back: int
    remark: str
    distance: float | None
    changed_frames: tuple[int, int] | None = None


def step_facts(operation: str, before: CodeGrid, result: EditResult) -> StepFacts:
    """Facts about the edit called `operation`, which made `result` of `before`."""
    after = result.grid
    same_shape = before.codes.shape == after.codes.shape
    distance = result.distance
    return StepFacts(
        operation=operation,
        changed=int((before.codes != after.codes).sum()) if same_shape else None,
        locked=after.locked_count,
        kept_back=result.kept_back,
        remark=result.remark,
        distance=None if distance is None else float(distance.mean()),
        changed_frames=result.changed,
    )


# --- generated sound, trained prior ---------------------------------------------------------------


@dataclass(frozen=True)
class GeneratedFacts:
    """A generated sound that was written to a file.

    Attributes:
        loudness_lufs: Integrated loudness.
        way: The mode, with its settings.
        heard: Recordings that served as the prompt.
        timing: Tempo and beats; None where it keeps no beat.
        remarks: Sentences on what was changed or lost of the source.
        copy: How much of the sound repeats the corpus; None if the model cannot tell.
        draws: Number of sounds that were drawn until one copied little enough.
        under_max_copy: Whether it copies less than was allowed; None without a limit.
        blend: The second model and its share; None for a sound of one model.
    """

    path: Path
    seed: int
    duration_s: float
    sample_rate: int
    loudness_lufs: float
    sampling: Sampling
    way: ModeSettings
    steering: Steering
    model_hash: str
    heard: list[str]
    timing: Timing | None
    remarks: list[str]
    copy: CopyReport | None
    draws: int
    under_max_copy: bool | None
    blend: BlendRecord | None = None


def generated_facts(path: Path, sound: Generated, max_copy: float | None = None) -> GeneratedFacts:
    """Facts about a generated `sound` in the file at `path`.

    Args:
        path: The sound file.
        sound: The sound.
        max_copy: Percentage of it that was allowed to repeat passages of the corpus; None: any.
    """
    is_under = None
    if max_copy is not None and sound.copy:
        is_under = sound.copy.passage_percent <= max_copy
    return GeneratedFacts(
        path=path,
        seed=sound.recipe.seed,
        duration_s=sound.audio.shape[1] / sound.sample_rate,
        sample_rate=sound.sample_rate,
        loudness_lufs=sound.loudness,
        sampling=sound.recipe.sampling,
        way=sound.recipe.way,
        steering=sound.recipe.steering,
        model_hash=sound.recipe.model_hash,
        heard=list(sound.prompt_names),
        timing=sound.timing,
        remarks=list(sound.remarks),
        copy=sound.copy,
        draws=sound.draws,
        under_max_copy=is_under,
        blend=sound.recipe.blend,
    )


@dataclass(frozen=True)
class PriorTrainingFacts:
    """The end of prior training.

    Attributes:
        unknown_files: Files that the codec was not trained on.
        final_perplexity: Held-out perplexity after the last epoch.
        best_perplexity: Lowest held-out perplexity, that of the weights that are kept.
        interrupted: Whether training was stopped by hand.
        level_losses: Held-out loss of each level, in nats per code.
        copying: How much sounds from this prior copy; None if that was not measured.
        history: Metrics of each epoch.
    """

    model: Path
    dataset: Path
    file_count: int
    unknown_files: int
    epochs_trained: int
    final_perplexity: float
    best_perplexity: float | None
    elapsed_s: float
    interrupted: bool
    verdict: str
    verdict_kind: str | None
    level_losses: list[float]
    copying: dict[str, Any] | None
    prior_config: dict[str, Any]
    history: list[dict[str, Any]]
    warnings: list[str]


def prior_training_facts(model: Path, dataset: Path, result: dict[str, Any]) -> PriorTrainingFacts:
    """Facts about a trained prior.

    Args:
        model: Path of the model file.
        dataset: Folder of sounds.
        result: Result of `distill.train_prior`.
    """
    complete = result["complete"]
    return PriorTrainingFacts(
        model=model,
        dataset=dataset,
        file_count=result["file_count"],
        unknown_files=result["unknown_files"],
        epochs_trained=complete.epochs_trained,
        final_perplexity=complete.final_perplexity,
        best_perplexity=complete.best_perplexity if result["history"] else None,
        elapsed_s=complete.elapsed_s,
        interrupted=complete.interrupted,
        verdict=complete.verdict,
        verdict_kind=complete.verdict_kind,
        level_losses=result["level_losses"],
        copying=result["copying"],
        prior_config=result["prior_config"],
        history=result["history"],
        warnings=result["warnings"],
    )
