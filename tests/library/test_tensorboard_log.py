"""What TensorBoard reads of a training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import distill
from distill.library.job_run import UnrecordedRun
from distill.library.tensorboard_log import TensorBoardLog, logging_run
from distill.training.codec.run import Validated
from distill.training.codec.validation import HeardSound
from distill.training.metrics import ModelSaved, PriorEpochMetrics, PriorStepMetrics
from tests.library.records import step

EVERYTHING = {"scalars": 0, "audio": 0, "images": 0, "tensors": 0}


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance=EVERYTHING)
    events.Reload()
    return events


def test_a_training_has_scalars_sounds_and_pictures(
    trained: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    before = torch.random.get_rng_state()
    with TensorBoardLog(tmp_path / "runs", corpus_dir) as log:
        log.write(step(1))
        # Too soon after the first.
        log.write(step(2))
        log.write(ModelSaved(step=5, path=str(trained)))
        log.write(ModelSaved(step=9, path=str(trained)))
        log.write(PriorStepMetrics(epoch=2, step=3, steps_per_epoch=10, loss=1.5))
        log.write(epoch(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    events = read(tmp_path / "runs")
    tags = events.Tags()
    assert {"codec/mel_loss", "codec/learning_rate", "prior/loss"} <= set(tags["scalars"])
    assert [(event.step, event.value) for event in events.Scalars("codec/mel_loss")] == [(1, 2.5)]
    assert [event.step for event in events.Scalars("prior/loss")] == [13]
    assert [event.value for event in events.Scalars("prior/epoch/val_perplexity")] == [4.5]
    models = [tag for tag in tags["audio"] if tag.endswith("/model")]
    assert models
    # A recording is there once, how the model makes it at every save.
    assert [event.step for event in events.Audio(models[0])] == [5, 9]
    assert len(events.Audio(models[0].replace("/model", "/recording"))) == 1
    assert events.Audio(models[0])[0].sample_rate == 48_000
    assert [event.step for event in events.Images(tags["images"][0])] == [5, 9]


def epoch(number: int) -> PriorEpochMetrics:
    return PriorEpochMetrics(
        epoch=number,
        total_epochs=3,
        train_loss=1.6,
        val_loss=1.5,
        val_perplexity=4.5,
        best_perplexity=4.5,
        is_memorizing=False,
        memorization_message="",
        epoch_time_s=1.0,
        learning_rate=1e-3,
    )


def test_a_model_that_is_gone_ends_the_log_and_not_the_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with TensorBoardLog(tmp_path / "runs", tmp_path) as log:
        log.write(ModelSaved(step=5, path=str(tmp_path / "gone.sda")))
        log.write(step(6))
    assert caplog.text.count("The log for TensorBoard ends here") == 1
    assert read(tmp_path / "runs").Tags()["scalars"] == []


def test_python_logs_by_its_callback(corpus_dir: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"codebook_size": 16, "hidden_size": 64, "batch_size": 2}
    with distill.TensorBoardLog(tmp_path / "runs", corpus_dir) as log:
        model = tmp_path / "my.sda"
        distill.train(
            corpus_dir,
            model,
            steps=2,
            callback=log.write,
            on_validation=log.hear,
            threads=1,
            **settings,
        )
    events = read(tmp_path / "runs")
    assert len(events.Tags()["scalars"]) >= 3
    models = [tag for tag in events.Tags()["audio"] if tag.endswith("/model")]
    # At the validation alone, not at the save of the same step as well.
    assert [event.step for event in events.Audio(models[0])] == [1]
    # What was heard is what the file makes of the held-out sound.
    pictures = events.Tags()["images"]
    assert [event.step for event in events.Images(pictures[0])] == [1]


def test_validations_are_passed_over_where_sounds_cost_too_much(tmp_path: Path) -> None:
    heard: list[float] = []

    def sounds_at(elapsed_s: float, cost_s: float) -> Validated:
        def hear(count: int, seconds: float) -> list[HeardSound]:
            heard.append(elapsed_s)
            clock[0] += cost_s
            sound = np.zeros((1, 9_600), np.float32)
            return [HeardSound("a/b.wav", sound, sound)]

        return Validated(step=1, elapsed_s=elapsed_s, sample_rate=48_000, hear=hear)

    clock = [0.0]
    with pytest.MonkeyPatch.context() as patch, TensorBoardLog(tmp_path) as log:
        patch.setattr("distill.library.tensorboard_log.time.perf_counter", lambda: clock[0])
        for elapsed_s in (20, 40, 60, 100, 101):
            log.hear(sounds_at(elapsed_s, 0.8))
    # 1 % of 100 s covers the 0.8 s of the first.
    assert heard == [20, 100]


def test_a_run_lets_a_log_hear(tmp_path: Path) -> None:
    run = UnrecordedRun()
    assert run.on_validation is None
    with logging_run(run, f"tensorboard={tmp_path / 'runs'}", None):
        assert run.on_validation is not None
    assert run.on_validation is None


def test_a_run_writes_new_sounds_of_best_epochs_too(trained: Path, tmp_path: Path) -> None:
    run = UnrecordedRun()
    with logging_run(run, f"tensorboard={tmp_path / 'runs'}", None):
        run.write(epoch(1))
        assert run.listeners
    assert not run.listeners
    with logging_run(run, "", None):
        assert not run.listeners
    assert "prior/epoch/val_loss" in read(tmp_path / "runs").Tags()["scalars"]

    (sound,) = distill.generate(distill.load(trained), duration=0.3, seed=1)
    sound.save(tmp_path / "seed-1.wav")
    with TensorBoardLog(tmp_path / "more") as log:
        log.add_sounds(tmp_path, 4)
    assert [event.step for event in read(tmp_path / "more").Audio("new/seed-1")] == [4]
