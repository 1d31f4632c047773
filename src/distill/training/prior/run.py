"""A run of prior training: epochs, validation, the best weights so far, and its checkpoint."""

import logging
import math
import threading
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from distill.data.dataset import relative_weights
from distill.device import gains_by_bfloat16
from distill.errors import CheckpointError, DivergedError
from distill.models.prior_metadata import PriorMetadata
from distill.training.checkpoint import (
    load_optimizer,
    random_state,
    restore_random_state,
    restoring,
)
from distill.training.metrics import PriorEpochMetrics, PriorStepMetrics
from distill.training.prior.best import BestCallback, BestPrior, show_best
from distill.training.prior.checkpoint import PriorCheckpoint
from distill.training.prior.copies import measure_copying
from distill.training.prior.data import draw_ahead, draw_batches
from distill.training.prior.epoch import DIVERGENCE, train_prior_epoch, validation_losses
from distill.training.prior.optimizer import (
    learning_rate_at,
    prior_optimizer,
    set_learning_rate,
)
from distill.training.prior.progress import PriorProgress
from distill.training.prior.result import training_result
from distill.training.prior.setup import PriorSetup
from distill.training.prior.streams import Stream, stack
from distill.training.prior.verdict import (
    Copying,
    PriorFacts,
    PriorVerdict,
    check_memorization,
    judge_prior,
)
from distill.training.threads import ThreadTrials
from distill.training.weight_average import WeightAverage

log = logging.getLogger(__name__)

# Epochs without a better one after which copying is measured: the best weights are likely final.
COMPARED_AFTER = 3

# Purpose of the draw of frames ahead within seed and epoch; batches have these two alone.
_AHEAD_PURPOSE = 1

EpochCallback = Callable[[PriorEpochMetrics], None]
StepCallback = Callable[[PriorStepMetrics], None]


