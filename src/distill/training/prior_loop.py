"""Prior training: frozen codec, codes of a folder of sounds, a `CodePrior` at its best held-out
weights."""

import datetime
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from distill.data.corpus import scan_corpus
from distill.data.dataset import Split, make_manifest, split_by_manifest
from distill.device import gains_by_bfloat16, pick_device, prepare
from distill.errors import CheckpointError, DivergedError
from distill.models.persistence import LoadedVQModel, load_model_v2
from distill.models.prior import CodePrior
from distill.training.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint
from distill.training.corpus_facts import Material, measure_material
from distill.training.metrics import PriorEpochMetrics, PriorStepMetrics, PriorTrainingCompleteEvent
from distill.training.prior.attribute_targets import find_traits, reader_batches, steering_facts
from distill.training.prior.copies import draw_and_compare
from distill.training.prior.data import (
    batch_shapes,
    context_frames,
    draw_ahead,
    draw_batches,
    draw_gains,
    draw_offsets,
    encode_split,
    judged_pieces,
    stack,
)
from distill.training.prior.epoch import (
    DIVERGED,
    level_losses,
    perplexity_of,
    train_prior_epoch,
    validate_prior_epoch,
)
from distill.training.prior.metadata import index_of_copies, longest_sound, recordings
from distill.training.prior.optimizer import prior_optimizer, rate_at, set_rate
from distill.training.prior.streams import Stream
from distill.training.prior.verdict import (
    Copying,
    PriorFacts,
    PriorVerdict,
    check_memorization,
    judge_prior,
)
from distill.training.prior_config import PriorConfig
from distill.training.weight_average import WeightAverage

log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 20.0
COMPARED_AFTER = 3
"""Epochs without a better one after which sounds are drawn from the best, to see what they copy."""
_MAY_CHANGE = ("max_epochs", "minutes", "patience", "threads")
"""Settings that a run which goes on from a checkpoint may have otherwise."""

EpochCallback = Callable[[PriorEpochMetrics], None]
StepCallback = Callable[[PriorStepMetrics], None]


def train_prior(
    model_path: str | Path,
    dataset_dir: str | Path,
    prior_config: PriorConfig,
    callback: EpochCallback | None = None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    step_callback: StepCallback | None = None,
) -> dict[str, Any]:
    """Train a prior over the codes that the frozen codec in `model_path` gives to the sounds in
    `dataset_dir`.

    Writes no model file: `prior_model` in the result is the network at its best weights (None if it
    was stopped before the first validation), `prior_config` and `prior_metadata` are what
    `save_prior_to_model` takes. While it runs, the best weights lie in a checkpoint beside the
    model; a run that was killed goes on from there. Setting `cancel_event` stops it after the
    current step.
    """
    prior_config.check()
    prepare(prior_config.threads)
    loaded = load_model_v2(model_path, device=pick_device(device))
    corpus = scan_corpus(dataset_dir, loaded.model.channels)
    manifest = loaded.metadata.get("corpus") or make_manifest(corpus.clips)
    split = split_by_manifest(corpus.clips, manifest)
    if split.fresh:
        log.warning(
            "No recording held out from the codec is in this folder: others, which it has heard, stand in."
        )
    material = measure_material(corpus)
    run = _PriorRun(
        loaded, split, prior_config, cancel_event or threading.Event(), step_callback, material
    )
    run.resume_if_possible()
    run.to_the_end(callback or (lambda metrics: None))
    return run.result()


