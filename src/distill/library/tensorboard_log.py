"""A training for TensorBoard: its numbers, and how sounds come out. Loads torch.

Example:
    with TensorBoardLog("runs", "sounds") as log:
        distill.train("sounds", "my.sda", callback=log.write, on_validation=log.hear)
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile as sf
import torch

from distill.audio.stereo import mix_channels
from distill.errors import DistillError
from distill.event_lines import Event
from distill.files import FilePath
from distill.library.job_run import JobRun
from distill.library.job_types import PreviewMade
from distill.library.log_target import check_log
from distill.library.preview_pictures import preview_pixels
from distill.library.previews import HELD_OUT_SOUNDS, preview_folder, preview_sounds
from distill.library.sound_work import read_stretch
from distill.models.persistence import load_model_v2
from distill.training.codec.run import Validated
from distill.training.metrics import (
    ModelSaved,
    PriorEpochMetrics,
    PriorStepMetrics,
    StepMetrics,
    ValidationMetrics,
)
from distill.workflows.codes import decode, encoding_of

log = logging.getLogger(__name__)

SHORTEST_GAP_S = 2.0
"""Seconds between two steps that are written, as in the log beside a model."""

SOUND_S = 3.0
"""Seconds of a sound, at most: it is decoded between two steps."""


MOST_SHARE = 0.01
"""Share of the time of a training that sounds at its validations take, at most."""


class TensorBoardLog:
    """Writes the events of trainings into a folder that TensorBoard shows.

    Sounds come at validations where training calls `hear`, else at every save. Where it cannot
    write, it says so once, and training goes on. Use as a context manager.

    Args:
        folder: Folder of the run.
        sounds: Folder of the corpus, so that held-out sounds can be heard; None for numbers alone.
    """

    def __init__(self, folder: FilePath, sounds: FilePath | None = None) -> None:
        # By name: not everybody has TensorBoard.
        self._writer = import_module("torch.utils.tensorboard").SummaryWriter(str(folder))
        self._sounds = Path(sounds) if sounds else None
        self._next_s: dict[type, float] = {}
        self._has_failed = False
        self._heard: set[str] = set()
        self._hears_validations = False
        self._spent_s = 0.0

    def __enter__(self) -> "TensorBoardLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._attempt(self._writer.close)

    def write(self, event: Event) -> None:
        """Write an event of any training; steps at most every 2 s."""
        self._attempt(lambda: self._write(event))

    def hear(self, codec: Validated) -> None:
        """Write held-out sounds as a codec makes them at a validation, with pictures.

        Validations are passed over until 1 % of the time of the training covers what was written.
        """
        self._hears_validations = True
        if self._spent_s > MOST_SHARE * codec.elapsed_s:
            return
        began = time.perf_counter()
        self._attempt(lambda: self._hear(codec))
        self._spent_s += time.perf_counter() - began

    def add_sounds(self, folder: Path, epoch: int) -> None:
        """Write the new sounds of a preview of an epoch, which are files in `folder`."""
        self._attempt(lambda: self._add_sounds(folder, epoch))

    def _attempt(self, work: Any) -> None:
        """Do `work`; an error of disk or model is said once, never raised."""
        if self._has_failed:
            return
        try:
            work()
        except (OSError, DistillError) as error:
            self._has_failed = True
            log.warning("The log for TensorBoard ends here: %s", error)

    def _write(self, event: Event) -> None:
        if isinstance(event, StepMetrics | PriorStepMetrics) and self._is_too_soon(type(event)):
            return
        match event:
            case StepMetrics():
                self._add_numbers("codec", event.step, event, "mel_loss learning_rate")
                self._add_numbers("codec", event.step, event, "realtime_factor")
                for level in event.levels:
                    self._add_numbers(f"codes/{level.name}", event.step, level, "utilisation")
                    self._add_numbers(f"codes/{level.name}", event.step, level, "perplexity")
            case ValidationMetrics():
                self._add_numbers("codec", event.step, event, "train_loss own_loss val_loss")
                self._writer.add_text("codec/verdict", event.verdict, event.step)
            case ModelSaved() if not self._hears_validations:
                # Networks are made with random weights first: those of the training stay as
                # without it.
                with torch.random.fork_rng([]):
                    self._add_held_out(event)
            case PriorStepMetrics():
                step = (event.epoch - 1) * event.steps_per_epoch + event.step
                self._add_numbers("prior", step, event, "loss")
            case PriorEpochMetrics():
                names = "train_loss val_loss own_loss val_perplexity learning_rate"
                self._add_numbers("prior/epoch", event.epoch, event, names)
                self._writer.add_text("prior/verdict", event.verdict, event.epoch)

    def _is_too_soon(self, kind: type) -> bool:
        now = time.monotonic()
        if now < self._next_s.get(kind, 0.0):
            return True
        self._next_s[kind] = now + SHORTEST_GAP_S
        return False

    def _add_numbers(self, place: str, step: int, record: Any, names: str) -> None:
        for name in names.split():
            value = getattr(record, name)
            if value is not None:
                self._writer.add_scalar(f"{place}/{name}", value, step)

    # --- sounds -----------------------------------------------------------------------------------

    def _hear(self, codec: Validated) -> None:
        for number, sound in enumerate(codec.hear(HELD_OUT_SOUNDS, SOUND_S), 1):
            tag = f"{number}-{Path(sound.name).stem}"
            self._add_pair(tag, sound.recording, sound.decoded, codec.sample_rate, codec.step)
        self._writer.flush()

    def _add_held_out(self, saved: ModelSaved) -> None:
        """Held-out sounds as the saved model makes them, and pictures of both."""
        if self._sounds is None:
            return
        sounds = preview_sounds(saved.path, self._sounds)
        chosen = [sound for sound in sounds if sound.is_held_out] or list(sounds)
        loaded = load_model_v2(saved.path, device="cpu")
        rate = loaded.model.sample_rate
        for number, sound in enumerate(chosen[:HELD_OUT_SOUNDS], 1):
            recording = read_stretch(sound, rate, SOUND_S)
            decoded = decode(loaded, encoding_of(loaded, recording).grid)
            tag = f"{number}-{sound.path.stem}"
            self._add_pair(tag, recording, decoded, rate, saved.step)
        self._writer.flush()

    def _add_pair(
        self, tag: str, recording: np.ndarray, decoded: np.ndarray, rate: int, step: int
    ) -> None:
        """A recording beside how a codec makes it, and a picture of both."""
        # The recording stays the same: once will do.
        if tag not in self._heard:
            self._heard.add(tag)
            self._add_sound(f"held-out/{tag}/recording", recording, rate, 0)
        self._add_sound(f"held-out/{tag}/model", decoded, rate, step)
        picture = preview_pixels(recording, decoded)
        self._writer.add_image(f"held-out/{tag}", picture, step, dataformats="HWC")

    def _add_sounds(self, folder: Path, epoch: int) -> None:
        for path in sorted(folder.glob("seed-*.wav")):
            audio, rate = sf.read(path, dtype="float32", always_2d=True)
            self._add_sound(f"new/{path.stem}", audio.T, rate, epoch)
        self._writer.flush()

    def _add_sound(self, tag: str, audio: np.ndarray, rate: int, step: int) -> None:
        # It plays mono alone.
        mono = np.clip(mix_channels(audio, 1), -1, 1)
        self._writer.add_audio(tag, mono, step, sample_rate=rate)


@contextmanager
def logging_run(run: JobRun, target: str, sounds: FilePath | None) -> Iterator[None]:
    """While inside, what `run` writes goes to the log `target` too, if one is named.

    Args:
        run: The run of a training.
        target: As `check_log` takes it; empty for none.
        sounds: Folder of the corpus.
    """
    if not target:
        yield
        return
    with TensorBoardLog(check_log(target), sounds) as board:

        def write(event: Event) -> None:
            board.write(event)
            if isinstance(event, PreviewMade):
                folder = preview_folder(run.workspace, run.order.id, event.number)
                board.add_sounds(folder, event.epoch)

        run.listeners.append(write)
        run.hearers.append(board.hear)
        try:
            yield
        finally:
            run.listeners.remove(write)
            run.hearers.remove(board.hear)
