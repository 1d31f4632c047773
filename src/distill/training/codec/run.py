"""A run of codec training: steps until the end, validations, and the files it keeps up to date."""

import logging
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from distill.cancellation import CancelledError, check_of
from distill.errors import DistillError, DivergedError, OutputError, RanksDifferError
from distill.training.checkpoint import PatientSaver, discard_checkpoint, save_checkpoint
from distill.training.codec.corpus import TrainingCorpus
from distill.training.codec.metadata import CodecFindings, codec_metadata
from distill.training.codec.stopping import has_diverged, is_worsening, should_stop
from distill.training.codec.trainer import CodecTrainer
from distill.training.codec.validation import Distances, HeardSound, measure_health
from distill.training.codec.verdict import CodecVerdict, Facts, divergence, judge
from distill.training.curves import Point
from distill.training.metrics import (
    BatchHalved,
    ModelSaved,
    StepMetrics,
    StoppingEarly,
    TrainingCompleteEvent,
    TrainingEvent,
    ValidationMetrics,
)
from distill.training.paths import checkpoint_path
from distill.training.threads import ThreadTrials

log = logging.getLogger(__name__)

# Seconds of training until the first model is saved: soon enough to be listened to within a minute.
FIRST_SAVE_S = 35.0

# Seconds between two saves, and so the most that a killed run loses.
SAVE_EVERY_S = 60.0

# Steps over which the training loss is averaged.
RECENT_STEPS = 100

Callback = Callable[[TrainingEvent], None]


class Validated(NamedTuple):
    """A codec at a validation, which can be heard until the call returns.

    Attributes:
        step: Steps done.
        elapsed_s: Seconds spent so far.
        sample_rate: Of its sounds, in Hz.
        hear: Takes a number of sounds and seconds; gives so many held-out sounds at most, as they
            are and as the codec makes them.
    """

    step: int
    elapsed_s: float
    sample_rate: int
    hear: Callable[[int, float], list[HeardSound]]


ValidationCallback = Callable[[Validated], None]


