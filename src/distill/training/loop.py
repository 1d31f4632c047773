"""Codec training from a folder of sounds to a model file."""

import datetime
import logging
import math
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import distill
from distill.data.corpus import CorpusReport, scan_corpus
from distill.data.dataset import Split, make_manifest, split_by_manifest
from distill.device import pick_device, prepare
from distill.errors import (
    CheckpointError,
    DivergedError,
    ModelFileError,
    OutputError,
    PriorPresentError,
    UsageError,
)
from distill.models.persistence import read_header, save_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.checkpoint import checkpoint_path, load_checkpoint, save_checkpoint
from distill.training.codec.stopping import goes_astray, has_diverged, should_stop
from distill.training.codec.trainer import CodecTrainer, measure_health
from distill.training.codec.verdict import Facts, Verdict, diverged, judge
from distill.training.config import VQVAEConfig
from distill.training.corpus_facts import measure_material
from distill.training.curves import Point
from distill.training.metrics import (
    BatchHalved,
    LevelHealth,
    ModelSaved,
    StepMetrics,
    StoppingEarly,
    TrainingCompleteEvent,
    TrainingEvent,
    ValidationMetrics,
)
from distill.training.out_of_memory import is_out_of_memory, memory_in_a_sentence

SAVE_EVERY_S = 60.0
FIRST_SAVE_S = 35.0
LICENCE = "Learned from the recordings listed under corpus; whoever holds their rights holds them in this model."

log = logging.getLogger(__name__)

Callback = Callable[[TrainingEvent], None]


@memory_in_a_sentence()
def train_vqvae(
    corpus: CorpusReport,
    output: Path,
    config: VQVAEConfig,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    device: str = "auto",
    model_name: str | None = None,
    discard_prior: bool = False,
) -> TrainingCompleteEvent:
    """Train a codec on `corpus` and keep `output` (a `.sda` file) up to date while at it.

    Stops at the end of the budget, or after the current step once `cancel_event` is set; then a
    checkpoint lies beside the model, from which `resume_vqvae` goes on. Raises `PriorPresentError`
    when `output` holds a prior, unless `discard_prior`.
    """
    check_output(output, discard_prior)
    if checkpoint_path(output).exists():
        log.warning(
            "An interrupted training of %s is given up; --resume would have gone on with it.",
            output,
        )
    config = replace(
        config, threads=prepare(config.threads), channels=_channels(corpus, config.channels)
    )
    manifest = make_manifest(corpus.clips)
    run = _Run(corpus, output, config, manifest, pick_device(device), callback, cancel_event)
    run.identity = {
        "name": model_name or output.stem,
        "id": uuid.uuid4().hex,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "output_channels": corpus.layout.output_channels,
    }
    return run.to_the_end()


@memory_in_a_sentence()
def resume_vqvae(
    output: Path,
    callback: Callback = lambda event: None,
    cancel_event: threading.Event | None = None,
    dataset_dir: Path | None = None,
    device: str = "auto",
    progress: Callable[[int, int, str], None] | None = None,
    discard_prior: bool = False,
) -> TrainingCompleteEvent:
    """Go on from the checkpoint beside `output`, with the settings and the corpus that it began
    with.

    Raises `CheckpointError`, and `PriorPresentError` when `output` got a prior meanwhile, unless
    `discard_prior`.
    """
    check_output(output, discard_prior)
    state = load_checkpoint(checkpoint_path(output))
    config = VQVAEConfig(**state["trainer"]["config"])
    prepare(config.threads)
    corpus = scan_corpus(dataset_dir or Path(state["dataset_dir"]), config.channels, progress)
    _check_same_corpus(corpus, state["manifest"], output)
    run = _Run(
        corpus, output, config, state["manifest"], pick_device(device), callback, cancel_event
    )
    run.restore(state)
    return run.to_the_end()


def check_output(output: Path, discard_prior: bool) -> None:
    """Refuse what would be lost: a prior in the file, or a file that is no model at all."""
    if output.suffix != ".sda":
        raise OutputError(f"A model file's name must end in .sda: '{output}' does not.")
    if not output.parent.is_dir():
        raise OutputError(
            f"The folder '{output.parent}' does not exist: create it first, or choose another --output."
        )
    if not output.exists():
        return
    try:
        header = read_header(output)
    except ModelFileError as error:
        raise OutputError(
            f"'{output}' exists and is no usable Distill model: delete it, or choose another --output."
        ) from error
    if header.get("has_prior") and not discard_prior:
        raise PriorPresentError(
            f"'{output}' holds a trained prior, which a new codec would make useless: "
            "choose another --output, or give --discard-prior."
        )


