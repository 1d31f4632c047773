"""A run of codec training: its events, its files, its checkpoint."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.data.corpus import scan_corpus
from distill.data.dataset import make_manifest
from distill.errors import OutputError
from distill.models.persistence import load_model_v2
from distill.settings import SAMPLE_RATE
from distill.training.checkpoint import load_checkpoint
from distill.training.codec import run
from distill.training.codec.corpus import TrainingCorpus
from distill.training.codec.run import CodecRun
from distill.training.codec.trainer import CodecTrainer
from distill.training.config import VQVAEConfig
from distill.training.metrics import (
    ModelSaved,
    StepMetrics,
    TrainingCompleteEvent,
    TrainingEvent,
    ValidationMetrics,
)
from distill.training.paths import checkpoint_path


@pytest.fixture
def corpus(corpus_dir: Path) -> TrainingCorpus:
    report = scan_corpus(corpus_dir)
    return TrainingCorpus.from_report(report, make_manifest(report.clips))


class Recorder:
    """Keeps all events; cancels after `stop` steps."""

    def __init__(self, stop: int = 10**6) -> None:
        self.stop = stop
        self.events: list[TrainingEvent] = []
        self.cancel = threading.Event()

    def __call__(self, event: TrainingEvent) -> None:
        self.events.append(event)
        if isinstance(event, StepMetrics) and event.step >= self.stop:
            self.cancel.set()

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def run_of(
    corpus: TrainingCorpus, output: Path, recorder: Recorder, steps: int, **settings: Any
) -> CodecRun:
    config = VQVAEConfig(steps=steps, channels=1, **settings)
    trainer = CodecTrainer(config, corpus.split, SAMPLE_RATE, torch.device("cpu"))
    identity = {"name": "plucks", "id": "1", "created": "", "output_channels": 1}
    return CodecRun(trainer, corpus, identity, output, recorder, recorder.cancel)


def test_the_last_events_are_a_validation_a_save_and_the_end(
    corpus: TrainingCorpus, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    recorder = Recorder()
    result = run_of(corpus, tmp_path / "m.sda", recorder, 3, **tiny).run()
    assert [type(event) for event in recorder.events[-3:]] == [
        ValidationMetrics,
        ModelSaved,
        TrainingCompleteEvent,
    ]
    assert recorder.events[-1] == result
    assert [event.step for event in recorder.of(StepMetrics)] == [1, 2, 3]
    assert load_model_v2(tmp_path / "m.sda").metadata["verdict"] == result.verdict


def test_validations_are_spread_over_the_run(
    corpus: TrainingCorpus, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    recorder = Recorder()
    run_of(corpus, tmp_path / "m.sda", recorder, 18, **tiny).run()
    validations = recorder.of(ValidationMetrics)
    assert [event.step for event in validations] == [3, 6, 9, 12, 15, 18]
    assert [event.best for event in validations] == [
        min(event.val_loss for event in validations[: i + 1]) for i in range(6)
    ]


def test_a_model_is_saved_while_training_goes_on(
    corpus: TrainingCorpus, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "FIRST_SAVE_S", 0.0)
    monkeypatch.setattr(run, "SAVE_EVERY_S", 0.0)
    recorder = Recorder()
    run_of(corpus, tmp_path / "m.sda", recorder, 30, **tiny).run()
    saves = [event.step for event in recorder.of(ModelSaved)]
    # Not while the distance is above that of the untrained codec; once more at the end.
    assert 1 < saves[0] < 25
    assert saves[-3:] == [29, 30, 30]


def test_a_checkpoint_holds_curve_and_losses(
    corpus: TrainingCorpus, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    path = tmp_path / "m.sda"
    first = run_of(corpus, path, Recorder(stop=7), 18, **tiny)
    assert not first.run().finished
    state = load_checkpoint(checkpoint_path(path))
    assert [point["step"] for point in state["curves"]] == [3, 6]
    assert len(state["recent"]) == 7
    assert state["manifest"] == corpus.manifest

    recorder = Recorder()
    second = run_of(corpus, path, recorder, 18, **tiny)
    second.restore(state)
    assert second.run().finished
    assert [event.step for event in recorder.of(ValidationMetrics)] == [9, 12, 15, 18]
    assert not checkpoint_path(path).exists()


def files_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.fixture
def saves_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FIRST_SAVE_S", 0.0)
    monkeypatch.setattr(run, "SAVE_EVERY_S", 0.0)


class SmallDisk(Recorder):
    """Lets files grow to `room` bytes alone until `free_from` steps are done."""

    def __init__(
        self, full_disk: Callable[[int | None], None], room: int, free_from: int, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.full_disk = full_disk
        self.room = room
        self.free_from = free_from

    def __call__(self, event: TrainingEvent) -> None:
        super().__call__(event)
        if isinstance(event, StepMetrics):
            self.full_disk(self.room if event.step < self.free_from else None)


@pytest.fixture
def model_size(codec_only: Path) -> int:
    """Bytes for a model, but not for a checkpoint, which has five times as many."""
    return 2 * codec_only.stat().st_size


def test_a_full_disk_on_the_way_ends_no_training(
    corpus: TrainingCorpus,
    tmp_path: Path,
    tiny: dict[str, Any],
    saves_often: None,
    model_size: int,
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "m.sda"
    for room in (0, model_size):
        caplog.clear()
        recorder = SmallDisk(full_disk, room, free_from=29)
        assert run_of(corpus, path, recorder, 30, **tiny).run().finished
        # Tried at every step, said once.
        (message,) = caplog.messages
        file = "m.sda.train.ckpt" if room else "m.sda"
        assert message.startswith(f"Cannot write {tmp_path / file}: File too large.")
        assert "Training goes on" in message
        saves = [event.step for event in recorder.of(ModelSaved)]
        assert saves[-3:] == [29, 30, 30]
        assert (len(saves) > 3) == bool(room)
        assert files_in(tmp_path) == ["m.sda"]


def test_a_disk_that_fills_again_is_said_again(
    corpus: TrainingCorpus,
    tmp_path: Path,
    tiny: dict[str, Any],
    saves_often: None,
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Unsteady(Recorder):
        def __call__(self, event: TrainingEvent) -> None:
            super().__call__(event)
            if isinstance(event, StepMetrics):
                full_disk(None if event.step in (27, 30) else 0)

    assert run_of(corpus, tmp_path / "m.sda", Unsteady(), 30, **tiny).run().finished
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("has_earlier", [False, True])
def test_what_is_not_saved_at_the_end_is_said(
    corpus: TrainingCorpus,
    tmp_path: Path,
    tiny: dict[str, Any],
    saves_often: None,
    model_size: int,
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
    has_earlier: bool,
) -> None:
    path = tmp_path / "m.sda"
    files = ["m.sda"]
    kept = (
        "The model is saved as of step 28, and no checkpoint: training cannot be resumed from here."
    )
    if has_earlier:
        run_of(corpus, path, Recorder(stop=26), 30, **tiny).run()
        files = ["m.sda", "m.sda.train.ckpt"]
        kept = "The model is saved as of step 28, the checkpoint as of step 26: make room"
    second = run_of(corpus, path, SmallDisk(full_disk, model_size, 99, stop=28), 30, **tiny)
    if has_earlier:
        second.restore(load_checkpoint(checkpoint_path(path)))
    with pytest.raises(OutputError, match=f"ckpt: File too large. {kept}"):
        second.run()
    assert files_in(tmp_path) == files
    # Once on the way, and never on the way out.
    assert len(caplog.messages) == 1


def test_a_finished_model_that_does_not_fit_is_said(
    corpus: TrainingCorpus,
    tmp_path: Path,
    tiny: dict[str, Any],
    full_disk: Callable[[int | None], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "m.sda"
    with pytest.raises(OutputError, match=r"m\.sda: File too large\. No model is saved, and no"):
        run_of(corpus, path, SmallDisk(full_disk, 1_000, 99), 4, **tiny).run()
    assert not files_in(tmp_path)
    assert not caplog.messages


def test_a_finished_training_whose_checkpoint_cannot_be_deleted(
    corpus: TrainingCorpus,
    tmp_path: Path,
    tiny: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "my.sda"

    class InTheWay(Recorder):
        def __call__(self, event: TrainingEvent) -> None:
            super().__call__(event)
            # As good as a file that cannot be deleted, also for an administrator.
            checkpoint_path(path).mkdir(exist_ok=True)

    done = run_of(corpus, path, InTheWay(), steps=2, **tiny).run()
    assert done.finished
    assert load_model_v2(path).metadata["training"]["steps_done"] == 2
    assert [message.split(" (")[0] for message in caplog.messages] == [
        f"Cannot delete {checkpoint_path(path)}"
    ]