class CodecRun:
    """A training from its start, or from a checkpoint, to its end or interruption.

    The trainer takes the steps; the run decides when to validate, to save and to stop.

    Args:
        trainer: Codec and optimiser.
        corpus: Sounds that it is trained on.
        identity: Name, id, date and number of output channels, for the file's metadata.
        output: Model file; the checkpoint lies beside it.
        callback: Gets every event.
        cancel_event: Ends the run after the current step once it is set.
        threads: Chooses the number of threads; None leaves it as it is.
        parent_path: Model that this one goes on from; None for a first version.
        on_validation: Gets the codec after each validation; None for nobody.
    """

    def __init__(
        self,
        trainer: CodecTrainer,
        corpus: TrainingCorpus,
        identity: dict[str, Any],
        output: Path,
        callback: Callback,
        cancel_event: threading.Event | None,
        threads: ThreadTrials | None = None,
        parent_path: Path | None = None,
        on_validation: ValidationCallback | None = None,
    ) -> None:
        self.parent_path = parent_path
        self.on_validation = on_validation if trainer.world.is_first else None
        self.trainer = trainer
        self.world = trainer.world
        self.corpus = corpus
        self.identity = identity
        self.output = output
        self.callback = callback if self.world.is_first else lambda event: None
        self.cancel_event = cancel_event or threading.Event()
        trainer.check = check_of(self.cancel_event)
        self.threads = threads or ThreadTrials([torch.get_num_threads()])
        self.curve: list[Point] = []
        self.recent: list[float] = []
        self.code_counts = trainer.recent_counts()
        self.stereo: dict[str, list[float]] = {}
        self.last_save_s = 0.0
        self.is_saved_finished = False
        self.saved_steps: dict[str, int] = {}
        self.saver = PatientSaver()
        self.final_error: OutputError | None = None

    def run(self) -> TrainingCompleteEvent:
        """Train until the budget is used up, or until `cancel_event` is set.

        Raises:
            DivergedError: Training has diverged for good; its checkpoint is gone then.
            OutputError: The files cannot be written at the end; before it, training goes on.
            LostProcessError: Another process of this training has ended.
            RanksDifferError: Processes of this training hold different weights.
        """
        try:
            is_finished = self._train()
        except DivergedError:
            # A run from this checkpoint would end alike.
            if self.world.is_first:
                discard_checkpoint(checkpoint_path(self.output))
            raise
        except RanksDifferError:
            # None of the weights is to be trusted.
            raise
        except BaseException as error:
            # A callback, a second Ctrl-C, memory, a lost cache: nothing that was learned is lost.
            if error is not self.final_error:
                self._rescue()
            raise
        return self._complete(is_finished)

    def _train(self) -> bool:
        """Take the steps, and save at the end; returns whether all is done."""
        try:
            is_finished = self._take_steps()
        except CancelledError:
            is_finished = False
        self.trainer.check_equal()
        self._save_at_end(is_finished)
        # The next work may read the file.
        self.world.wait()
        return is_finished

    def _take_steps(self) -> bool:
        """Take the steps and judge the result; returns whether the budget is used up."""
        trainer = self.trainer
        # Where a validation was interrupted, it comes before further steps.
        self._validate_if_due()
        while self._goes_on():
            self._step()

        is_finished = trainer.report().is_done
        if is_finished:
            measures = trainer.finish()
            self.code_counts = measures.code_counts
            self.stereo = measures.stereo
            self._validate()
        return is_finished

    def _goes_on(self) -> bool:
        self.world.tick(self.cancel_event)
        return not (self.trainer.report().is_done or self.world.is_stopping(self.cancel_event))

    def _step(self) -> None:
        earlier_batch_size = self.trainer.report().batch_size
        self.threads.begin_step()
        metrics = self.trainer.step()
        self.threads.end_step()
        batch_size = self.trainer.report().batch_size
        if batch_size < earlier_batch_size:
            self.callback(BatchHalved(step=metrics.step, batch_size=batch_size))
        self._check_divergence(metrics)
        self.callback(metrics)
        self._validate_if_due()
        if self._is_save_due():
            self.trainer.check_equal()
            self.saver.attempt(lambda: self._save(is_finished=False))

    def _check_divergence(self, metrics: StepMetrics) -> None:
        """Add the step's loss to `recent`; `DivergedError` when the losses have run away."""
        if not math.isfinite(metrics.mel_loss):
            return
        self.recent = [*self.recent[-(RECENT_STEPS - 1) :], metrics.mel_loss]
        first = self.trainer.report().first_distance
        if has_diverged(first, self.recent, self.curve):
            rate = self.trainer.config.learning_rate
            verdict = divergence(metrics.step, self.recent, first, self.curve, rate)
            raise DivergedError(verdict.sentence)

    # --- validation -------------------------------------------------------------------------------

    def _is_validation_due(self) -> bool:
        last_progress = self.curve[-1]["progress"] if self.curve else 0.0
        return self.trainer.is_validation_due(last_progress)

    def _validate_if_due(self) -> None:
        if self._is_validation_due():
            self.code_counts = self.trainer.recent_counts()
            self._validate()
            self._consider_early_stop()

    def _validate(self) -> None:
        distances = self.trainer.validate()
        self._add_point(distances)
        point = self.curve[-1]
        held_out = [point["val_loss"] for point in self.curve if "val_loss" in point]
        verdict = self._verdict()
        self.callback(
            ValidationMetrics(
                step=point["step"],
                elapsed_s=point["elapsed_s"],
                train_loss=point["train_loss"],
                own_loss=distances.own,
                val_loss=distances.held_out,
                best=min(held_out, default=None),
                verdict=verdict.sentence,
                verdict_kind=verdict.kind,
            )
        )
        if self.on_validation:
            trainer = self.trainer
            step, elapsed_s = point["step"], point["elapsed_s"]
            self.on_validation(Validated(step, elapsed_s, trainer.codec.sample_rate, trainer.hear))

    def _add_point(self, distances: Distances) -> None:
        report = self.trainer.report()
        point: Point = {
            "step": report.step,
            "progress": report.progress,
            "elapsed_s": round(report.elapsed_s, 2),
            "train_loss": self._train_loss(),
            "own_loss": distances.own,
        }
        if distances.held_out is not None:
            point["val_loss"] = distances.held_out
        self.curve.append(point)

    def _train_loss(self) -> float:
        """Mean loss of the last steps; NaN before the first one."""
        return float(np.mean(self.recent)) if self.recent else math.nan

    def _consider_early_stop(self) -> None:
        trainer = self.trainer
        report = trainer.report()
        if trainer.config.early_stop and not report.is_cut_short and should_stop(self.curve):
            trainer.cut_short()
            sentence = self._verdict().sentence
            self.callback(StoppingEarly(step=report.step, verdict=sentence))

    def _verdict(self) -> CodecVerdict:
        report = self.trainer.report()
        return judge(
            Facts(
                curve=self.curve,
                levels=measure_health(self.code_counts),
                corpus=self.corpus.facts,
                progress=report.progress,
                stopped_early=report.is_cut_short,
                code_diversity=self._code_diversity(),
            )
        )

    def _code_diversity(self) -> float | None:
        """Effective number of codes in use, relative to the parent's; None without a parent."""
        before = (self.identity.get("parent") or {}).get("code_perplexity")
        now = [level.perplexity for level in measure_health(self.code_counts)]
        # The use of a few steps says less than that of the whole corpus, which comes at the end.
        if not before or len(now) != len(before) or not self.trainer.report().is_done:
            return None
        return float(np.mean([a / max(b, 1.0) for a, b in zip(now, before, strict=True)]))

    # --- files ------------------------------------------------------------------------------------

    def _is_save_due(self) -> bool:
        report = self.trainer.report()
        since_last_s = report.elapsed_s - self.last_save_s
        wait_s = SAVE_EVERY_S if self.last_save_s else FIRST_SAVE_S
        if since_last_s < wait_s or not report.codebooks_ready:
            return False
        # While steps go wrong, the model on disk is the better one.
        worsening = is_worsening(report.first_distance, self.recent, self.curve)
        return report.is_healthy and not worsening

    def _save_at_end(self, is_finished: bool) -> None:
        """Save; `OutputError` says what is not saved, and what is."""
        try:
            self._save(is_finished)
        except OutputError as error:
            self.final_error = OutputError(f"{error} {self._describe_saves()}")
            raise self.final_error from error

    def _describe_saves(self) -> str:
        """A sentence on the files that are there, for when they are not the latest ones."""
        model, checkpoint = self.saved_steps.get("model"), self.saved_steps.get("checkpoint")
        sentence = (
            "No model is saved" if model is None else f"The model is saved as of step {model}"
        )
        if checkpoint is None:
            return (
                f"{sentence}, and no checkpoint: training cannot be resumed from here. "
                "Make room, then start afresh."
            )
        return f"{sentence}, the checkpoint as of step {checkpoint}: make room, then resume."

    def _save(self, is_finished: bool) -> None:
        """Write model and checkpoint, each whole or not at all.

        A finished model needs no checkpoint any more.
        """
        report = self.trainer.report()
        self.last_save_s = report.elapsed_s
        if not self.world.is_first:
            return
        if not is_finished:
            self.code_counts = self.trainer.recent_counts()
        # A model alone passes for a finished one: the first checkpoint comes before the first
        # model. Later the model goes first: where room is short, it matters more.
        is_first = not is_finished and not self.saved_steps
        try:
            if is_first:
                self._save_checkpoint(is_finished)
        finally:
            if report.codebooks_ready:
                self._save_model()
                self.saved_steps["model"] = report.step
        try:
            if not is_first:
                self._save_checkpoint(is_finished)
            self.is_saved_finished = is_finished
        finally:
            # Last, since a callback may raise.
            if report.codebooks_ready:
                self.callback(ModelSaved(step=report.step, path=str(self.output)))

    def _save_checkpoint(self, is_finished: bool) -> None:
        path = checkpoint_path(self.output)
        if is_finished:
            discard_checkpoint(path)
        else:
            save_checkpoint(path, self._state())
            self.saved_steps["checkpoint"] = self.trainer.report().step

    def _rescue(self) -> None:
        """Save on the way out of an error, which matters more than one of saving."""
        if self.is_saved_finished:
            return
        self.callback = lambda event: None
        try:
            self._save(is_finished=False)
        except (DistillError, OSError, RuntimeError) as error:
            log.warning("Training could not be saved on its way out: %s", error)

    def _save_model(self) -> None:
        trainer = self.trainer
        findings = CodecFindings(
            curve=self.curve,
            code_counts=self.code_counts,
            stereo=self.stereo,
            verdict=self._verdict(),
        )
        metadata = codec_metadata(trainer, self.corpus, self.identity, findings)
        trainer.save_model(self.output, metadata)

    def _state(self) -> dict[str, Any]:
        """Entries of the checkpoint."""
        return {
            "trainer": self.trainer.state(),
            "identity": self.identity,
            "manifest": self.corpus.manifest,
            "muted": list(self.corpus.muted),
            "added": list(self.corpus.added),
            "parent_path": str(self.parent_path.resolve()) if self.parent_path else None,
            "curves": self.curve,
            "recent": self.recent,
            "dataset_dir": str(self.corpus.root.resolve()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        self.trainer.restore(state["trainer"])
        self.identity = state["identity"]
        self.curve = state["curves"]
        self.recent = state["recent"]
        report = self.trainer.report()
        self.last_save_s = report.elapsed_s if report.codebooks_ready else 0.0
        self.saved_steps["checkpoint"] = report.step
        if report.codebooks_ready and self.output.exists():
            self.saved_steps["model"] = report.step

    def _complete(self, is_finished: bool) -> TrainingCompleteEvent:
        last = self.curve[-1] if self.curve else {}
        report = self.trainer.report()
        verdict = self._verdict()
        event = TrainingCompleteEvent(
            steps=report.step,
            elapsed_s=report.elapsed_s,
            train_loss=self._train_loss(),
            val_loss=last.get("val_loss"),
            levels=measure_health(self.code_counts),
            stereo=self.stereo,
            verdict=verdict.sentence,
            verdict_kind=verdict.kind,
            realtime_factor=report.realtime_factor,
            path=str(self.output),
            finished=is_finished,
            stopped_early=report.is_cut_short,
        )
        self.callback(event)
        return event
