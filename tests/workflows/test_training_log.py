"""The log beside a model: all that happened, over stops, kills and full disks."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

import distill
from distill.training.metrics import ModelSaved, StepMetrics
from distill.training.paths import log_path
from distill.workflows.training_log import TrainingLog
from tests.library.records import step

TINY: dict[str, Any] = {
    "codebook_size": 16,
    "num_quantizers": 2,
    "hidden_size": 64,
    "batch_size": 2,
    "threads": 1,
    "early_stop": False,
}
TINY_PRIOR: dict[str, Any] = {
    "max_epochs": 2,
    "hidden_size": 32,
    "num_layers": 1,
    "num_heads": 2,
    "encodings": 2,
    "min_steps_per_epoch": 2,
    "threads": 1,
}


def read(model: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_path(model).read_text().splitlines()]


def types(model: Path) -> list[str]:
    return [event["type"] for event in read(model)]


def test_a_training_that_is_stopped_and_goes_on_has_one_log(
    corpus_dir: Path, tmp_path: Path
) -> None:
    model = tmp_path / "my.sda"
    stop = threading.Event()

    def stop_at_two(event: object) -> None:
        if isinstance(event, StepMetrics) and event.step == 2:
            stop.set()

    distill.train(corpus_dir, model, steps=4, callback=stop_at_two, cancel_event=stop, **TINY)
    assert types(model)[-1] == "TrainingCompleteEvent"
    assert read(model)[-1]["finished"] is False
    distill.resume(model)
    assert read(model)[-1]["finished"] is True
    assert types(model).count("TrainingCompleteEvent") == 2
    distill.train_prior(model, corpus_dir, **TINY_PRIOR)
    events = read(model)
    assert [event["n"] for event in events] == list(range(1, len(events) + 1))
    assert types(model)[-1] == "PriorTrainingCompleteEvent"
    assert types(model).count("PriorEpochMetrics") == 2
    # Names of recordings are nobody's business: a log may be shown around.
    names = [path.name for path in corpus_dir.rglob("*.wav")]
    text = log_path(model).read_text()
    assert names
    assert not [name for name in names if name in text]

    curves = distill.model_curves(model)
    assert curves.source == "log"
    assert [point["step"] for point in curves.steps][-1] == 4
    assert [point["epoch"] for point in curves.prior_epochs] == [1, 2]

    # A new model in its place has a new log.
    distill.train(corpus_dir, model, steps=1, overwrite=True, discard_prior=True, **TINY)
    assert "PriorEpochMetrics" not in types(model)


def test_a_line_that_a_kill_cut_short_is_lost_alone(tmp_path: Path) -> None:
    model = tmp_path / "my.sda"
    with TrainingLog(model) as log:
        log.write(ModelSaved(step=1, path="my.sda"))
    with open(log_path(model), "ab") as file:
        file.write(b'{"n":2,"t":1.0,"type":"StepMe')
    with TrainingLog(model) as log:
        log.write(ModelSaved(step=2, path="my.sda"))
    first, torn, last = log_path(model).read_text().splitlines()
    assert json.loads(first)["step"] == 1
    assert torn.endswith("StepMe")
    assert (json.loads(last)["n"], json.loads(last)["type"]) == (3, "ModelSaved")
    with TrainingLog(model, begins_anew=True) as log:
        log.write(ModelSaved(step=7, path="my.sda"))
    assert [event["step"] for event in read(model)] == [7]


def test_without_a_place_for_the_log_a_training_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = tmp_path / "my.sda"
    log_path(model).mkdir()
    heard: list[StepMetrics | ModelSaved] = []
    with TrainingLog(model) as log:
        call = log.also(heard.append)
        call(step(1))
        call(ModelSaved(step=1, path="my.sda"))
        call(ModelSaved(step=2, path="my.sda"))
    assert [event.step for event in heard] == [1, 1, 2]
    assert caplog.text.count("The log of the training ends here") == 1


def test_a_training_that_leaves_nothing_leaves_no_log(tmp_path: Path) -> None:
    """Nor does it take away that of the model which it was to replace."""
    model = tmp_path / "my.sda"
    with TrainingLog(model, begins_anew=True) as log:
        log.write(step(1))
    assert list(tmp_path.iterdir()) == []
    log_path(model).write_text("earlier\n")
    with TrainingLog(model, begins_anew=True) as log:
        log.write(step(1))
    assert log_path(model).read_text() == "earlier\n"
    with TrainingLog(model, begins_anew=True) as log:
        log.write(step(1))
        log.write(ModelSaved(step=1, path="my.sda"))
    assert types(model) == ["StepMetrics", "ModelSaved"]
