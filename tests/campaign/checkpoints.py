"""Mutated checkpoints of `train` and `train-prior`: read, and gone on with for a step."""

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import distill
from distill.errors import DistillError
from distill.training.checkpoint import load_checkpoint
from distill.training.checkpoint_types import PRIOR_CHECKPOINT
from distill.training.metrics import StepMetrics
from distill.training.paths import checkpoint_path
from distill.training.prior_loop import train_prior
from distill.workflows.train import prior_settings
from tests.campaign.archives import mutate_members, mutate_pickle, split_archive
from tests.campaign.material import PRIOR, material
from tests.campaign.models import load_plain, mutated_entries, save_plain
from tests.campaign.mutate import mutate_bytes
from tests.campaign.report import Plan, Tally
from tests.campaign.workers import run_case

NAME = "checkpoints"
COUNT = 1_000
TAKES_S = 200

SHARE_OF_REFUSED = 0.03
"""Share of the refused checkpoints of priors that a whole `train-prior` meets too."""


def run(plan: Plan) -> Tally:
    """Mutate checkpoints as the plan says, half of each kind."""
    return run_case(CheckpointsCase(material(plan.shared)), plan)


class CheckpointsCase:
    """Mutated checkpoints."""

    name = NAME
    suffix = ".ckpt"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        codec = checkpoint_path(folder / "broken.sda")
        prior = checkpoint_path(folder / "broken-prior.sda", "prior")
        self._files = (codec.read_bytes(), prior.read_bytes())
        self._members = [split_archive(content) for content in self._files]
        self._contents = [load_plain(content) for content in self._files]

    def whole(self) -> Sequence[bytes]:
        """A checkpoint of each training."""
        return self._files

    def make(self, rng: np.random.Generator, canary: Path) -> bytes:
        """A checkpoint with other entries, members, instructions or bytes."""
        index = int(rng.random() < 0.5)
        chance = rng.random()
        if chance < 0.6:
            return save_plain(mutated_entries(self._contents[index], rng))
        if chance < 0.7:
            return mutate_members(self._members[index], rng)
        if chance < 0.85:
            return mutate_pickle(self._members[index], rng, canary)
        return mutate_bytes(self._files[index], rng)

    def use(self, path: Path, rng: np.random.Generator) -> str:
        """Go on from the checkpoint for a step, as the training that it is of does."""
        job = path.parent / "job"
        job.mkdir()
        try:
            # A checkpoint of neither is offered to both.
            is_prior = b"fits" in path.read_bytes()
            return self._use_prior(path, job, rng) if is_prior else self._use_codec(path, job)
        finally:
            shutil.rmtree(job)

    def _use_codec(self, path: Path, job: Path) -> str:
        model = job / "model.sda"
        before = (self._folder / "broken.sda").read_bytes()
        model.write_bytes(before)
        shutil.copy(path, checkpoint_path(model))
        stop = threading.Event()

        def after_event(event: Any) -> None:
            if isinstance(event, StepMetrics):
                stop.set()

        try:
            distill.resume(
                model, sounds=self._folder / "sounds", callback=after_event, cancel_event=stop
            )
        except DistillError:
            if model.read_bytes() != before:
                raise ArithmeticError("a refused checkpoint changed the model file") from None
            raise
        distill.load(model, threads=1)
        return "resumed"

    def _use_prior(self, path: Path, job: Path, rng: np.random.Generator) -> str:
        model = job / "model.sda"
        checkpoint = checkpoint_path(model, "prior")
        shutil.copy(path, checkpoint)
        try:
            load_checkpoint(checkpoint, PRIOR_CHECKPOINT)
        except DistillError:
            # A whole training that begins afresh takes long.
            if rng.random() < SHARE_OF_REFUSED:
                self._train_prior(model)
            raise
        self._train_prior(model)
        return "resumed"

    def _train_prior(self, model: Path) -> None:
        """Train for a step, whether from the checkpoint or afresh."""
        shutil.copy(self._folder / "broken-prior.sda", model)
        sounds = self._folder / "sounds"
        settings, _ = prior_settings(sounds, **PRIOR)
        stop = threading.Event()
        train_prior(
            model,
            sounds,
            settings,
            cancel_event=stop,
            step_callback=_setting(stop),
        )


def _setting(stop: threading.Event) -> Callable[[Any], None]:
    """A callback that stops at the first step."""
    return lambda metrics: stop.set()