class PriorRun:
    """One training of one prior, and its checkpoint.

    Args:
        setup: The parts, ready for the first step.
        cancel_event: Ends the run after the current step once it is set.
        step_callback: Gets the metrics of every step.
        threads: Chooses the number of threads; None leaves it as it is.
        best_callback: Gets each best epoch, after its metrics. What it draws changes no weights.
    """

    def __init__(
        self,
        setup: PriorSetup,
        cancel_event: threading.Event,
        step_callback: StepCallback | None = None,
        threads: ThreadTrials | None = None,
        best_callback: BestCallback | None = None,
    ) -> None:
        self.setup = setup
        self.config = setup.config
        self.prior = setup.prior
        self.cancel_event = cancel_event
        self.threads = threads or ThreadTrials([torch.get_num_threads()])
        self.step_callback = step_callback or (lambda metrics: None)
        self.world = setup.world
        self.best_callback = best_callback if self.world.is_first else None
        self.share = self.world.share(1)
        self.best = BestPrior(setup)
        self._begin()
        self.is_diverged = False
        self.copying: Copying | None = None
        self.saves = PriorCheckpoint(setup)
        self.validation_s = 0.0
        self.clock_began = self.world.now_s()

    def _begin(self) -> None:
        """Optimiser, average and counters of a training before its first step."""
        self.optimizer = prior_optimizer(
            self.prior, self.config.learning_rate, self.config.weight_decay
        )
        self.average = WeightAverage(self.prior)
        self.progress = PriorProgress()

    # --- training ---------------------------------------------------------------------------------

    def run(self, callback: EpochCallback) -> None:
        """Train epoch after epoch until the end of the settings, or until it is cancelled.

        Args:
            callback: Gets the metrics of every epoch.

        Raises:
            DivergedError: Training diverged before there were any good weights. Later, divergence
                ends the run, and the best weights stay.
        """
        try:
            self.world.tick(self.cancel_event)
            while not (self._is_done() or self._is_stopping()):
                self._one_epoch(callback)
        except DivergedError as error:
            progress = self.progress
            if progress.best_weights is None:
                raise
            self.is_diverged = True
            progress.warnings.append(
                f"Epoch {progress.epoch + 1}: {error} "
                f"The weights of epoch {progress.best_epoch} are kept."
            )

    def _is_done(self) -> bool:
        if self.progress.since_best >= self.config.patience:
            return True
        if self.config.minutes is None:
            return self.progress.epoch >= self.config.max_epochs
        return self.progress.elapsed_s >= 60 * self.config.minutes

    def _is_stopping(self) -> bool:
        return self.world.is_stopping(self.cancel_event)

    def _one_epoch(self, callback: EpochCallback) -> None:
        self.clock_began = self.world.now_s()
        epoch_began_s = self.progress.elapsed_s
        self._train()
        if self._is_stopping() and self.progress.best_weights is None:
            return
        if self.saves.is_due(self._elapsed_s() + self.validation_s):
            self._save()
        self._validate()
        if self.progress.since_best == COMPARED_AFTER:
            self._measure_copying()
        self.world.tick(self.cancel_event)
        self._stop_clock()
        if self.world.is_first:
            callback(self._epoch_metrics(self.progress.elapsed_s - epoch_began_s))
        if not self.progress.since_best or self.saves.is_due(self.progress.elapsed_s):
            self._save()
        if self.best_callback and not (self.progress.since_best or self._is_stopping()):
            show_best(self.best_callback, self.best, self.progress)
            # Its draws take time of the training.
            self._stop_clock()

    def _train(self) -> None:
        """Train for one epoch, or for the rest of one that a killed run began."""
        steps_done = len(self.progress.epoch_losses)
        if steps_done == self.setup.steps_per_epoch:
            return
        rng = np.random.default_rng([self.config.seed, self.progress.epoch, _AHEAD_PURPOSE])
        frame_rate = self.setup.loaded.model.frame_rate

        def frames_ahead(length: int) -> int:
            return draw_ahead(self.config.ahead_share, length, frame_rate, rng)

        # The draws of the steps that are done, so that those of the others are as in a whole epoch.
        for step in range(steps_done):
            frames_ahead(self.setup.shapes[step % len(self.setup.shapes)].frames)
        train_prior_epoch(
            self.prior,
            self.optimizer,
            self._batches(steps_done),
            mask_rate=self.config.mask_rate,
            half_precision=gains_by_bfloat16(self.prior.start.device),
            after_step=self._after_step,
            frames_ahead=frames_ahead,
            after_backward=lambda weights, losses: self.world.average(
                weights, losses, self.share.weight
            ),
        )

    def _batches(self, steps_done: int) -> Iterable[Stream]:
        """Batches of an epoch, but for those of the steps that are done."""
        setup = self.setup
        rng = np.random.default_rng([self.config.seed, self.progress.epoch])
        cut_off = [region.stop < region.clip.n_samples for region in setup.split.train]
        batches = draw_batches(
            setup.codes,
            cut_off,
            setup.shapes,
            setup.steps_per_epoch,
            rng,
            relative_weights(setup.split.train),
        )
        for pieces in islice(batches, steps_done, None):
            set_learning_rate(self.optimizer, self._learning_rate())
            self.share = self.world.share(len(pieces))
            self.world.seed(self.config.seed, self.progress.step)
            batch = stack(pieces[self.share.rows], self.prior.start.device)
            self.threads.begin_step()
            yield batch

    def _learning_rate(self) -> float:
        """At its lowest at the last epoch, or when the time is over."""
        step = self.progress.step
        if self.config.minutes is not None:
            progress = self._elapsed_s() / (60 * self.config.minutes)
        else:
            progress = step / (self.config.max_epochs * self.setup.steps_per_epoch)
        return learning_rate_at(self.config.learning_rate, step, progress)

    def _elapsed_s(self) -> float:
        """Seconds of training so far, those since the clock began included."""
        return self.progress.elapsed_s + self.world.now_s() - self.clock_began

    def _stop_clock(self) -> None:
        """Count the seconds so far as training, and begin the clock anew."""
        self.progress.elapsed_s = self._elapsed_s()
        self.clock_began = self.world.now_s()

    def _is_time_over(self) -> bool:
        minutes = self.config.minutes
        return minutes is not None and self._elapsed_s() >= 60 * minutes

    def _after_step(self, loss: float) -> bool:
        """Count a step; returns whether the epoch ends with it."""
        self.threads.end_step()
        progress = self.progress
        progress.step += 1
        progress.epoch_losses.append(loss)
        self.average.update(progress.step)
        if self.world.is_first:
            self.step_callback(
                PriorStepMetrics(
                    epoch=progress.epoch + 1,
                    step=len(progress.epoch_losses),
                    steps_per_epoch=self.setup.steps_per_epoch,
                    loss=loss,
                )
            )
        self.world.tick(self.cancel_event)
        if self._is_stopping() or self._is_time_over():
            return True
        if self.saves.is_due(self._elapsed_s()):
            self._save()
        return False

    # --- validation -------------------------------------------------------------------------------

    def _validate(self) -> None:
        """Validate the averaged weights, and keep them where they are the best so far."""
        progress = self.progress
        began = self.world.now_s()
        with self.average.apply():
            losses, own_loss = self.world.first_does(
                lambda: validation_losses(self.prior, self.setup.held_out, self.setup.own)
            )
            if not math.isfinite(sum(losses)):
                # The last step of the epoch may be the one that went wrong.
                raise DivergedError(DIVERGENCE)
            progress.end_epoch(own_loss, losses, self.prior)
        self.validation_s = self.world.now_s() - began
        is_memorizing, message = self._check_memorization()
        if is_memorizing:
            progress.warnings.append(f"Epoch {progress.epoch}: {message}")

    def _check_memorization(self) -> tuple[bool, str]:
        perplexity = self.progress.final_perplexity
        return check_memorization(perplexity, self.prior.codebook_size, self.setup.file_count)

    def _epoch_metrics(self, epoch_time_s: float) -> PriorEpochMetrics:
        """Metrics of the last epoch."""
        progress = self.progress
        point = progress.history[-1]
        is_memorizing, message = self._check_memorization()
        verdict = self._verdict()
        return PriorEpochMetrics(
            epoch=progress.epoch,
            total_epochs=self.config.max_epochs,
            train_loss=point["train_loss"],
            val_loss=point["val_loss"],
            val_perplexity=progress.final_perplexity,
            best_perplexity=progress.best_perplexity,
            is_memorizing=is_memorizing,
            memorization_message=message,
            epoch_time_s=epoch_time_s,
            learning_rate=self._learning_rate(),
            verdict=verdict.sentence,
            verdict_kind=verdict.kind,
            own_loss=point["own_loss"],
            level_losses=tuple(point["level_losses"]),
        )

    def _verdict(self, is_finished: bool = False) -> PriorVerdict:
        return judge_prior(
            PriorFacts(
                history=self.progress.history,
                codebook_size=self.prior.codebook_size,
                file_count=self.setup.file_count,
                corpus=self.setup.corpus_facts,
                copying=self.copying,
                is_finished=is_finished,
                is_diverged=self.is_diverged,
            )
        )

    def _measure_copying(self) -> None:
        """Measure how much the best weights copy, unless it is known or training is cancelled."""
        progress = self.progress
        epoch = progress.best_epoch
        is_known = self.copying is not None and self.copying.epoch == epoch
        if self.cancel_event.is_set() or progress.best_weights is None or is_known:
            return
        if not self.world.is_first:
            return
        self.copying = measure_copying(self.best.model(progress.best_weights), epoch)

    # --- stop and go on ---------------------------------------------------------------------------

    @property
    def checkpoint(self) -> Path:
        """Path of the checkpoint, beside the model."""
        return self.saves.path

    def _save(self) -> None:
        self.world.check_equal([*self.prior.state_dict().values(), *self.average.weights.values()])
        self.saves.save(self._state())

    def _state(self) -> dict[str, Any]:
        """All that a run needs to go on from here, between two steps or two epochs."""
        return self.progress.state() | {
            "elapsed_s": self._elapsed_s(),
            "weights": self.prior.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state(),
            # Dropout and hidden frames are drawn from the global generators.
            "random": random_state(self.prior.start.device),
        }

    def resume_if_possible(self) -> None:
        """Continue from the checkpoint of a killed run, if there is one that fits."""
        first_weights = deepcopy(self.prior.state_dict())
        try:
            state = self.world.first_does(self.saves.load)
            if state is None:
                return
            self.saves.note(state)
            with restoring(self.checkpoint):
                self._restore(state)
        except CheckpointError as error:
            self.prior.load_state_dict(first_weights)  # a part may have been taken already
            self._begin()
            log.warning("%s Prior training starts afresh.", error)
            return
        log.warning("Going on after %s of a run that was cut off.", self.progress.place)

    def _restore(self, state: dict[str, Any]) -> None:
        """Continue from a state; errors of any kind where it, or its best weights, do not fit."""
        self.prior.load_state_dict(state["best_weights"] or state["weights"])
        self.prior.load_state_dict(state.pop("weights"))
        load_optimizer(self.optimizer, state.pop("optimizer"))
        self.average.restore(state.pop("average"), state["step"])
        restore_random_state(state.pop("random"), self.prior.start.device)
        progress = PriorProgress(**state)
        progress.check()
        self.progress = progress

    # --- result -----------------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """The plain dict that `train_prior` returns; the prior then has its best weights."""
        progress = self.progress
        has_weights = progress.best_weights is not None
        if progress.best_weights is not None:
            self._measure_copying()
            self.prior.load_state_dict(progress.best_weights)
        verdict = self._verdict(is_finished=True) if progress.history else None
        # Whoever saves nothing does not need the corpus either.
        needs_corpus = has_weights and self.world.is_first
        corpus = self.best.corpus_part() if needs_corpus else PriorMetadata()
        return training_result(
            self.setup,
            progress,
            corpus,
            verdict,
            self.copying,
            checkpoint=self.checkpoint,
            is_interrupted=self.cancel_event.is_set(),
        )