class _PriorRun:
    """One training of one prior, and its checkpoint."""

    def __init__(
        self,
        loaded: LoadedVQModel,
        split: Split,
        config: PriorConfig,
        cancel_event: threading.Event,
        step_callback: StepCallback | None,
        material: Material,
    ) -> None:
        self.material = material
        self.loaded, self.split, self.config, self.cancel_event = (
            loaded,
            split,
            config,
            cancel_event,
        )
        self.step_callback = step_callback or (lambda metrics: None)
        codec = loaded.model.requires_grad_(False)
        self.device = codec.rvq.codebooks.device
        self.offsets = draw_offsets(config.encodings, codec.frame_hop, config.seed)
        gains = draw_gains(config.encodings, config.seed)
        self.codes = encode_split(loaded, split, self.offsets, gains, cancel_event)
        self.traits = find_traits(codec, split, self.codes.train, gains)
        self.context = context_frames(config, codec.frame_rate)
        self.shapes = batch_shapes(config, codec.frame_rate)
        torch.manual_seed(config.seed)
        self.prior = CodePrior(codec.codebook_size, **self.prior_config)
        if self.prior.pointer is not None:
            self.prior.pointer.set_entries(codec.rvq.codebooks)
        self.prior.to(self.device)
        if self.prior.reader is not None and self.prior.pointer is not None:
            self.prior.reader.learn(
                reader_batches(self.prior.pointer, self.codes.train, self.traits, config.seed)
            )
        self.optimizer = prior_optimizer(self.prior, config.learning_rate, config.weight_decay)
        self.average = WeightAverage(self.prior)
        self.held_out, self.own = judged_pieces(
            self.codes, self.context, codec.frame_rate, config.seed
        )
        frames = sum(len(versions[0]) for versions in self.codes.train)
        one_pass = math.ceil(frames / math.prod(self.shapes[0]))
        self.steps_per_epoch = max(one_pass, config.min_steps_per_epoch)
        self.epoch, self.step, self.elapsed_s, self.since_best = 0, 0, 0.0, 0
        self.best_loss = math.inf
        self.best_weights: dict[str, Tensor] | None = None
        self.history: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.diverged = False
        self.copying: Copying | None = None
        self.last_checkpoint_s, self.epoch_began = 0.0, time.perf_counter()

    @property
    def prior_config(self) -> dict[str, Any]:
        """Constructor arguments of the prior beside the codebook size."""
        Q, _, D = self.loaded.model.rvq.codebooks.shape
        return {
            "seq_len": self.context * Q,
            "num_quantizers": Q,
            "hidden_size": self.config.hidden_size,
            "num_layers": self.config.num_layers,
            "num_heads": self.config.num_heads,
            "dropout": self.config.dropout,
            "latent_dim": D,
            "hears_ahead": self.config.ahead_share > 0,
            "descriptors": len(self.traits.table.rows),
            "tags": len(self.traits.tags),
            "ends_first": True,
        }

    @property
    def _best_epoch(self) -> int:
        return self.epoch - self.since_best

    @property
    def file_count(self) -> int:
        return len(
            {region.clip.content_hash for region in (*self.split.train, *self.split.held_out)}
        )

    # --- training ---------------------------------------------------------------------------------

    def _is_done(self) -> bool:
        if self.since_best >= self.config.patience:
            return True
        minutes = self.config.minutes
        return (
            self.epoch >= self.config.max_epochs
            if minutes is None
            else self.elapsed_s >= 60 * minutes
        )

    def to_the_end(self, callback: EpochCallback) -> None:
        """Epoch after epoch; one that diverges is the last, and there must be good ones before
        it."""
        try:
            while not (self._is_done() or self.cancel_event.is_set()):
                self._one_epoch(callback)
        except DivergedError as error:
            if self.best_weights is None:
                raise
            self.diverged = True
            self.warnings.append(
                f"Epoch {self.epoch + 1}: {error} The weights of epoch {self._best_epoch} are kept."
            )

    def _one_epoch(self, callback: EpochCallback) -> None:
        self.epoch_began = time.perf_counter()
        train_loss = self._train()
        if self.cancel_event.is_set() and self.best_weights is None:
            return
        self._judge(train_loss, callback)
        self._checkpoint()

    def _train(self) -> float:
        half = gains_by_bfloat16(self.device)
        rng, frame_rate = (
            np.random.default_rng([self.config.seed, self.epoch, 1]),
            self.loaded.model.frame_rate,
        )
        return train_prior_epoch(
            self.prior,
            self.optimizer,
            self._batches(),
            self.config.mask_rate,
            half,
            self._after_step,
            lambda length: draw_ahead(self.config.ahead_share, length, frame_rate, rng),
        )

    def _batches(self) -> Iterable[Stream]:
        rng = np.random.default_rng([self.config.seed, self.epoch])
        cut_off = [region.stop < region.clip.n_samples for region in self.split.train]
        for pieces in draw_batches(self.codes, cut_off, self.shapes, self.steps_per_epoch, rng):
            set_rate(self.optimizer, self._learning_rate())
            yield stack(pieces, self.device)

    def _learning_rate(self) -> float:
        """At its lowest at the last epoch, or when the time is over."""
        progress = self.step / (self.config.max_epochs * self.steps_per_epoch)
        if self.config.minutes is not None:
            progress = self._spent_s() / (60 * self.config.minutes)
        return rate_at(self.config.learning_rate, self.step, progress)

    def _spent_s(self) -> float:
        """Seconds of training so far, those of the current epoch too."""
        return self.elapsed_s + time.perf_counter() - self.epoch_began

    def _time_is_over(self) -> bool:
        return self.config.minutes is not None and self._spent_s() >= 60 * self.config.minutes

    def _after_step(self, loss: float) -> bool:
        self.step += 1
        self.average.update(self.step)
        done = (self.step - 1) % self.steps_per_epoch + 1
        self.step_callback(PriorStepMetrics(self.epoch + 1, done, self.steps_per_epoch, loss))
        return self.cancel_event.is_set() or self._time_is_over()

    def _judge(self, train_loss: float, callback: EpochCallback) -> None:
        with self.average.applied():
            levels = level_losses(self.prior, self.held_out)
            val_loss = sum(levels) / len(levels)
            if not math.isfinite(val_loss):
                # The last step of the epoch may be the one that went wrong.
                raise DivergedError(DIVERGED)
            own_loss, _ = validate_prior_epoch(self.prior, self.own)
            self.epoch += 1
            self.since_best += 1
            if val_loss < self.best_loss:
                self.best_loss, self.since_best = val_loss, 0
                self.best_weights = {
                    k: v.detach().cpu().clone() for k, v in self.prior.state_dict().items()
                }
        perplexity = perplexity_of(val_loss)
        memorizing, message = check_memorization(
            perplexity, self.prior.codebook_size, self.file_count
        )
        if memorizing:
            self.warnings.append(f"Epoch {self.epoch}: {message}")
        losses = {
            "train_loss": train_loss,
            "own_loss": own_loss,
            "val_loss": val_loss,
            "level_losses": levels,
        }
        self.history.append({"epoch": self.epoch} | losses)
        if self.since_best == COMPARED_AFTER:
            self._compare()
        verdict = self._verdict()
        took = time.perf_counter() - self.epoch_began
        self.elapsed_s += took
        best = perplexity_of(self.best_loss)
        callback(
            PriorEpochMetrics(
                self.epoch,
                self.config.max_epochs,
                train_loss,
                val_loss,
                perplexity,
                best,
                memorizing,
                message,
                took,
                self._learning_rate(),
                verdict.sentence,
                verdict.kind,
                own_loss,
                tuple(levels),
            )
        )

    def _verdict(self, finished: bool = False) -> PriorVerdict:
        K, files = self.prior.codebook_size, self.file_count
        return judge_prior(
            PriorFacts(self.history, K, files, self.material, self.copying, finished, self.diverged)
        )

    def _compare(self) -> None:
        """See what the best weights copy, unless that is known or training was stopped by hand."""
        best = self._best_epoch
        if (
            self.cancel_event.is_set()
            or self.best_weights is None
            or (self.copying and self.copying.epoch == best)
        ):
            return
        prior = deepcopy(self.prior)
        prior.load_state_dict(self.best_weights)
        self.copying = draw_and_compare(self.loaded, prior, self._for_generating(), best)

    @cached_property
    def _copy_index(self) -> dict[str, Any]:
        return index_of_copies(self.loaded, self.split, self.codes, self.offsets)

    def _for_generating(self) -> dict[str, Any]:
        """What of the corpus a prior generates from, and is measured by."""
        return {
            "longest_sound_frames": longest_sound(self.split, self.codes),
            "copy_index": self._copy_index,
            "recordings": recordings(self.loaded, self.split, self.codes, self.traits.train),
        }

    # --- stop and go on ---------------------------------------------------------------------------

    @property
    def _checkpoint_path(self) -> Path:
        return checkpoint_path(self.loaded.path, "prior")

    def _fingerprint(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to fit: codec, sounds, settings."""
        settings = {k: v for k, v in asdict(self.config).items() if k not in _MAY_CHANGE}
        sounds = sorted(region.clip.content_hash for region in self.split.train)
        codebooks, network = self.loaded.model.codebook_hash(), self.prior_config
        return {
            "codebook_hash": codebooks,
            "network": network,
            "settings": settings,
            "sounds": sounds,
        }

    def _checkpoint(self) -> None:
        if self.since_best and self.elapsed_s - self.last_checkpoint_s < CHECKPOINT_EVERY_S:
            return
        self.last_checkpoint_s = self.elapsed_s
        names = (
            "epoch",
            "step",
            "elapsed_s",
            "since_best",
            "best_loss",
            "best_weights",
            "history",
            "warnings",
        )
        state = {name: getattr(self, name) for name in names}
        state |= {"weights": self.prior.state_dict(), "optimizer": self.optimizer.state_dict()}
        state |= {"average": self.average.state()}
        save_checkpoint(self._checkpoint_path, {"fits": self._fingerprint(), "state": state})

    def resume_if_possible(self) -> None:
        """Go on from the checkpoint of a killed run, if there is one that fits; say so either
        way."""
        if not self._checkpoint_path.exists():
            return
        try:
            saved = load_checkpoint(self._checkpoint_path)
        except CheckpointError as error:
            log.warning("%s Prior training starts afresh.", error)
            return
        if saved["fits"] != self._fingerprint():
            log.warning(
                "The checkpoint beside %s is of other settings: starting afresh.", self.loaded.path
            )
            return
        state = dict(saved["state"])
        self.prior.load_state_dict(state.pop("weights"))
        self.optimizer.load_state_dict(state.pop("optimizer"))
        self.average.restore(state.pop("average"))
        for name, value in state.items():
            setattr(self, name, value)
        log.warning("Going on after epoch %d of a run that was cut off.", self.epoch)

    # --- what comes out ---------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """The plain dict that `train_prior` returns."""
        if self.best_weights is not None:
            self._compare()
            self.prior.load_state_dict(self.best_weights)
        verdict = self._verdict(finished=True) if self.history else None
        final = perplexity_of(self.history[-1]["val_loss"]) if self.history else math.nan
        best = perplexity_of(self.best_loss)
        interrupted = self.cancel_event.is_set()
        complete = PriorTrainingCompleteEvent(
            self.epoch,
            final,
            best,
            self.elapsed_s,
            interrupted,
            tuple(self.warnings),
            verdict.sentence if verdict else "",
            verdict.kind if verdict else None,
        )
        return {
            "prior_model": self.prior.eval() if self.best_weights is not None else None,
            "prior_config": self.prior_config,
            "prior_metadata": self._metadata(final, best, verdict),
            "history": self.history,
            "level_losses": self._best_levels,
            "warnings": list(self.warnings),
            "unknown_files": self.split.unknown,
            "file_count": self.file_count,
            "checkpoint": str(self._checkpoint_path),
            "copying": asdict(self.copying) if self.copying else None,
            "complete": complete,
        }

    @property
    def _best_levels(self) -> list[float]:
        """Held-out loss of each level in nats a code, with the weights that are kept; empty before
        there are any."""
        return self.history[self._best_epoch - 1]["level_losses"] if self.history else []

    def _metadata(self, final: float, best: float, verdict: PriorVerdict | None) -> dict[str, Any]:
        generating = self._for_generating() if self.best_weights is not None else {}
        return generating | {
            "epochs_trained": self.epoch,
            "final_perplexity": final,
            "best_perplexity": best,
            "training_date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "codebook_hash": self.loaded.model.codebook_hash(),
            "training": {k: v for k, v in asdict(self.config).items() if v is not None},
            "loss_curves": self.history,
            "level_losses": self._best_levels,
            "warnings": list(self.warnings),
            "unknown_files": self.split.unknown,
            "file_count": self.file_count,
            "steering": steering_facts(self.traits),
            "verdict": verdict.sentence if verdict else None,
            "verdict_kind": verdict.kind.value if verdict else None,
            "copying": asdict(self.copying) if self.copying else None,
        }