def _check_same_corpus(corpus: CorpusReport, manifest: list[dict[str, Any]], output: Path) -> None:
    then, now = {entry["hash"] for entry in manifest}, {clip.content_hash for clip in corpus.clips}
    if then != now:
        raise CheckpointError(
            f"'{corpus.root}' has changed since training of '{output}' began ({len(now - then)} new, "
            f"{len(then - now)} missing files): restore it, or train afresh without --resume."
        )


class _Run:
    """A training run: the trainer, what it has seen, and the files it keeps up to date."""

    def __init__(
        self,
        corpus: CorpusReport,
        output: Path,
        config: VQVAEConfig,
        manifest: list[dict[str, Any]],
        device: torch.device,
        callback: Callback,
        cancel_event: threading.Event | None,
    ) -> None:
        self.corpus, self.output, self.manifest = corpus, output, manifest
        self.callback, self.cancel_event = callback, cancel_event or threading.Event()
        order = {entry["hash"]: i for i, entry in enumerate(manifest)}
        self.clips = sorted(corpus.clips, key=lambda clip: order[clip.content_hash])
        self.split = split_by_manifest(self.clips, manifest)
        self.trainer = CodecTrainer(config, self.split, SAMPLE_RATE, device)
        self.identity: dict[str, Any] = {}
        self.material = measure_material(corpus)
        self.curves: list[Point] = []
        self.recent: list[float] = []
        self.code_counts = self.trainer.recent_counts()
        self.stereo: dict[str, list[float]] = {}
        self.last_save_s = 0.0

    @property
    def health(self) -> tuple[LevelHealth, ...]:
        """Use of every codebook when it was last counted."""
        return measure_health(self.code_counts)

    def to_the_end(self) -> TrainingCompleteEvent:
        trainer = self.trainer
        try:
            while trainer.progress < 1 and not self.cancel_event.is_set():
                self._step()
        except DivergedError:
            # Going on from there would end as this did.
            checkpoint_path(self.output).unlink(missing_ok=True)
            raise
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                self._save(finished=False)
            raise
        finished = trainer.progress >= 1
        if finished:
            if not trainer.codebooks_ready:
                trainer.settle_codes()
            self.code_counts = trainer.corpus_counts()
            self._validate()
            self.stereo = trainer.stereo_image()
        self._save(finished)
        return self._complete(finished)

    def _step(self) -> None:
        batch_size = self.trainer.batch_size
        metrics = self.trainer.step()
        if self.trainer.batch_size < batch_size:
            self.callback(BatchHalved(metrics.step, self.trainer.batch_size))
        self._watch(metrics)
        self.callback(metrics)
        if self._validation_due():
            self.code_counts = self.trainer.recent_counts()
            self._validate()
            self._stop_early()
        if self._save_due():
            self._save(finished=False)

    def _watch(self, metrics: StepMetrics) -> None:
        """Remember the distance; `DivergedError` if it has gone far astray."""
        if not math.isfinite(metrics.mel_loss):
            return
        self.recent = [*self.recent[-99:], metrics.mel_loss]
        if has_diverged(self.trainer.first_distance, self.recent, self.curves):
            rate = self.trainer.config.learning_rate
            first = self.trainer.first_distance
            raise DivergedError(
                diverged(metrics.step, self.recent, first, self.curves, rate).sentence
            )

    # --- validation -------------------------------------------------------------------------------

    def _validation_due(self) -> bool:
        trainer, count = self.trainer, self.trainer.budget.validations
        due = int(trainer.progress * count)
        done = int(self.curves[-1]["progress"] * count) if self.curves else 0
        # The last stretch of an early stop is short.
        return trainer.codebooks_ready and done < due < count and not trainer.budget.is_cut_short

    def _validate(self) -> None:
        trainer = self.trainer
        distances = trainer.validate()
        point: Point = {
            "step": trainer.step_count,
            "progress": trainer.progress,
            "elapsed_s": round(trainer.elapsed_s, 2),
            "train_loss": float(np.mean(self.recent)) if self.recent else math.nan,
            "own_loss": distances.own,
        }
        if distances.held_out is not None:
            point["val_loss"] = distances.held_out
        self.curves.append(point)
        verdict = self._verdict()
        event = ValidationMetrics(
            step=trainer.step_count,
            elapsed_s=point["elapsed_s"],
            train_loss=point["train_loss"],
            own_loss=distances.own,
            val_loss=distances.held_out,
            best=min((p["val_loss"] for p in self.curves if "val_loss" in p), default=None),
            verdict=verdict.sentence,
            verdict_kind=verdict.kind,
        )
        self.callback(event)

    def _stop_early(self) -> None:
        trainer = self.trainer
        if (
            trainer.config.early_stop
            and not trainer.budget.is_cut_short
            and should_stop(self.curves)
        ):
            trainer.budget = trainer.budget.cut_short(trainer.step_count, trainer.elapsed_s)
            self.callback(StoppingEarly(trainer.step_count, self._verdict().sentence))

    # --- files ------------------------------------------------------------------------------------

    def _save_due(self) -> bool:
        elapsed = self.trainer.elapsed_s
        due = (
            elapsed >= FIRST_SAVE_S
            if self.last_save_s == 0
            else elapsed - self.last_save_s >= SAVE_EVERY_S
        )
        # While steps go wrong, the model on disk is the better one.
        fine = not self.trainer.bad_steps and not goes_astray(
            self.trainer.first_distance, self.recent, self.curves
        )
        return due and self.trainer.codebooks_ready and fine

    def _save(self, finished: bool) -> None:
        """Model and checkpoint, each whole or not at all; the finished model needs no checkpoint
        any more."""
        self.last_save_s = self.trainer.elapsed_s
        if not finished:
            self.code_counts = self.trainer.recent_counts()
        if self.trainer.codebooks_ready:
            with self.trainer.average.applied():
                save_model_v2(self.output, self.trainer.model, self.metadata())
            self.callback(ModelSaved(self.trainer.step_count, str(self.output)))
        if finished:
            checkpoint_path(self.output).unlink(missing_ok=True)
        else:
            save_checkpoint(checkpoint_path(self.output), self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "trainer": self.trainer.state(),
            "identity": self.identity,
            "manifest": self.manifest,
            "curves": self.curves,
            "recent": self.recent,
            "dataset_dir": str(Path(self.corpus.root).resolve()),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.trainer.restore(state["trainer"])
        self.identity, self.curves, self.recent = (
            state["identity"],
            state["curves"],
            state["recent"],
        )
        self.last_save_s = self.trainer.elapsed_s if self.trainer.codebooks_ready else 0.0

    # --- what goes into the file ------------------------------------------------------------------

    def metadata(self) -> dict[str, Any]:
        model, config, verdict = self.trainer.model, self.trainer.config, self._verdict()
        return self.identity | {
            "distill_version": distill.__version__,
            "licence": LICENCE,
            "frame_rate": model.frame_rate,
            "codebook_hash": model.codebook_hash(),
            "corpus": [dict(entry) for entry in self.manifest],
            "corpus_loudness": float(np.median([c.loudness for c in self.clips]))
            + self._loudness_of_copies(),
            "corpus_rms_range_db": rms_range(self.split),
            "level_health": [asdict(level) for level in self.health],
            "code_counts": self.code_counts.to(torch.int32),
            "stereo": self.stereo,
            "loss_curves": [dict(point) for point in self.curves],
            "verdict": verdict.sentence,
            "verdict_kind": verdict.kind.value,
            "training": {k: v for k, v in asdict(config).items() if v is not None}
            | {
                "steps_done": self.trainer.step_count,
                "elapsed_s": round(self.trainer.elapsed_s, 1),
            },
        }

    def _loudness_of_copies(self) -> float:
        """What the same sound in several channels is louder than in one, in dB."""
        return 10 * math.log10(
            self.identity.get("output_channels", 1) / self.trainer.model.channels
        )

    def _verdict(self) -> Verdict:
        trainer = self.trainer
        return judge(
            Facts(
                self.curves,
                self.health,
                self.material,
                trainer.progress,
                trainer.budget.is_cut_short,
            )
        )

    def _complete(self, finished: bool) -> TrainingCompleteEvent:
        last = self.curves[-1] if self.curves else {}
        trainer, verdict = self.trainer, self._verdict()
        event = TrainingCompleteEvent(
            steps=trainer.step_count,
            elapsed_s=trainer.elapsed_s,
            train_loss=float(np.mean(self.recent)) if self.recent else float("nan"),
            val_loss=last.get("val_loss"),
            levels=self.health,
            stereo=self.stereo,
            verdict=verdict.sentence,
            verdict_kind=verdict.kind,
            realtime_factor=trainer.realtime_factor,
            path=str(self.output),
            finished=finished,
            stopped_early=trainer.budget.is_cut_short,
        )
        self.callback(event)
        return event


def _channels(corpus: CorpusReport, asked: int | None) -> int:
    """The channels of the codec, which are those that the corpus was scanned with."""
    if asked not in (None, corpus.layout.channels):
        raise UsageError(
            f"'{corpus.root}' was scanned with {corpus.layout.channels} channels, not {asked}: scan it again."
        )
    return corpus.layout.channels


def rms_range(split: Split) -> list[float]:
    """Active levels of the quietest and the loudest file that is learned from, in dBFS."""
    levels = [region.clip.rms_db for region in split.train]
    return [min(levels), max(levels)]
